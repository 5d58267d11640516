"""The partitions that this worker owns: assigned, restored, fed, committed, revoked; and when to give up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

from streams.operator import Machine
from streams.runtime import observe
from streams.runtime.checkpoint import Checkpoint, Clock
from streams.runtime.chunks import TP, Chunk
from streams.runtime.fetch import Fetcher
from streams.runtime.heartbeat import Ticker
from streams.runtime.restore import Restored, UnwantedError, restore
from streams.runtime.routine_follower import Follower, Known
from streams.runtime.thread import PartitionThread
from streams.runtime.transactions import AbortedError, VoidError, Writer
from streams.runtime.transport import Consumer, Flow
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import Rules
from streams.teams.team_partition import TeamPartitionState
from taskstream.errors import ServiceError, TaskstreamError
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.settings import Settings
from taskstream.topics import ACTIVITY_PARTIAL, CLEAN, UI_EVENTS

log = logging.getLogger("taskstream.streams")

MAX_INPUT_BYTES: Final = 4_000_000
"""Input taken from the fetcher and not yet applied, at most: little, for what waits longer has left the processor's
cache when its turn comes."""
QUEUE_KB: Final = 16_384
"""Outputs of one partition that are on their way to Kafka, at most (kB)."""
BEHIND_RECORDS: Final = 2_000
"""A partition with more input left than this is far behind."""
REVOKE_S: Final = 5.0
"""Time to commit what is applied when partitions are taken away (seconds)."""
SESSION_S: Final = 6.0
"""Kafka's session timeout of the group (seconds): the least that brokers allow by default, because the partitions of a
killed worker wait for it. A zombie that wakes learns within it that it was replaced."""
STALL_S: Final = 90.0
"""A worker with input and without progress for this long ends."""
APART_S: Final = 60.0
"""A worker without a part in its group for this long ends: a client that lost its way does not find it by waiting."""
ACKNOWLEDGE_S: Final = 2.0
"""Interval at which the group is told the committed positions (seconds)."""
SNAPSHOT_RECORDS: Final = 4_000
"""Records of one partition between snapshots: a restore runs at most about so many again."""
SNAPSHOT_WORK_S: Final = 0.5
"""Seconds of work on one partition between snapshots: what a restore of it takes at most, beside reading."""
QUIET_S: Final = 5.0
"""Input that Kafka holds and that does not come for this long is asked for again (seconds)."""
SEEK_S: Final = 2.0
"""How long a fetch from the asked position may take before it is asked for again (seconds)."""


class Worker:
    """All that this process does for its partitions. Everything here runs in the main event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.flow = Flow(MAX_INPUT_BYTES)
        self.fetcher = Fetcher(settings, {settings.prefix + UI_EVENTS.name})
        self.owned: dict[TP, Checkpoint] = {}
        self.failed: asyncio.Future[TaskstreamError] | None = None
        self._threads: dict[TP, PartitionThread] = {}
        self._sought: dict[TP, float] = {}
        self._topics = {settings.prefix + topic.name: topic.name for topic in (UI_EVENTS, ACTIVITY_PARTIAL)}
        self._clock = Clock(settings.transaction_ms / 1000, SNAPSHOT_RECORDS, SNAPSHOT_WORK_S)
        self._acknowledged: dict[TP, int] = {}
        self._known = Known()
        self._tasks: list[asyncio.Task[None]] = []
        self._voids: list[float] = []
        self._consumer: Consumer
        self._joined = False
        self._together_at = time.monotonic()
        self._stopping = False

    # --- ownership, called by Faust

    async def assigned(self, partitions: set[TP], consumer: Consumer) -> None:
        """Partitions are ours from now on. Restoring goes on in the background: a rebalance must be short."""
        self._consumer = consumer
        self._joined = True
        for tp in sorted(partitions):
            self._own(tp)
        log.info("assigned %d partitions", len(partitions))

    async def revoked(self, partitions: set[TP]) -> None:
        """Partitions are taken away: commit what is applied, within the deadline, and forget them."""
        self.flow.reset()
        self._joined = False
        self.fetcher.end(partitions)
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

    def _own(self, tp: TP) -> None:
        """A fresh checkpoint for a partition; what an earlier one had not committed is dropped."""
        if tp in self.owned:
            self.owned.pop(tp).drop()
        topic, partition = self._topics[tp[0]], tp[1]
        thread = self._threads.get(tp)
        if thread is None:
            thread = self._threads[tp] = PartitionThread(f"{topic}-{partition}")
        checkpoint = Checkpoint(
            topic,
            partition,
            self._clock,
            thread,
            lambda wanted: self._open(topic, partition, wanted),
            observe.committed,
            self._known.assignments if topic == UI_EVENTS.name else None,
        )
        self.owned[tp] = checkpoint
        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(asyncio.get_running_loop().create_task(self._restore(tp, checkpoint)))

    def _open(self, topic: str, partition: int, wanted: Callable[[], bool]) -> tuple[Writer, Restored]:
        """In the partition's thread: fence first, then read; the other way round, a zombie may still change it."""
        if not wanted():
            raise UnwantedError
        producer = new_producer(self._producer_config(topic, partition))
        writer = Writer(producer, self.settings.prefix)
        writer.fence()
        make = self._make(topic, partition)
        return writer, restore(self.settings, topic, partition, make, wanted)

    def _producer_config(self, topic: str, partition: int) -> dict[str, Any]:
        return kafka_config(self.settings, "worker") | {
            "transactional.id": f"{self.settings.prefix}{topic}.{partition}",
            "transaction.timeout.ms": 60_000,
            "compression.type": "lz4",
            "linger.ms": 20,
            "batch.size": 1_000_000,
            "message.max.bytes": CLEAN.message_bytes,
            "queue.buffering.max.messages": 200_000,
            "queue.buffering.max.kbytes": QUEUE_KB,
            "delivery.report.only.error": True,
        }

    def _make(self, topic: str, partition: int) -> Callable[[], Machine]:
        settings = self.settings
        if topic == UI_EVENTS.name:
            return lambda: PartitionState(partition, rules_of(settings))
        return lambda: TeamPartitionState(partition, settings.partitions, settings.k)

    async def _restore(self, tp: TP, checkpoint: Checkpoint) -> None:
        await checkpoint.restore()
        if self.owned.get(tp) is checkpoint and checkpoint.state == "ready":
            observe.restored(checkpoint)
            await self._fetch(tp, checkpoint)

    # --- input

    async def take(self, tp: TP, chunk: Chunk) -> None:
        """Apply a chunk of records, or have the right one fetched."""
        self.flow.give(chunk.size)
        checkpoint = self.owned.get(tp)
        if checkpoint is None or checkpoint.state != "ready":
            return  # not ours any more; whoever owns it fetches it again
        verdict = checkpoint.apply(chunk)
        if verdict == "applied":
            self._sought.pop(tp, None)
            observe.applied(checkpoint)
            if checkpoint.due(time.monotonic(), behind=self._behind(tp, checkpoint)):
                checkpoint.begin()
            await checkpoint.room()
            # Faust goes on without a pause between chunks: without one here, nothing is fetched until all is applied.
            await asyncio.sleep(0)
        elif verdict == "hole":
            await self._seek(tp, checkpoint)

    def _behind(self, tp: TP, checkpoint: Checkpoint) -> bool:
        end = self.fetcher.end_of(tp)
        return end is not None and end - checkpoint.position > BEHIND_RECORDS

    async def _seek(self, tp: TP, checkpoint: Checkpoint) -> None:
        """Fetch again from the position on: records were dropped on the way, or none came."""
        now = time.monotonic()
        if now - self._sought.get(tp, -SEEK_S) < SEEK_S:
            return  # what comes meanwhile had been fetched before
        self._sought[tp] = now
        observe.refetched()
        await self._fetch(tp, checkpoint)

    async def _fetch(self, tp: TP, checkpoint: Checkpoint) -> None:
        """Fetch from the position on, or from where Kafka's own records begin."""
        first = await self._consumer.earliest(tp)
        if first is None or self.owned.get(tp) is not checkpoint or checkpoint.state != "ready":
            return
        if first > checkpoint.position:
            log.error(
                "%s/%d: offsets %d to %d left Kafka before they were read; going on behind them",
                checkpoint.topic, checkpoint.partition, checkpoint.position, first - 1,
            )  # fmt: skip
            observe.lost(first - checkpoint.position)
            checkpoint.position = first
        self.fetcher.begin(tp, checkpoint.position)

    # --- time

    async def run(self) -> None:
        """Begin transactions when due, tell the group, tick idle partitions, watch for stalls. Ends with an error."""
        self.failed = asyncio.get_running_loop().create_future()
        ticker = Ticker(self.settings)
        follower = Follower(self.settings, self._known)
        follower.start()
        pause = min(self._clock.transaction_s / 5, 0.05)
        acknowledged = watched = self._together_at = time.monotonic()
        while not self._stopping and not self.failed.done():
            await asyncio.sleep(pause)
            now = time.monotonic()
            for tp, checkpoint in list(self.owned.items()):
                if checkpoint.due(now, behind=self._behind(tp, checkpoint)):
                    checkpoint.begin()
            if now - acknowledged >= ACKNOWLEDGE_S:
                acknowledged = now
                await self._acknowledge()
            if now - watched >= 1.0:
                watched = now
                self._watch_group(now)
                await self._watch_partitions(now, ticker)
        ticker.close()
        follower.stop()

    async def _acknowledge(self) -> None:
        """Tell the group the committed positions: for its lag figures, and as the place from which to fetch."""
        offsets = {
            tp: checkpoint.committed
            for tp, checkpoint in self.owned.items()
            if checkpoint.committed > self._acknowledged.get(tp, 0)
        }
        if offsets and await self._consumer.acknowledge(offsets):
            self._acknowledged.update(offsets)

    def _ends(self) -> dict[TP, int]:
        """End offsets of the owned partitions, as far as they are known."""
        ends = {tp: self.fetcher.end_of(tp) for tp in self.owned}
        return {tp: end for tp, end in ends.items() if end is not None}

    def _watch_group(self, now: float) -> None:
        """End the worker when it has had no part in its group for too long. (A part may be no partition at all.)"""
        if self._joined and self._consumer.in_group():
            self._together_at = now
        elif now - self._together_at > APART_S:
            self._give_up(ServiceError(f"no part in the consumer group for {APART_S:.0f} s"))

    async def _watch_partitions(self, now: float, ticker: Ticker) -> None:
        """Look after each partition that is owned when its turn comes: they come and go meanwhile."""
        ends = self._ends()
        for tp, checkpoint in list(self.owned.items()):
            if self.owned.get(tp) is checkpoint:
                await self._watch(tp, checkpoint, now, ends.get(tp, 0))
        ticker.tick(self.owned.values(), now, ends)
        observe.lag(self.owned, ends)

    async def _watch(self, tp: TP, checkpoint: Checkpoint, now: float, end: int) -> None:
        """Mend what can be mended, and end the worker when a partition cannot go on: a supervisor starts another."""
        error = checkpoint.error
        name = f"{checkpoint.topic}/{checkpoint.partition}"
        if isinstance(error, VoidError):
            self._void(tp, checkpoint, now, error)
        elif error is not None:
            self._give_up(error)
        elif checkpoint.pending and now - checkpoint.progress_at > STALL_S:
            self._give_up(ServiceError(f"{name}: nothing could be committed for {STALL_S:.0f} s"))
        elif checkpoint.state == "ready" and (end > checkpoint.position or not self.fetcher.fetches(tp)):
            silent = now - checkpoint.applied_at
            if silent > STALL_S and checkpoint.topic == UI_EVENTS.name:
                left = max(0, end - checkpoint.position)
                self._give_up(ServiceError(f"{name}: {left} messages are left and none came for {STALL_S:.0f} s"))
            elif silent > QUIET_S and now - self._sought.get(tp, 0.0) > QUIET_S:
                await self._seek(tp, checkpoint)

    def _void(self, tp: TP, checkpoint: Checkpoint, now: float, error: VoidError) -> None:
        """An aborted transaction, a newer writer, or a transaction that ran into Kafka's timeout.

        A worker that was replaced learns so from the group within the session timeout, and then the partition is no
        longer owned. Who still owns it after that lost its transaction alone: it begins again from what is committed.
        """
        if isinstance(error, AbortedError):
            observe.aborted()
        elif now - checkpoint.progress_at < SESSION_S + 2:
            return
        self._voids = [when for when in self._voids if now - when < 300.0] + [now]
        if len(self._voids) > 3 * len(self.owned):
            self._give_up(
                ServiceError(
                    f"partitions have to be begun again and again ({error}): "
                    f"is a second deployment running with the prefix {self.settings.prefix!r}?"
                )
            )
            return
        log.warning("%s/%d: begun again after %s", checkpoint.topic, checkpoint.partition, error)
        self._own(tp)

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
