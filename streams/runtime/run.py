"""The worker as a process: logs, metrics, signals, deadlines, exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from streams.discovery.grouping.recognise import MAX_ROUTINES
from streams.runtime.accepted_policies import resolved
from streams.runtime.app import create_app
from streams.runtime.checkpoint import MAX_WAITING_BYTES
from streams.runtime.fetch import AHEAD_KB, ANSWER_BYTES
from streams.runtime.fit import misfit
from streams.runtime.health import STALL_S
from streams.runtime.ownership import QUEUE_KB, ROLE
from streams.runtime.room import BUSY_BYTES, BUSY_PERCENT, REST_BYTES, most_agents
from streams.runtime.watchdog import Watchdog, dump_stacks
from streams.runtime.worker import MAX_INPUT_BYTES, Worker
from taskstream import metrics
from taskstream.descriptors import allowed, raise_limit
from taskstream.endpoints import with_kafka
from taskstream.errors import ServiceError, TaskstreamError
from taskstream.faults import place_of
from taskstream.kafka import topic_admin
from taskstream.kafka.check import check, wait
from taskstream.memory import few_arenas, give_back, machine_mb, rare_collections
from taskstream.settings import Settings
from taskstream.topics import ALL, UI_EVENTS, Topic

log = logging.getLogger("taskstream.streams")

STOP_S: Final = 10.0
"""SIGTERM to exit at most (seconds); then the process ends as it is, which is always safe."""

GIVE_BACK_S: Final = 300.0
"""How often freed memory is given back (seconds): a restore and a catch-up need much for a moment."""


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        return json.dumps(entry)


class _Rare(logging.Filter):
    """One line of a kind in ten seconds: clients write hundreds while a broker is away."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("taskstream."):
            return True
        now = time.monotonic()
        if now - self._last.get(str(record.msg), -10.0) < 10.0:
            return False
        if len(self._last) > 1_000:
            self._last.clear()
        self._last[str(record.msg)] = now
        return True


def run(settings: Settings, *, as_json: bool) -> None:
    """Run until stopped.

    Raises:
        TaskstreamError: the worker cannot start or cannot go on.
    """
    _logging(as_json)
    few_arenas()
    rare_collections()
    raise_limit()
    settings = with_kafka(resolved(settings))
    metrics.HEALTH.require("partitions", lambda: False)
    port = metrics.serve(settings.metrics_port)
    settings = settings.model_copy(update={"partitions": _partitions_once_there(settings)})
    log.info("metrics at http://127.0.0.1:%d/metrics", port)
    _print_bounds(settings)
    failure = asyncio.run(_serve(settings))
    sys.stderr.flush()
    if failure is not None:
        raise failure


def _partitions_once_there(settings: Settings) -> int:
    """As :func:`_partitions`, as soon as Kafka is there, however long it is away."""
    while True:
        wait(settings, "worker")
        try:
            return _partitions(settings)
        except ServiceError:
            if check(settings, "worker", may_be_away=True):
                raise


def _partitions(settings: Settings) -> int:
    """How many partitions ui-events has. Asks only about the topics that the worker reads and writes, for it may be
    allowed to see no others; where one of them does not exist, all are created as the settings say."""
    ours = [topic for topic in ALL if ROLE in (*topic.writers, *topic.readers)]
    found = topic_admin.partitions_on(settings, ours)
    if not all(found.values()):
        topic_admin.apply(settings, dry_run=False)
        found = topic_admin.partitions_on(settings, ours)
    count = found[UI_EVENTS.name]
    if _lacking(ours, found, count):  # an older version has added partitions, and does not know all topics
        with contextlib.suppress(ServiceError):  # where it may not, it says below who has to
            topic_admin.apply(settings.model_copy(update={"partitions": count}), dry_run=False)
        found = topic_admin.partitions_on(settings, ours)
    for name in _lacking(ours, found, count):
        raise ServiceError(
            f"topic {settings.prefix}{name} has {found[name]} partitions, ui-events has {count}: "
            f"run `taskstream topics apply --partitions {count}`"
        )
    return count


