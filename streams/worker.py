"""The partitions that this worker owns: assigned, restored, fed, committed, revoked; and when to give up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import Producer

from streams import observe
from streams.checkpoint import Checkpoint, Clock
from streams.machine import Machine
from streams.partition import PartitionState, Rules
from streams.restore import Restored, restore
from streams.team_partition import TeamPartitionState
from streams.thread import PartitionThread
from streams.ticks import Ticker
from streams.transactions import FencedError, Writer
from streams.transport import Chunk, Flow
from taskstream.errors import ServiceError, TaskstreamError
from taskstream.kafka.clients import quiet
from taskstream.settings import Settings
from taskstream.topics import ACTIVITY_PARTIAL, UI_EVENTS

log = logging.getLogger("taskstream.streams")

TP = tuple[str, int]

REVOKE_S: Final = 5.0
"""Time to commit what is applied when partitions are taken away (seconds)."""
SESSION_S: Final = 10.0
"""Kafka's session timeout of the group (seconds); a zombie that wakes learns within it that it was replaced."""
STALL_S: Final = 90.0
"""A worker with input and without progress for this long ends."""
ACKNOWLEDGE_S: Final = 2.0
"""Interval at which the group is told the committed positions (seconds)."""
SNAPSHOT_RECORDS: Final = 4_000
"""Records of one partition between snapshots: a restore runs at most about so many again."""
SEEK_S: Final = 2.0
"""How long a fetch from the asked position may take before it is asked for again (seconds)."""


