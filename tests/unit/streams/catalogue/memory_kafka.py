"""Kafka as far as a catalogue's session sees it, in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from streams.catalogue.lesson import learn
from streams.catalogue.session import CatalogueSession
from streams.catalogue.teacher import Job, LearnedTables, LessonAnswer
from taskstream import topics
from taskstream.records import Segment
from taskstream.settings import load


class Message:
    """One of a topic's only partition."""

    def __init__(self, topic: str, offset: int, value: bytes | None, arrived_ms: int = 0) -> None:
        self._topic, self._offset, self._value, self._arrived_ms = topic, offset, value, arrived_ms

    def timestamp(self) -> tuple[int, int]:
        return 2, self._arrived_ms

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def value(self) -> bytes | None:
        return self._value


class MemoryKafka:
    """Every topic with one partition. ``kept``: topic → key → value; ``written``: all that was ever committed."""

    def __init__(self) -> None:
        names = [topic.name for topic in topics.ALL]
        self.kept: dict[str, dict[str, bytes]] = {name: {} for name in names}
        self.written: list[tuple[str, str, bytes | None]] = []
        self.ids = {name: f"{name}-1" for name in names}
        self.expected: dict[str, str] = {}
        self.anew: list[str] = []
        self.input: dict[str, list[bytes]] = {name: [] for name in names}
        self.now_ms = 0
        self.missing: set[str] = set()
        self.taken = 0

    def create_anew(self, topic: str) -> None:
        """What was in it is gone."""
        self.ids[topic] = f"{self.ids[topic]}1"
        self.kept[topic].clear()
        self.input[topic].clear()
        self.anew.append(topic)

    # --- what a session calls

    def fence(self) -> None: ...

    def begin_topics(self) -> None:
        self.anew.clear()

    def expect_topics(self, kept: Mapping[str, str]) -> None:
        self.expected = dict(kept)

    def topic_ids(self) -> dict[str, str]:
        return self.ids

    def bounds(self, positions: Mapping[str, Mapping[int, int]]) -> dict[tuple[str, int], tuple[int, int]]:
        return {
            (topic, partition): (0, len(self.input.get(topic, ())))
            for topic, places in positions.items()
            for partition in places
        }

    def follow(self, positions: Mapping[str, Mapping[int, int]]) -> None:
        self.taken = positions.get(topics.STEPS.name, {}).get(0, 0)

    def compacted(self, *wanted: topics.Topic) -> list[dict[str, bytes]]:
        return [{} if topic.name in self.missing else dict(self.kept[topic.name]) for topic in wanted]

    def check_topics(self) -> list[str]:
        found, self.anew = self.anew, []
        return found

    def steps(self) -> list[Message]:
        name = topics.STEPS.name
        taken, self.taken = self.taken, len(self.input[name])
        return [Message(name, n, value) for n, value in enumerate(self.input[name]) if n >= taken]

    def has(self, topic: topics.Topic) -> bool:
        return topic.name not in self.missing

    def ahead_of(self, partitions: set[int]) -> Iterator[list[Message]]:
        for topic in (topics.TRANSFERS.name, topics.ASSIGNMENTS.name):
            yield [Message(topic, n, value, self.now_ms) for n, value in enumerate(self.input[topic])]
            self.input[topic].clear()

    def topic_of(self, message: Message) -> str:
        return message.topic()

    def commit(self, records: Sequence[tuple[str, str, bytes | None]], stop: threading.Event) -> None:
        self.written += records
        for topic, key, value in records:
            assert topic not in self.missing
            if value is None:
                self.kept[topic].pop(key, None)
            else:
                self.kept[topic][key] = value


class Inline:
    """A teacher who needs no time; ``later`` keeps the answer back until it is false."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.later = False
        self.is_busy = False
        self._learned: LearnedTables | None = None

    def begin(self, job: Job) -> None:
        self.jobs.append(job)
        self._learned, self.is_busy = learn(job), True

    def answer(self) -> LessonAnswer | None:
        if self.later or self._learned is None:
            return None
        answer, self._learned, self.is_busy = LessonAnswer(self._learned, 0.5), None, False
        return answer

    def close(self) -> None: ...


def opened(kafka: MemoryKafka, teacher: Any = None, **settings: Any) -> CatalogueSession:
    """A session that has been restored from ``kafka``."""
    made = load(**({"k": 3} | settings))
    found = CatalogueSession(kafka, made, teacher or Inline())  # type: ignore[arg-type]
    found.open()
    return found


def take(session: CatalogueSession, kafka: MemoryKafka, work: Sequence[Segment | bytes]) -> None:
    """Let ``session`` take in segments, with what was to be read ahead of them."""
    values = [msgspec.json.encode(one) if isinstance(one, Segment) else one for one in work]
    log = kafka.input[topics.SEGMENTS.name]
    messages: Any = [Message(topics.SEGMENTS.name, len(log) + n, value) for n, value in enumerate(values)]
    log += values
    session._read_ahead({0})
    session._take(messages)


def commit(session: CatalogueSession) -> None:
    """Refine, and write everything."""
    session._commit(threading.Event())


def turn(session: CatalogueSession) -> None:
    """One turn of the session's loop, in which no segment comes; and its end."""
    stop = threading.Event()
    kafka: Any = session._kafka

    def segments(_: float) -> list[Any]:
        stop.set()
        return []

    kafka.segments = segments
    session.run(stop)
