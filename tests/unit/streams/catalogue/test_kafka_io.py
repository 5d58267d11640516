"""Reading ahead ends when every partition that matters is read, not only those that answered."""

from __future__ import annotations

from functools import partial
from typing import Any
from unittest.mock import Mock

import pytest
from confluent_kafka import KafkaError, TopicPartition

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