class Worker:
    """All that this process does for its partitions. Everything here runs in the main event loop."""

    def __init__(self, settings: Settings, kafka: str) -> None:
        self.settings = settings
        self.kafka = kafka
        self.flow = Flow(64_000_000)
        self.owned: dict[TP, Checkpoint] = {}
        self.failed: asyncio.Future[TaskstreamError] | None = None
        self._threads: dict[TP, PartitionThread] = {}
        self._sought: dict[TP, float] = {}
        self._topics = {settings.prefix + topic.name: topic.name for topic in (UI_EVENTS, ACTIVITY_PARTIAL)}
        self._clock = Clock(settings.transaction_ms / 1000, SNAPSHOT_RECORDS)
        self._acknowledged: dict[TP, int] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    # --- ownership, called by Faust

    async def assigned(self, partitions: set[TP], consumer: Any) -> None:
        """Partitions are ours from now on. Restoring goes on in the background: a rebalance must be short."""
        self._consumer = consumer
        for tp in sorted(partitions):
            if tp in self.owned:
                self.owned.pop(tp).drop()
            checkpoint = self._checkpoint(tp)
            self.owned[tp] = checkpoint
            self._tasks.append(asyncio.get_running_loop().create_task(self._restore(tp, checkpoint)))
        self._tasks = [task for task in self._tasks if not task.done()]
        log.info("assigned %d partitions", len(partitions))

    async def revoked(self, partitions: set[TP]) -> None:
        """Partitions are taken away: commit what is applied, within the deadline, and forget them."""
        self.flow.reset()
        leaving = [self.owned.pop(tp) for tp in sorted(partitions) if tp in self.owned]
        for tp in partitions:
            self._sought.pop(tp, None)
            self._acknowledged.pop(tp, None)
        await asyncio.gather(*(checkpoint.close(REVOKE_S) for checkpoint in leaving))
        if leaving:
            log.info("revoked %d partitions", len(leaving))

    async def stop(self) -> None:
        """SIGTERM: as when everything is revoked."""
        self._stopping = True
        await self.revoked(set(self.owned))

    def _checkpoint(self, tp: TP) -> Checkpoint:
        topic, partition = self._topics[tp[0]], tp[1]
        thread = self._threads.get(tp)
        if thread is None:
            thread = self._threads[tp] = PartitionThread(f"{topic}-{partition}")
        checkpoint = Checkpoint(topic, partition, self._clock, thread, lambda: self._open(topic, partition))
        checkpoint.on_commit = observe.committed
        return checkpoint

    def _open(self, topic: str, partition: int) -> tuple[Writer, Restored]:
        """In the partition's thread: fence first, then read; the other way round reads what a zombie may still change."""
        producer = Producer(quiet(self._producer_config(topic, partition)))
        writer = Writer(producer, self.settings.prefix)
        writer.fence()
        make = self._make(topic, partition)
        return writer, restore(self.kafka, self.settings.prefix, topic, partition, make)

    def _producer_config(self, topic: str, partition: int) -> dict[str, Any]:
        return {
            "bootstrap.servers": self.kafka,
            "transactional.id": f"{self.settings.prefix}{topic}.{partition}",
            "transaction.timeout.ms": 60_000,
            "compression.type": "lz4",
            "linger.ms": 20,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 1_000_000,
            "queue.buffering.max.kbytes": 262_144,
        }

    def _make(self, topic: str, partition: int) -> Callable[[], Machine]:
        settings = self.settings
        if topic == UI_EVENTS.name:
            return lambda: PartitionState(partition, rules_of(settings))
        return lambda: TeamPartitionState(partition, settings.partitions, settings.k)

    async def _restore(self, tp: TP, checkpoint: Checkpoint) -> None:
        await checkpoint.restore()
        if self.owned.get(tp) is not checkpoint:
            return
        if checkpoint.error is not None:
            self._give_up(checkpoint.error)
            return
        observe.restored(checkpoint)

    # --- input

    async def take(self, tp: TP, chunk: Chunk) -> None:
        """Apply a chunk of records, or have the right one fetched."""
        self.flow.give(chunk.size)
        checkpoint = self.owned.get(tp)
        while checkpoint is not None and checkpoint.state == "restoring" and self.failed_with() is None:
            await asyncio.sleep(0.02)
            if self.owned.get(tp) is not checkpoint:
                return
        if checkpoint is None or checkpoint.state != "ready":
            return  # not ours any more; whoever owns it fetches it again
        verdict = checkpoint.apply(chunk)
        if verdict == "applied":
            self._sought.pop(tp, None)
            observe.applied(checkpoint)
            if checkpoint.due(time.monotonic()):
                checkpoint.begin()
            await checkpoint.room()
        else:
            await self._seek(tp, checkpoint, chunk)

    async def _seek(self, tp: TP, checkpoint: Checkpoint, chunk: Chunk) -> None:
        """Fetch from the position on: records were dropped on the way (or the group's own offset lies elsewhere)."""
        now = time.monotonic()
        if now - self._sought.get(tp, -SEEK_S) < SEEK_S:
            return  # what comes meanwhile had been fetched before
        self._sought[tp] = now
        observe.refetches()
        earliest = await self._consumer.earliest_offsets(_aiokafka(tp))
        if self.owned.get(tp) is not checkpoint or checkpoint.state != "ready":
            return
        first = next(iter(earliest.values()), 0)
        if first > checkpoint.position:
            log.error(
                "%s/%d: offsets %d to %d are gone from Kafka before they were read; going on behind them",
                checkpoint.topic, checkpoint.partition, checkpoint.position, first - 1,
            )  # fmt: skip
            observe.lost(first - checkpoint.position)
            checkpoint.position = first
        await self._consumer.seek_wait({_aiokafka(tp): checkpoint.position})

    # --- time

    async def run(self) -> None:
        """Begin transactions when due, tell the group, tick idle partitions, watch for stalls. Ends with an error."""
        self.failed = asyncio.get_running_loop().create_future()
        ticker = Ticker(self.settings, self.kafka)
        pause = min(self._clock.transaction_s / 5, 0.05)
        acknowledged = watched = time.monotonic()
        while not self._stopping and not self.failed.done():
            await asyncio.sleep(pause)
            now = time.monotonic()
            for checkpoint in list(self.owned.values()):
                if checkpoint.due(now):
                    checkpoint.begin()
                self._check(checkpoint, now)
            if now - acknowledged >= ACKNOWLEDGE_S:
                acknowledged = now
                await self._acknowledge()
            if now - watched >= 1.0:
                watched = now
                ticker.tick(self.owned.values(), now, self._ends())
                observe.lag(self.owned, self._ends())
        ticker.close()

    async def _acknowledge(self) -> None:
        """Tell the group the committed positions: for its lag figures, and as the place from which to fetch."""
        offsets = {
            tp: checkpoint.committed
            for tp, checkpoint in self.owned.items()
            if checkpoint.committed > self._acknowledged.get(tp, 0)
        }
        if offsets and not self._stopping:
            await self._consumer._commit({_aiokafka(tp): offset for tp, offset in offsets.items()})
            self._acknowledged.update(offsets)

    def _ends(self) -> dict[TP, int]:
        """End offsets of the owned partitions, as far as the consumer knows them."""
        ends: dict[TP, int] = {}
        for tp in self.owned:
            try:
                end = self._consumer.highwater(_aiokafka(tp))
            except Exception:  # noqa: BLE001  # between two assignments the consumer knows none
                continue
            if end is not None:
                ends[tp] = end
        return ends

    def _check(self, checkpoint: Checkpoint, now: float) -> None:
        """End the worker when a partition cannot go on; a supervisor starts another."""
        error = checkpoint.error
        if isinstance(error, FencedError):
            if now - checkpoint.progress_at > SESSION_S:
                self._give_up(
                    ServiceError(
                        f"{checkpoint.topic}/{checkpoint.partition}: another worker writes this partition ({error}). Is a second "
                        f"deployment running with the prefix {self.settings.prefix!r}?"
                    )
                )
        elif error is not None:
            self._give_up(error)
        elif checkpoint.pending and now - max(checkpoint.progress_at, 0.0) > STALL_S:
            self._give_up(
                ServiceError(f"{checkpoint.topic}/{checkpoint.partition}: nothing committed for {STALL_S:.0f} s")
            )

    def _give_up(self, error: BaseException) -> None:
        if self.failed is not None and not self.failed.done():
            known = error if isinstance(error, TaskstreamError) else ServiceError(f"{type(error).__name__}: {error}")
            self.failed.set_result(known)

    def failed_with(self) -> TaskstreamError | None:
        """Why the worker cannot go on, or None."""
        return self.failed.result() if self.failed is not None and self.failed.done() else None


def rules_of(settings: Settings) -> Rules:
    """What the stages need of the settings."""
    return Rules(
        partitions=settings.partitions,
        session_gap_ms=settings.session_gap_ms,
        idle_ms=settings.idle_ms,
        disorder_ms=settings.disorder_ms,
        lateness_ms=settings.lateness_ms,
        max_skew_ms=settings.max_skew_ms,
        max_agents=max(1, settings.max_agents // settings.partitions),
    )


def _aiokafka(tp: TP) -> Any:
    from faust.types import TP as FaustTP

    return FaustTP(*tp)