def _lacking(topics: Sequence[Topic], found: Mapping[str, int], count: int) -> list[str]:
    """Topics that are to have the ``count`` partitions of the input, and have fewer."""
    return [topic.name for topic in topics if topic.partitions == "input" and found[topic.name] < count]


def _print_bounds(settings: Settings) -> None:
    agents = most_agents(settings)
    log.info(
        "bounds: %d agents in all, open ones and people with a model (%d MB), shared by the partitions owned, "
        "transactions every %d ms, %d MB of input, %d MB of output waiting, %d known routines",
        agents, (agents * REST_BYTES + agents * BUSY_PERCENT // 100 * (BUSY_BYTES - REST_BYTES)) >> 20,
        settings.transaction_ms, MAX_INPUT_BYTES + settings.partitions * 2 * ((AHEAD_KB << 10) + ANSWER_BYTES) >> 20,
        settings.partitions * 2 * (MAX_WAITING_BYTES + (QUEUE_KB << 10)) >> 20, MAX_ROUTINES,
    )  # fmt: skip
    if words := misfit(settings, settings.partitions, machine_mb(), allowed()):
        log.warning("this does not fit: %s", words)


def _logging(as_json: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(_Rare())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    log.setLevel(logging.INFO)


async def _serve(settings: Settings) -> TaskstreamError | None:
    app, worker = create_app(settings)
    owned = worker.ownership.owned
    metrics.HEALTH.require("partitions", lambda: bool(owned))
    metrics.HEALTH.require("restored", lambda: all(c.state == "ready" for c in owned.values()))
    watchdog = Watchdog(int(STALL_S), ServiceError.exit_code)
    watchdog.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    running = loop.create_task(worker.run())
    beating = loop.create_task(_beat(watchdog))  # before the start: that lasts until many partitions are restored
    tidying = loop.create_task(_tidy())
    await app.start()
    crashed = loop.create_task(_crash_of(app))
    stopping = loop.create_task(stop.wait())
    await asyncio.wait([running, crashed, stopping], return_when=asyncio.FIRST_COMPLETED)
    failure = worker.health.failure
    if worker.health.stalled:
        dump_stacks()
    if failure is None and running.done():
        failure = _fault(running.exception())
    if failure is None and not stop.is_set():
        failure = ServiceError(f"the consumer ended: {app.crash_reason!r}")
    beating.cancel()
    tidying.cancel()
    watchdog.stop()
    await _shut_down(app, worker, failure)
    return failure


def _fault(error: BaseException | None) -> TaskstreamError | None:
    """A defect of ours ends the worker; its place goes to the log, so that it can be reported."""
    if error is None:
        return None
    log.error("the worker's own loop failed: %s", place_of(error))
    return ServiceError(f"the worker's own loop failed: {place_of(error)}")


async def _beat(watchdog: Watchdog) -> None:
    while True:
        watchdog.beat()
        await asyncio.sleep(0.2)


async def _tidy() -> None:
    while True:
        await asyncio.sleep(GIVE_BACK_S)
        await asyncio.to_thread(give_back)


async def _crash_of(app: Any) -> None:
    while app.crash_reason is None and not app.should_stop:
        await asyncio.sleep(0.2)


async def _shut_down(app: Any, worker: Worker, failure: TaskstreamError | None) -> None:
    """Commit, leave the group and exit; after the deadline exit anyway."""
    loop = asyncio.get_running_loop()
    code = 0 if failure is None else failure.exit_code

    def end() -> None:
        dump_stacks()
        log.warning("not stopped within %.0f s: ending as it is (nothing is lost: the position is in Kafka)", STOP_S)
        if failure is not None:
            sys.stderr.write(f"taskstream: {failure}\n")
        sys.stderr.flush()
        os._exit(code)

    deadline = loop.call_later(STOP_S, end)
    await worker.stop()
    try:
        await app.stop()
    except Exception as error:  # noqa: BLE001  # Faust's own shutdown; everything of ours is committed
        log.warning("while stopping: %r", error)
    deadline.cancel()
    log.info("stopped")
