"""The worker: ownership, intake and health of its partitions, driven by Faust's assignments and by time."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from streams.runtime import observe
from streams.runtime.checkpoint import Checkpoint
from streams.runtime.chunks import TP
from streams.runtime.fetch import Fetcher
from streams.runtime.health import WorkerHealth
from streams.runtime.heartbeat import IdleHeartbeat, heartbeat_producer
from streams.runtime.intake import Intake
from streams.runtime.ownership import INPUT_SIZED, Ownership
from streams.runtime.patience import AttendedTime
from streams.runtime.routine_follower import KnownRoutines, RoutineFollower
from streams.runtime.tables_follower import TablesFollower
from streams.runtime.tables_writer import TablesWriter
from streams.runtime.topic_follower import TopicFollower
from streams.runtime.transport import InFlight, MicroBatchConsumer
from taskstream.kafka.topic_watch import TopicWatch
from taskstream.settings import Settings
from taskstream.topics import ROUTINES, TABLES, UI_EVENTS

log = logging.getLogger("taskstream.streams")

MAX_INPUT_BYTES: Final = 4_000_000
"""Input taken from the fetcher and not yet applied, at most: little, for what waits longer has left the processor's
cache when its turn comes."""
ACKNOWLEDGE_S: Final = 2.0
"""Interval at which the group is told the committed positions (seconds)."""
WATCH_S: Final = 1.0
"""Interval at which partitions and group are looked after (seconds)."""


WATCHED: Final = (*INPUT_SIZED, ROUTINES.name, TABLES.name)


class Worker:
    """All that this process does for its partitions. Everything here runs in the main event loop."""

    def __init__(self, settings: Settings) -> None:
        self.in_flight = InFlight(MAX_INPUT_BYTES)
        self.fetcher = Fetcher(settings, {settings.prefix + UI_EVENTS.name})
        self._topics = TopicWatch.of(settings, WATCHED, "worker")
        self._time = AttendedTime(lambda: not self._topics.is_away)
        routines = KnownRoutines()
        tables = TablesFollower(settings, self._topics)
        self._followers: tuple[TopicFollower, ...] = (RoutineFollower(settings, routines, self._topics), tables)
        self.ownership = Ownership(settings, routines.assignments, self._fetch, self._topics, lambda: self._time.now)
        self.intake = Intake(self.ownership, self.fetcher, self.in_flight)
        self.health = WorkerHealth(self.ownership, self.intake, settings.prefix)
        producer = heartbeat_producer(settings)
        self._heartbeat = IdleHeartbeat(settings, producer)
        self._tables = TablesWriter(settings, producer, lambda: tables.latest)
        self._worker_id = settings.worker_id
        self._acknowledged: dict[TP, int] = {}
        self._joined = False
        self._stopping = False

    # --- called by Faust

    async def assigned(self, partitions: set[TP], consumer: MicroBatchConsumer) -> None:
        """Partitions are ours from now on."""
        self.intake.consumer = consumer
        self._joined = True
        self.health.note_assignment(self._time.now, self._worker_id)
        self.ownership.take_up(partitions)
        log.info("assigned %d partitions", len(partitions))

    async def revoked(self, partitions: set[TP]) -> None:
        """A rebalance has begun: commit what is applied, within the deadline; who owns what is said when it is over."""
        self._joined = False
        self.intake.end(partitions)
        for tp in partitions:
            self._acknowledged.pop(tp, None)
        count = await self.ownership.rest(partitions)
        if count:
            log.info("revoked %d partitions", count)

    async def stop(self) -> None:
        """SIGTERM: as when everything is revoked, for good."""
        self._stopping = True
        await self.revoked(set(self.ownership.owned))
        await self.ownership.end()

    async def _fetch(self, tp: TP, checkpoint: Checkpoint) -> None:
        await self.intake.fetch(tp, checkpoint)

    # --- time

    async def run(self) -> None:
        """Begin transactions when due, tell the group, keep idle partitions going, watch for stalls.

        Ends when it is stopped, or when ``health.failure`` says that it cannot go on.
        """
        self._topics.start()
        for follower in self._followers:
            follower.start()
        interval = self.ownership.intervals.transaction_s
        pause = min(interval / 5, 0.05)
        acknowledged = watched = self._time.read()
        while not self._stopping and self.health.failure is None:
            await asyncio.sleep(pause)
            now = self._time.read()
            self.intake.commit_due()
            if now - acknowledged >= ACKNOWLEDGE_S:
                acknowledged = now
                await self._acknowledge()
            if now - watched >= WATCH_S:
                watched = now
                await self._watch(now)
        self._heartbeat.close()
        for follower in self._followers:
            follower.stop()
        self._topics.stop()

    async def _watch(self, now: float) -> None:
        self.health.watch_group(now, joined=self._joined, worker_id=self._worker_id)
        ends = self.intake.ends()
        await self.health.watch_partitions(now, ends)
        await self.ownership.follow_topics()
        self.ownership.deal_room(now)
        self._heartbeat.beat(self.ownership.owned.values(), now, ends)
        self._tables.write(self.ownership.owned.values(), now, ends)
        observe.lag(self.ownership.owned, ends)

    async def _acknowledge(self) -> None:
        """Tell the group the committed positions: for its lag figures, and as the place from which to fetch."""
        consumer = self.intake.consumer
        offsets = {
            tp: checkpoint.committed
            for tp, checkpoint in self.ownership.owned.items()
            if checkpoint.committed > self._acknowledged.get(tp, 0)
        }
        if offsets and consumer is not None and await consumer.acknowledge(offsets):
            self._acknowledged.update(offsets)
