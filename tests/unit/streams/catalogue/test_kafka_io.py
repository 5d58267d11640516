"""Reading ahead ends when every partition that matters is read, not only those that answered."""

from __future__ import annotations

from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest
from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition

from streams.catalogue import kafka_io
from streams.catalogue.kafka_io import CatalogueKafka, Restart
from taskstream import topics
from taskstream.kafka.tombstones import WholeReading
from taskstream.kafka.topic_watch import TopicWatch
from taskstream.settings import load

PREFIX = "p."


class Message:
    """As far as it is looked at."""

    def __init__(self, topic: str, partition: int, offset: int, error: KafkaError | None = None) -> None:
        self._place, self._offset, self._error = (PREFIX + topic, partition), offset, error

    def topic(self) -> str:
        return self._place[0]

    def partition(self) -> int:
        return self._place[1]

    def offset(self) -> int:
        return self._offset

    def error(self) -> KafkaError | None:
        return self._error


def end(topic: str, partition: int, offset: int) -> Message:
    return Message(topic, partition, offset, KafkaError(KafkaError._PARTITION_EOF))


class Batches:
    """A consumer that gives prepared batches, and then nothing."""

    def __init__(self, *batches: list[Message]) -> None:
        self.left = list(batches)

    def consume(self, most: int, timeout_s: float) -> list[Message]:
        return self.left.pop(0) if self.left else []


def reading(monkeypatch: pytest.MonkeyPatch, ends: dict[tuple[str, int], int], *batches: list[Message]) -> Any:
    kafka: Any = CatalogueKafka(load(kafka="127.0.0.1:1", prefix=PREFIX), TopicWatch([], Mock()))
    kafka._ahead = Batches(*batches)
    kafka._reached = {}
    monkeypatch.setattr(kafka, "_ends", lambda _: {(PREFIX + topic, n): offset for (topic, n), offset in ends.items()})
    return kafka


def test_a_slow_partition_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = reading(
        monkeypatch,
        {("transfers", 0): 2, ("transfers", 1): 1, ("assignments", 0): 0, ("assignments", 1): 0},
        [Message("transfers", 0, 0), Message("transfers", 0, 1), end("assignments", 0, 0), end("assignments", 1, 0)],
        [],
        [Message("transfers", 1, 0)],
        [Message("transfers", 1, 1)],
    )
    seen = [message.partition() for messages in kafka.ahead_of({0, 1}) for message in messages]
    assert seen == [0, 0, 1]
    assert len(kafka._ahead.left) == 1, "what came later is left for the next call"


def test_markers_of_transactions_count_as_read(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = reading(monkeypatch, {("transfers", 0): 3}, [Message("transfers", 0, 0)], [end("transfers", 0, 3)], [])
    assert len(list(kafka.ahead_of({0}))) == 2
    assert list(kafka.ahead_of({0})) == [], "what is read is not waited for again"


def test_what_does_not_come_ends_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_io, "AHEAD_S", 0.05)
    kafka = reading(monkeypatch, {("transfers", 7): 3})
    with pytest.raises(Restart, match="1 partitions"):
        list(kafka.ahead_of({7}))


