"""The routines that the catalogue has published, followed in a thread, and the segments that they explain."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from streams.discovery.grouping.recognise import Recogniser
from streams.operator import Output
from streams.runtime.topic_follower import TopicFollower
from taskstream import metrics
from taskstream.events import encode
from taskstream.faults import SaidOnce, place_of
from taskstream.kafka.topic_watch import TopicWatch
from taskstream.records import Routine, Segment
from taskstream.settings import Settings
from taskstream.topics import ASSIGNMENTS, ROUTINES, SEGMENTS

log = logging.getLogger("taskstream.streams")

WAITING: Final = 256
"""Changes read from Kafka and not yet taken over; beyond it the thread waits."""
AT_ONCE: Final = 16
"""Changes taken over before a chunk of records: a long catalogue is learned in many short steps."""

Change = tuple[str, Routine | None]

_segments = msgspec.json.Decoder(Segment)
_routines = msgspec.json.Decoder(Routine)


class KnownRoutines:
    """Assigns segments to known routines as they are emitted. Used from the main thread alone.

    What it says depends on what the catalogue had published by then. It therefore stands outside the partitions' state:
    it adds outputs beside theirs, in the same transaction, and a restore, which discards outputs, does not ask it.
    """

    def __init__(self) -> None:
        self._recogniser = Recogniser()
        self._changes: deque[Change] = deque()
        self._said = SaidOnce()

    def room(self) -> bool:
        """Whether another change may be put (any thread)."""
        return len(self._changes) < WAITING

    def put(self, change: Change) -> None:
        """A routine's latest record, or None where it was deleted (any thread)."""
        self._changes.append(change)

    def assignments(self, outputs: Sequence[Output]) -> list[Output]:
        """The assignments of those segments among ``outputs`` that are executions of a known routine."""
        for _ in range(min(len(self._changes), AT_ONCE)):
            name, routine = self._changes.popleft()
            if routine is None:
                self._recogniser.forget(name)
            else:
                self._recogniser.update(routine)
        made: list[Output] = []
        if not len(self._recogniser):
            return made
        seen = 0
        for output in outputs:
            if output.topic != SEGMENTS.name:
                continue
            seen += 1
            try:
                assignment = self._recogniser.assign(_segments.decode(output.value or b""))
            except Exception as error:  # noqa: BLE001  # a routine that cannot be compared must not stop the stream
                if self._said.is_new(place := place_of(error)):
                    log.error("a segment cannot be compared with the known routines: %s (said once)", place)
                metrics.SEGMENTS_RECOGNISED.labels("failed").inc()
                seen -= 1
                continue
            if assignment is not None:
                key = assignment.segment.encode()
                made.append(Output(ASSIGNMENTS.name, output.partition, key, encode(assignment)))
        if seen:
            metrics.SEGMENTS_RECOGNISED.labels("known").inc(len(made))
            metrics.SEGMENTS_RECOGNISED.labels("unknown").inc(seen - len(made))
        return made


class RoutineFollower(TopicFollower):
    """Hands what the topic ``routines`` holds to ``routines``."""

    def __init__(self, settings: Settings, routines: KnownRoutines, topics: TopicWatch) -> None:
        super().__init__(settings, ROUTINES, topics)
        self._routines = routines

    def room(self) -> bool:
        """See :meth:`KnownRoutines.room`."""
        return self._routines.room()

    def take(self, key: str, value: bytes | None) -> None:
        """A routine's latest record."""
        self._routines.put((key, None if value is None else _routines.decode(value)))
