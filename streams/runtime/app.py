"""The Faust application: groups, rebalances and agents are Faust's; state and exactly-once are the checkpoint's."""

from __future__ import annotations

from typing import Any, Final, cast

import faust

from streams.runtime.health import SESSION_S
from streams.runtime.transport import MicroBatchConsumer, MicroBatchTransport
from streams.runtime.worker import Worker
from taskstream.kafka.faust_broker import faust_broker
from taskstream.settings import Settings
from taskstream.topics import ACTIVITY_PARTIAL, UI_EVENTS

METADATA_MS: Final = 5_000


def create_app(settings: Settings) -> tuple[faust.App, Worker]:
    """The application and the worker that it feeds."""
    app = faust.App(
        f"{settings.prefix}streams",
        **faust_broker(settings, "worker"),
        store="memory://",
        datadir=str(settings.home / "faust"),  # it keeps nothing there, but would make a folder wherever it is started
        key_serializer="raw",
        value_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        stream_wait_empty=False,
        stream_buffer_maxsize=4096,  # chunks; their bytes are bounded by InFlight
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=1.5,
        broker_request_timeout=40.0,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.worker_id or None,
        # A leader that shares out partitions while the broker comes back may know of none, and gives everybody nothing;
        # the group finds out when it next looks at the topics (by default after 5 minutes).
        consumer_metadata_max_age_ms=METADATA_MS,
        broker_commit_interval=3600.0,  # Faust has nothing to commit: see Worker._acknowledge
        worker_redirect_stdouts=False,
        loghandlers=[],
    )
    worker = Worker(settings)
    transport = MicroBatchTransport(app.conf.broker, app)
    transport.in_flight, transport.fetcher = worker.in_flight, worker.fetcher
    app.transport = transport

    async def feed(stream: Any) -> None:
        async for event in stream.noack().events():
            tp = event.message.tp
            await worker.intake.take((tp.topic, tp.partition), event.value)

    for topic in (UI_EVENTS, ACTIVITY_PARTIAL):
        channel = app.topic(settings.prefix + topic.name, key_serializer="raw", value_serializer="raw")
        app.agent(channel, name=topic.name, concurrency=1)(feed)

    async def assigned(_app: Any, partitions: set[Any], **_: Any) -> None:
        await worker.assigned({(tp.topic, tp.partition) for tp in partitions}, cast(MicroBatchConsumer, app.consumer))

    async def revoked(_app: Any, partitions: set[Any], **_: Any) -> None:
        await worker.revoked({(tp.topic, tp.partition) for tp in partitions})

    on_assigned: Any = app.on_partitions_assigned
    on_revoked: Any = app.on_partitions_revoked
    on_assigned.connect(assigned, weak=False)
    on_revoked.connect(revoked, weak=False)
    return app, worker
