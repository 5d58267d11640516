"""The Faust application: groups, rebalances and agents are Faust's; state and exactly-once are the checkpoint's."""

from __future__ import annotations

from typing import Any

import faust

from streams.transport import MicroBatchTransport
from streams.worker import SESSION_S, Worker
from taskstream.settings import Settings
from taskstream.topics import ACTIVITY_PARTIAL, UI_EVENTS


def create_app(settings: Settings, kafka: str) -> tuple[faust.App, Worker]:
    """The application and the worker that it feeds."""
    app = faust.App(
        f"{settings.prefix}streams",
        broker=";".join(f"kafka://{address}" for address in kafka.split(",")),
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        stream_wait_empty=False,
        stream_buffer_maxsize=4096,  # chunks; their bytes are bounded by Flow
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=2.5,
        broker_request_timeout=40.0,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=1 << 20,
        broker_commit_interval=3600.0,  # Faust has nothing to commit: see Worker._acknowledge
        worker_redirect_stdouts=False,
        loghandlers=[],
    )
    worker = Worker(settings, kafka)
    transport = MicroBatchTransport(app.conf.broker, app)
    transport.flow = worker.flow
    app.transport = transport

    async def feed(stream: Any) -> None:
        async for event in stream.noack().events():
            await worker.take(tuple(event.message.tp), event.value)

    for topic in (UI_EVENTS, ACTIVITY_PARTIAL):
        channel = app.topic(settings.prefix + topic.name, key_serializer="raw", value_serializer="raw")
        app.agent(channel, name=topic.name, concurrency=1)(feed)

    @app.on_partitions_assigned.connect  # type: ignore[untyped-decorator]
    async def assigned(sender: Any, partitions: set[Any], **_: Any) -> None:
        await worker.assigned({tuple(tp) for tp in partitions}, app.consumer)  # type: ignore[misc]

    @app.on_partitions_revoked.connect  # type: ignore[untyped-decorator]
    async def revoked(sender: Any, partitions: set[Any], **_: Any) -> None:
        await worker.revoked({tuple(tp) for tp in partitions})  # type: ignore[misc]

    return app, worker
