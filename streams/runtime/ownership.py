"""The partitions that this worker owns: each with its checkpoint, its thread and its writer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final

import msgspec

from streams.operator import Operator, Output
from streams.runtime import observe
from streams.runtime.checkpoint import Checkpoint, Intervals
from streams.runtime.chunks import TP
from streams.runtime.log_reader import LogReader
from streams.runtime.losses import report_loss
from streams.runtime.restore import Restored, UnwantedError, restore
from streams.runtime.room import busy_share, is_tight, most_agents, shares
from streams.runtime.thread import PartitionThread
from streams.runtime.transactions import TransactionWriter
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import StageSettings
from streams.teams.team_partition import TeamPartitionState
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.kafka.topic_watch import TopicWatch
from taskstream.settings import Settings
from taskstream.topics import ACTIVITY_PARTIAL, ALL, CLEAN, STATE, UI_EVENTS

log = logging.getLogger("taskstream.streams")

QUEUE_KB: Final = 16_384
"""Outputs of one partition that are on their way to Kafka, at most (kB)."""
REVOKE_S: Final = 5.0
"""Time to commit what is applied when partitions are taken away (seconds)."""
SAVE_S: Final = 60.0
"""Time to write the state of a partition that begins again, where nobody could run its records again (seconds)."""
ID_S: Final = 20.0
"""Time to learn the id of a topic, which a worker that has just begun may not know yet (seconds)."""
ID_AGAIN_S: Final = 0.1
SNAPSHOT_RECORDS: Final = 4_000
"""Records of one partition between snapshots: a restore runs at most about so many again."""
SNAPSHOT_WORK_S: Final = 0.5
"""Seconds of work on one partition between snapshots: what a restore of it takes at most, beside reading; less where
many partitions are owned."""

DEAL_S: Final = 60.0
"""Room for agents is dealt anew at most so often while nothing else changes (seconds)."""

ROLE: Final = "streams"
"""The worker among the writers and readers of topics."""
INPUT_SIZED: Final = tuple(
    topic.name for topic in ALL if topic.partitions == "input" and ROLE in (*topic.writers, *topic.readers)
)
"""Topics of the worker that have as many partitions as ui-events; it uses as many as all of them have."""

Beside = Callable[[Sequence[Output]], list[Output]]


class Ownership:
    """Checkpoints by partition. ``on_ready`` is awaited when a partition has been restored, or goes on.

    ``beside``  outputs that accompany those of ui-events' partitions; see :class:`Checkpoint`
    """

    def __init__(
        self,
        settings: Settings,
        beside: Beside,
        on_ready: Callable[[TP, Checkpoint], Coroutine[Any, Any, None]],
        topics: TopicWatch,
        clock: Callable[[], float],
    ) -> None:
        self.owned: dict[TP, Checkpoint] = {}
        self._resting: dict[TP, Checkpoint] = {}
        self.intervals = Intervals(settings.transaction_ms / 1000, SNAPSHOT_RECORDS, SNAPSHOT_WORK_S)
        self._settings = settings
        self._stages = StageSettings.of(settings)
        self._most_agents = most_agents(settings)
        self._bounds: dict[TP, int] = {}
        self._dealt_at = -DEAL_S
        self._beside = beside
        self._on_ready = on_ready
        self._watch = topics
        self._clock = clock
        self._state_id = ""
        self._topics = {settings.prefix + topic.name: topic.name for topic in (UI_EVENTS, ACTIVITY_PARTIAL)}
        self._threads: dict[TP, PartitionThread] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def is_current(self, tp: TP, checkpoint: Checkpoint) -> bool:
        """Whether ``checkpoint`` is still the one of its partition, and ready. Ask after every await."""
        return self.owned.get(tp) is checkpoint and checkpoint.state == "ready"

    def begin(self, tp: TP) -> None:
        """A fresh checkpoint for a partition; what an earlier one had not committed is dropped.

        Restoring goes on in the background: a rebalance must be short.
        """
        if tp in self.owned:
            self.owned.pop(tp).drop()
        topic, partition = self._topics[tp[0]], tp[1]
        thread = self._threads.get(tp)
        if thread is None:
            thread = self._threads[tp] = PartitionThread(f"{topic}-{partition}")
        checkpoint = Checkpoint(
            topic,
            partition,
            self.intervals,
            thread,
            lambda wanted: self._open(checkpoint, wanted),
            observe.committed,
            self._beside if topic == UI_EVENTS.name else None,
            self._watch.id_of(tp[0]),
            self._stages.partitions,
        )
        self.owned[tp] = checkpoint
        self._begin_task(self._restore(tp, checkpoint))

    async def rest(self, partitions: Iterable[TP]) -> int:
        """A rebalance has begun: commit what is applied of ``partitions``, within the deadline; how many there were.

        Most of them come back when it is over, and need not be restored then. Where another worker had one meanwhile,
        the next commit says so: its writer is fenced, and the partition begins again.
        """
        leaving = [tp for tp in sorted(partitions) if tp in self.owned]
        checkpoints = [self.owned.pop(tp) for tp in leaving]
        settled = await asyncio.gather(*(checkpoint.settle(REVOKE_S) for checkpoint in checkpoints))
        for tp, checkpoint, is_settled in zip(leaving, checkpoints, settled, strict=True):
            if is_settled:
                self._resting[tp] = checkpoint
            else:
                self._let_go(checkpoint)
        return len(leaving)

    def take_up(self, partitions: Iterable[TP]) -> None:
        """These are ours now: those at rest go on, the others are restored; what is at rest and not ours is let go."""
        for tp in sorted(partitions):
            resting = self._resting.pop(tp, None)
            if resting is None or resting.state != "ready" or not self._knows_all_partitions(resting):
                if resting is not None:
                    self._let_go(resting)
                self.begin(tp)
            else:
                self.owned[tp] = resting
                self._begin_task(self._on_ready(tp, resting))
        self._let_resting_go()
        self._deal_when_all_are_ready()

    async def end(self) -> None:
        """Commit what is applied, within the deadline, and forget everything."""
        await self.rest(list(self.owned))
        self._let_resting_go()

    def _let_resting_go(self) -> None:
        self._let_go(*self._resting.values())
        self._resting.clear()

    def _begin_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` in the background; kept here, or the loop might lose it."""
        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    def _let_go(self, *checkpoints: Checkpoint) -> None:
        for checkpoint in checkpoints:
            checkpoint.drop()
            observe.forget(checkpoint)

    async def begin_again(self, tp: TP, checkpoint: Checkpoint) -> None:
        """Begin with the present state: at the start of a topic that was created anew, or among more partitions.

        The state is written first: a restore could not replay what the old topic held since the last snapshot.
        """
        await checkpoint.close(SAVE_S)
        if self.owned.get(tp) is checkpoint:
            self.begin(tp)

    def _knows_all_partitions(self, checkpoint: Checkpoint) -> bool:
        """Whether it was begun when there were as many partitions as now: its producer knows no others."""
        return checkpoint.partitions == self._stages.partitions

    async def follow_topics(self) -> None:
        """Begin partitions of a topic again that was created anew, save everything where ``state`` was, and use
        partitions that were added."""
        for tp, checkpoint in list(self.owned.items()):
            current = self._watch.id_of(tp[0])
            checkpoint.topic_id = checkpoint.topic_id or current
            if checkpoint.state == "ready" and current not in ("", checkpoint.topic_id):
                log.error("topic %s is another one than before: beginning partition %d again", *tp)
                await self.begin_again(tp, checkpoint)
        prefix = self._settings.prefix
        state = self._watch.id_of(prefix + STATE.name)
        if state and self._state_id and state != self._state_id:
            log.error("topic %s is another one than before: writing all that was kept in it again", prefix + STATE.name)
            observe.topic_reset(STATE.name)
            for checkpoint in self.owned.values():
                checkpoint.save_all()
        self._state_id = state or self._state_id
        count = min(self._watch.partitions_of(prefix + name) for name in INPUT_SIZED)
        if count > self._stages.partitions:
            log.warning("there are %d partitions now, %d before: following", count, self._stages.partitions)
            self._stages = msgspec.structs.replace(self._stages, partitions=count)
        for tp, checkpoint in list(self.owned.items()):
            if self.is_current(tp, checkpoint) and not self._knows_all_partitions(checkpoint):
                await self.begin_again(tp, checkpoint)

    def deal_room(self, now: float | None = None) -> None:
        """Let every partition keep as many agents as fit.

        At ``now`` (attended seconds) only when one is close to its bound, and not again within :data:`DEAL_S`: new
        bounds cost a snapshot of each partition.
        """
        ready = {tp: checkpoint for tp, checkpoint in self.owned.items() if checkpoint.state == "ready"}
        agents = {tp: len(c.operator.agents) for tp, c in ready.items() if isinstance(c.operator, PartitionState)}
        if now is not None:
            if now - self._dealt_at < DEAL_S or not is_tight(agents, self._bounds):
                return
            self._dealt_at = now
        self._bounds = shares(agents, self._most_agents)
        busy = busy_share(self._most_agents, len(agents))
        for tp, checkpoint in ready.items():
            checkpoint.owned = len(self.owned)
            self._configure(checkpoint, max_agents=self._bounds.get(tp, 0), max_hot=busy)

    async def _restore(self, tp: TP, checkpoint: Checkpoint) -> None:
        await checkpoint.restore()
        if self.is_current(tp, checkpoint):
            observe.restored(checkpoint)
            for loss in checkpoint.restored.losses if checkpoint.restored else ():
                report_loss(checkpoint, loss)
            self._configure_restored(checkpoint)
            self._deal_when_all_are_ready()
            await self._on_ready(tp, checkpoint)

    def _configure_restored(self, checkpoint: Checkpoint) -> None:
        """The settings of now from the first new record on, in place of those of its snapshot; only its own bounds hold
        until all are ready. With the number of partitions of before, what it gives teams went where they no longer are.
        """
        operator = checkpoint.operator
        own = operator.settings if isinstance(operator, PartitionState) else self._stages
        self._configure(checkpoint, max_agents=own.max_agents, max_hot=own.max_hot)

    def _configure(self, checkpoint: Checkpoint, *, max_agents: int, max_hot: int) -> None:
        """The settings of now, but for the number of partitions, which changes where it begins again: its producer
        knows no others, and what goes to one that it does not know ends the worker."""
        checkpoint.configure(
            msgspec.structs.replace(
                self._stages, partitions=checkpoint.partitions, max_agents=max_agents, max_hot=max_hot
            )
        )

    def _deal_when_all_are_ready(self) -> None:
        """Not after each of many that are restored: new bounds cost a snapshot of each partition. Until then the bounds
        that a partition was restored with hold, and :meth:`deal_room` looks after one that is tight."""
        if all(checkpoint.state != "restoring" for checkpoint in self.owned.values()):
            self.deal_room()

    def _open(self, checkpoint: Checkpoint, wanted: Callable[[], bool]) -> tuple[TransactionWriter, Restored]:
        """Runs in the partition's thread: fence first, then read; the other way round, a zombie could still change the
        state."""
        if not wanted():
            raise UnwantedError
        topic, partition = checkpoint.topic, checkpoint.partition
        producer = new_producer(self._producer_config(topic, partition))
        writer = TransactionWriter(producer, self._settings.prefix, clock=self._clock)
        writer.fence()
        checkpoint.topic_id = checkpoint.topic_id or self._known_id(self._settings.prefix + topic, wanted)
        reader = LogReader(self._settings, self._clock)
        place = topic, partition, checkpoint.topic_id
        return writer, restore(reader, self._settings, place, self._make(topic, partition), wanted)

    def _known_id(self, name: str, wanted: Callable[[], bool]) -> str:
        """The topic's id, waited for: without it offsets of a former topic would be taken for those of this one."""
        deadline, found = self._clock() + ID_S, ""
        while wanted() and not (found := self._watch.id_of(name)) and self._clock() < deadline:
            time.sleep(ID_AGAIN_S)
        if not found and wanted():
            log.warning("topic %s: Kafka does not tell its id; going on as if it were the one of before", name)
        return found

    def _producer_config(self, topic: str, partition: int) -> dict[str, Any]:
        return kafka_config(self._settings, "worker") | {
            "transactional.id": f"{self._settings.prefix}{topic}.{partition}",
            "transaction.timeout.ms": 60_000,
            "compression.type": "lz4",
            "linger.ms": 20,
            "batch.size": 1_000_000,
            "message.max.bytes": CLEAN.message_bytes,
            "queue.buffering.max.messages": 200_000,
            "queue.buffering.max.kbytes": QUEUE_KB,
            "delivery.report.only.error": True,
        }

    def _make(self, topic: str, partition: int) -> Callable[[], Operator]:
        stages = self._stages
        if topic == UI_EVENTS.name:
            return lambda: PartitionState(partition, stages)
        return lambda: TeamPartitionState(partition, stages.partitions, stages.k)
