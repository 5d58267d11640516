"""The routines that the catalogue has published, followed in a thread, and the segments that they explain."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec
from confluent_kafka import OFFSET_BEGINNING, KafkaException, TopicPartition

from streams.discovery.grouping.recognise import Recogniser
from streams.operator import Output
from taskstream import metrics
from taskstream.errors import UNDECODABLE
from taskstream.events import encode
from taskstream.faults import SaidOnce, place_of
from taskstream.kafka.clients import new_consumer, reading
from taskstream.kafka.topic_watch import TopicWatch
from taskstream.records import Routine, Segment
from taskstream.settings import Settings
from taskstream.topics import ASSIGNMENTS, ROUTINES, SEGMENTS

log = logging.getLogger("taskstream.streams")

WAITING: Final = 256
"""Changes read from Kafka and not yet taken over; beyond it the thread waits."""
AT_ONCE: Final = 16
"""Changes taken over before a chunk of records: a long catalogue is learned in many short steps."""
PAUSE_S: Final = 0.05
AGAIN_S: Final = 2.0
"""Time until the topic is read again after a failure (seconds)."""

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


class RoutineFollower:
    """Reads the topic ``routines`` from its beginning on, as long as the worker runs; waits while Kafka is away."""

    def __init__(self, settings: Settings, routines: KnownRoutines, topics: TopicWatch) -> None:
        self._topics = topics
        self._routines = routines
        self._topic = settings.prefix + ROUTINES.name
        self._config = reading(settings, "routines") | {
            "fetch.wait.max.ms": 500,
            "queued.max.messages.kbytes": 4_096,
        }
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="routines", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Have the thread end, without waiting for it: it holds nothing."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except KafkaException as error:
                log.warning("%s cannot be read: %s; trying again", self._topic, error)
                self._stop.wait(AGAIN_S)
            except Exception as error:  # noqa: BLE001  # whatever it is: a thread that is gone would say nothing more
                log.error("following %s failed: %s; beginning again", self._topic, place_of(error))
                self._stop.wait(AGAIN_S)

    def _follow(self) -> None:
        consumer = new_consumer(self._config)
        try:
            consumer.assign([TopicPartition(self._topic, 0, OFFSET_BEGINNING)])
            began_with = self._topics.id_of(self._topic)
            while not self._stop.is_set():
                current = self._topics.id_of(self._topic)
                if began_with and current not in ("", began_with):
                    log.warning("topic %s is another one than before: reading it from its beginning", self._topic)
                    metrics.TOPIC_RESETS.labels(ROUTINES.name).inc()
                    return
                began_with = current or began_with
                if not self._routines.room():
                    self._stop.wait(PAUSE_S)
                    continue
                message = consumer.poll(0.5)
                if message is None:
                    continue
                error = message.error()
                if error is not None:
                    if error.fatal():
                        raise KafkaException(error)
                    continue
                key, value = (message.key() or b"").decode(errors="replace"), message.value()
                try:
                    self._routines.put((key, None if value is None else _routines.decode(value)))
                except UNDECODABLE as wrong:
                    metrics.REFUSED.labels("malformed").inc()
                    log.warning("%s@%d is no valid routine: %s", self._topic, message.offset(), wrong)
        finally:
            consumer.close()
