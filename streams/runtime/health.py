"""Whether the worker can go on: partitions that stand still are mended, and one that cannot be ends the worker."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import Final

from streams.runtime import observe
from streams.runtime.checkpoint import Checkpoint
from streams.runtime.chunks import TP
from streams.runtime.intake import Intake
from streams.runtime.ownership import Ownership
from streams.runtime.patience import Stuck
from streams.runtime.transactions import AbortedError, VoidError
from taskstream.errors import ServiceError, TaskstreamError
from taskstream.faults import place_of
from taskstream.topics import UI_EVENTS

log = logging.getLogger("taskstream.streams")

SESSION_S: Final = 6.0
"""Kafka's session timeout of the group (seconds): the least that brokers allow by default, because the partitions of a
killed worker wait for it. A zombie that wakes learns within it that it was replaced."""
STALL_S: Final = 90.0
"""A worker with input and without progress for this long ends."""
APART_S: Final = 60.0
"""A worker that is no member of its group for this long ends: such a client does not recover by waiting."""
QUIET_S: Final = 5.0
"""Input that is in Kafka and has not arrived for this long is fetched again (seconds)."""
VOIDS_S: Final = 300.0
"""Partitions begun again within this time (seconds) are counted together."""
DEALT_S: Final = 60.0
MOST_DEALT: Final = 15
"""More assignments than this within :data:`DEALT_S` seconds are a sign of a second worker with the same name."""


class _Watched:
    """What is known of one partition's progress."""

    def __init__(self) -> None:
        self.input = Stuck()
        self.commit = Stuck()
        self.void = Stuck()


class WorkerHealth:
    """Looks at everything about once a second. ``now`` is attended time (seconds); see :mod:`streams.runtime.patience`.

    ``failure``  why the worker cannot go on, or None: a supervisor starts another
    ``stalled`` whether the stacks of all threads may explain that failure
    """

    def __init__(self, ownership: Ownership, intake: Intake, prefix: str) -> None:
        self.failure: TaskstreamError | None = None
        self.stalled = False
        self._ownership = ownership
        self._intake = intake
        self._prefix = prefix
        self._watched: defaultdict[TP, _Watched] = defaultdict(_Watched)
        self._apart = Stuck()
        self._voids: list[float] = []
        self._dealt: list[float] = []

    def watch_group(self, now: float, *, joined: bool, worker_id: str = "") -> None:
        """End the worker when its name is another's, or when it has been no member of its group for too long.

        (A member may own no partition.)
        """
        consumer = self._intake.consumer
        if consumer is not None and consumer.replaced:
            self.give_up(
                ServiceError(
                    f"another worker has begun under the worker_id {worker_id!r} and has this one's place: ending "
                    "(nothing is lost; give each worker a name of its own)"
                )
            )
            return
        member = joined and consumer is not None and consumer.in_group()
        if self._apart.seconds(not member, "apart", now) > APART_S:
            self._stall(f"no part in the consumer group for {APART_S:.0f} s")

    def note_assignment(self, now: float, worker_id: str) -> None:
        """The group has dealt out partitions. Two workers of one name take them from each other again and again."""
        self._dealt = [when for when in self._dealt if now - when < DEALT_S] + [now]
        if worker_id and len(self._dealt) > MOST_DEALT:
            self.give_up(
                ServiceError(
                    f"partitions were taken away and given back {len(self._dealt)} times in {DEALT_S:.0f} s: "
                    f"does another worker run with the worker_id {worker_id!r}?"
                )
            )

    async def watch_partitions(self, now: float, ends: dict[TP, int]) -> None:
        """Watch each partition that is still owned when its turn comes: ownership may change in between."""
        owned = self._ownership.owned
        for tp, checkpoint in list(owned.items()):
            if owned.get(tp) is checkpoint:
                await self.watch(tp, checkpoint, now, ends.get(tp, 0))
        for tp in self._watched.keys() - owned.keys():
            del self._watched[tp]

    async def watch(self, tp: TP, checkpoint: Checkpoint, now: float, end: int) -> None:
        """Repair one partition if possible; ``end`` is its end offset."""
        error, watched = checkpoint.error, self._watched[tp]
        name = f"{checkpoint.topic}/{checkpoint.partition}"
        if isinstance(error, VoidError):
            self._void(tp, checkpoint, watched, now, error)
            return
        if error is not None:
            self.give_up(error)
            return
        if watched.commit.seconds(checkpoint.pending, checkpoint.committed, now) > STALL_S:
            self._stall(f"{name}: nothing could be committed for {STALL_S:.0f} s")
            return
        waiting = checkpoint.state == "ready" and (end > checkpoint.position or not self._intake.fetches(tp))
        mark = id(checkpoint), checkpoint.position, self._intake.turn()
        silent = watched.input.seconds(waiting, mark, now)
        if silent > STALL_S and checkpoint.topic == UI_EVENTS.name:
            left = max(0, end - checkpoint.position)
            self._stall(f"{name}: {left} messages are left and none came for {STALL_S:.0f} s")
        elif silent > QUIET_S:
            await self._intake.seek(tp, checkpoint)

    def _void(self, tp: TP, checkpoint: Checkpoint, watched: _Watched, now: float, error: VoidError) -> None:
        """An aborted transaction, a newer writer, or a transaction that ran into Kafka's timeout.

        A worker that was replaced hears of it from the group within the session timeout, and then no longer owns the
        partition. If it still owns it after that, only its transaction was lost: it begins again from what is
        committed.
        """
        if isinstance(error, AbortedError):
            observe.aborted()
        elif watched.void.seconds(True, id(checkpoint), now) < SESSION_S + 2:
            return
        self._voids = [when for when in self._voids if now - when < VOIDS_S] + [now]
        if len(self._voids) > 3 * len(self._ownership.owned):
            self.give_up(
                ServiceError(
                    f"partitions have to be begun again and again ({error}): "
                    f"is a second deployment running with the prefix {self._prefix!r}?"
                )
            )
            return
        log.warning("%s/%d: begun again after %s", checkpoint.topic, checkpoint.partition, error)
        self._ownership.begin(tp)

    def _stall(self, words: str) -> None:
        self.stalled = True
        self.give_up(ServiceError(words))

    def give_up(self, error: BaseException) -> None:
        """The worker cannot go on; the first reason counts."""
        if self.failure is None:
            known = error if isinstance(error, TaskstreamError) else ServiceError(f"a fault: {place_of(error)}")
            self.failure = known
