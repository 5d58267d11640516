"""What is in the topics, in order; a message of a fault says so in a header."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from benchmarks.chaos.testbed import Testbed
from sinks.clickhouse.ranges import read_mark
from taskstream.kafka.clients import new_consumer, reading

DERIVED: Final = ("sessions", "segments", "steps", "transfers", "activity.partial", "activity")
FOREIGN_HEADER: Final = "chaos"
ANSWER_S: Final = 60.0
T = TypeVar("T")


def read(testbed: Testbed, topic: str, begin: dict[int, int] | None = None) -> dict[int, list[Any]]:
    """Every committed message of a topic by partition, in order, from the offsets ``begin`` on.

    Raises:
        TimeoutError: Kafka does not answer.
    """
    consumer = new_consumer(reading(testbed.kafka_settings(), "chaos") | {"enable.partition.eof": True})
    try:
        found: dict[int, list[Any]] = {p: [] for p in _partitions(consumer, topic)}
        consumer.assign([TopicPartition(topic, p, (begin or {}).get(p, 0)) for p in found])
        open_partitions = set(found)
        while open_partitions:
            message = consumer.poll(30)
            if message is None:
                raise TimeoutError(f"{topic} does not answer")
            error = message.error()
            if error is None:
                found[message.partition()].append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                open_partitions.discard(message.partition())  # other errors pass, or nothing comes any more
        return found
    finally:
        consumer.close()


def ends(testbed: Testbed, topic: str) -> dict[int, int]:
    """The end offset of each partition."""
    consumer = new_consumer(reading(testbed.kafka_settings(), "chaos"))
    try:
        places = [TopicPartition(topic, p) for p in _partitions(consumer, topic)]
        return {p.partition: _answer(lambda p=p: consumer.get_watermark_offsets(p, 20))[1] for p in places}  # type: ignore[misc]
    finally:
        consumer.close()


def committed(testbed: Testbed, group: str, topic: str) -> dict[int, int]:
    """The next offset of each partition that a group has committed; those without are left out."""
    return {answer.partition: answer.offset for answer in _committed(testbed, group, topic)}


def begun(testbed: Testbed, group: str, topic: str) -> dict[int, int]:
    """Of each partition the last offset of the block that the sinks have begun and not yet called stored."""
    marks = {answer.partition: read_mark(answer.metadata) for answer in _committed(testbed, group, topic)}
    return {partition: mark.last for partition, mark in marks.items() if mark is not None and mark.last is not None}


def _committed(testbed: Testbed, group: str, topic: str) -> list[TopicPartition]:
    consumer = new_consumer(reading(testbed.kafka_settings(), "chaos") | {"group.id": group})
    try:
        places = [TopicPartition(topic, p) for p in _partitions(consumer, topic)]
        answers = _answer(lambda: consumer.committed(places, timeout=20))
        return [answer for answer in answers if answer.offset >= 0]
    finally:
        consumer.close()


def _partitions(consumer: Consumer, topic: str) -> list[int]:
    return list(_answer(lambda: consumer.list_topics(topic, 20)).topics[topic].partitions)


def _answer(question: Callable[[], T]) -> T:
    """Kafka's answer; asked for again while the fault before this one has left it out of reach."""
    deadline = time.monotonic() + ANSWER_S
    while True:
        try:
            return question()
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def is_foreign(message: Any) -> bool:
    """Whether a fault has put it there."""
    return any(name == FOREIGN_HEADER for name, _ in message.headers() or ())
