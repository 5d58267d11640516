"""What is noticed of Kafka while a process runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from taskstream import metrics
from taskstream.kafka.topic_watch import TopicWatch


class Answer:
    """A future of confluent-kafka's."""

    def __init__(self, found: Any) -> None:
        self.found = found

    def result(self, timeout: float) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Admin:
    """Kafka with one topic; ``error`` is what it answers instead."""

    def __init__(self) -> None:
        self.topic: Any = SimpleNamespace(topic_id="id-1", partitions=[0, 1])
        self.error: Exception | None = None

    def describe_topics(self, topics: Any, *, request_timeout: float) -> dict[str, Any]:
        if self.error is not None:
            raise self.error
        return {"p.a": Answer(self.topic)}


def failure(code: int) -> KafkaException:
    return KafkaException(KafkaError(code, "said"))


def test_ids_partitions_and_their_changes() -> None:
    admin = Admin()
    watch = TopicWatch(["p.a"], lambda: admin)
    assert (watch.id_of("p.a"), watch.partitions_of("p.a")) == ("", 0)
    watch.look()
    assert (watch.id_of("p.a"), watch.partitions_of("p.a")) == ("id-1", 2)
    admin.topic = failure(KafkaError.UNKNOWN_TOPIC_OR_PART)  # deleted
    watch.look()
    assert (watch.id_of("p.a"), watch.partitions_of("p.a"), watch.is_away) == ("", 0, False)
    admin.topic = SimpleNamespace(topic_id="id-2", partitions=[0, 1, 2])
    watch.look()
    assert (watch.id_of("p.a"), watch.partitions_of("p.a")) == ("id-2", 3)


@pytest.mark.parametrize("by_topic", [False, True])
def test_a_broker_away_is_one_line_a_metric_and_what_was_known_stays(
    by_topic: bool, caplog: pytest.LogCaptureFixture
) -> None:
    now, admin = 100.0, Admin()
    watch = TopicWatch(["p.a"], lambda: admin, clock=lambda: now)
    watch.look()
    away = failure(KafkaError._TRANSPORT)
    admin.error, admin.topic = (None, away) if by_topic else (away, admin.topic)
    for _ in range(3):
        now += 100
        watch.look()
    assert (watch.is_away, watch.id_of("p.a")) == (True, "id-1")
    assert metrics.KAFKA_AWAY._value.get() == 200
    admin.error, admin.topic = None, SimpleNamespace(topic_id="id-1", partitions=[0])
    watch.look()
    assert not watch.is_away
    assert metrics.KAFKA_AWAY._value.get() == 0
    assert [line.getMessage() for line in caplog.records] == [
        "Kafka does not answer: said; waiting for it",
        "Kafka answers again, after 200 s",
    ]