def test_a_state_in_which_a_deletion_may_have_gone_is_not_gone_on_from(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = reading(monkeypatch, {})
    now = [0.0]

    class Asleep(Batches):
        """The machine sleeps while the state is read."""

        def assign(self, _: object) -> None: ...
        def unassign(self) -> None: ...
        def consume(self, most: int, timeout_s: float) -> list[Message]:
            now[0] += topics.CATALOGUE_STATE.tombstones_ms / 1000
            return super().consume(most, timeout_s)

    monkeypatch.setattr(kafka_io, "WholeReading", partial(WholeReading, wall=lambda: now[0]))
    monkeypatch.setattr(kafka, "_consumer", lambda: Asleep([end("catalogue.state", 0, 3)]))
    monkeypatch.setattr(kafka, "_places", lambda _, topic, __: [TopicPartition(PREFIX + topic.name, 0)])
    with pytest.raises(Restart, match="deletions"):
        kafka.compacted(topics.CATALOGUE_STATE)


class Described(Batches):
    """A consumer of a broker that has ``topics`` with two partitions each, and no others."""

    def __init__(self, *topics_there: str, code: int = KafkaError.UNKNOWN_TOPIC_OR_PART) -> None:
        super().__init__()
        self._there, self._code = topics_there, code
        self.assigned: list[TopicPartition] = []

    def list_topics(self, name: str, timeout: float) -> Any:
        is_there = name.removeprefix(PREFIX) in self._there
        error = None if is_there else KafkaError(self._code)
        return Mock(topics={name: Mock(error=error, partitions={0: None, 1: None} if is_there else {})})

    def assign(self, places: list[TopicPartition]) -> None:
        self.assigned = places

    def unassign(self) -> None: ...


REQUIRED = ("segments", "transfers", "assignments")


def following(monkeypatch: pytest.MonkeyPatch, watch: Any, *there: str, **more: Any) -> tuple[Any, list[Described]]:
    """A session's clients that follow its inputs, and its consumers."""
    kafka: Any = CatalogueKafka(load(kafka="127.0.0.1:1", prefix=PREFIX), watch)
    made: list[Described] = []

    def consumer(**_: Any) -> Described:
        made.append(Described(*there, **more))
        return made[-1]

    monkeypatch.setattr(kafka, "_consumer", consumer)
    kafka.follow({"segments": {0: 7}, "steps": {1: 5}})
    return kafka, made


def test_steps_have_a_consumer_of_their_own_and_their_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka, (segments, ahead, steps) = following(monkeypatch, TopicWatch([], Mock()), *REQUIRED, "steps")
    assert {place.topic for place in (*segments.assigned, *ahead.assigned)} == {PREFIX + name for name in REQUIRED}
    assert [(place.topic, place.partition, place.offset) for place in steps.assigned] == [
        ("p.steps", 0, OFFSET_BEGINNING), ("p.steps", 1, 5),
    ]  # fmt: skip
    steps.left = [[Message("steps", 0, 0), end("steps", 1, 5)]]
    assert [message.offset() for message in kafka.steps()] == [0]
    assert kafka.steps() == []
    steps.left = [[Message("steps", 1, 0, KafkaError(KafkaError._AUTO_OFFSET_RESET))]]
    with pytest.raises(Restart):
        kafka.steps()


@pytest.mark.parametrize("code", [KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED])
def test_without_steps_it_goes_on_and_takes_them_up_when_they_are_there(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    counts = dict.fromkeys(REQUIRED, 2)
    watch: Any = Mock(partitions_of=lambda name: counts.get(name.removeprefix(PREFIX), 0), id_of=lambda _: "")
    kafka, made = following(monkeypatch, watch, *REQUIRED, code=code)
    assert len(made) == 2
    assert kafka.steps() == []
    assert kafka.check_topics() == []
    counts["steps"] = 2
    with pytest.raises(Restart, match=r"p\.steps"):
        kafka.check_topics()
    kafka, made = following(monkeypatch, watch, *REQUIRED, "steps")
    assert kafka.check_topics() == []
    counts["steps"] = 3
    with pytest.raises(Restart, match="more partitions"):
        kafka.check_topics()


def test_other_inputs_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Restart, match=r"p\.transfers"):
        following(monkeypatch, TopicWatch([], Mock()), "segments", "assignments", "steps")


def test_without_the_topic_of_tables_nothing_is_read_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka: Any = CatalogueKafka(load(kafka="127.0.0.1:1", prefix=PREFIX), TopicWatch([], Mock()))
    consumer = Described("catalogue.state", "routines", "opportunities")
    consumer.left = [[end(name, 0, 0) for name in ("catalogue.state", "routines", "opportunities")]]
    monkeypatch.setattr(kafka, "_consumer", lambda: consumer)
    assert kafka.compacted(*kafka_io.KEPT) == [{}, {}, {}, {}]
    assert len(consumer.assigned) == 3
    assert not kafka.has(topics.TABLES)
    with pytest.raises(Restart, match=r"p\.segments"):
        kafka.compacted(topics.SEGMENTS)
