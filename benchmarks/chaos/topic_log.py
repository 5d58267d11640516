"""What is in the topics, in order; a message of a fault says so in a header."""

from __future__ import annotations

import time
from typing import Any, Final

from confluent_kafka import KafkaException, TopicPartition

from benchmarks.chaos.testbed import Testbed
from taskstream.kafka.clients import new_consumer, reading

DERIVED: Final = ("sessions", "segments", "transfers", "activity.partial", "activity")
FOREIGN_HEADER: Final = "chaos"
ANSWER_S: Final = 60.0


def read(testbed: Testbed, topic: str, begin: dict[int, int] | None = None) -> dict[int, list[Any]]:
    """Every committed message of a topic by partition, in order, from the offsets ``begin`` on.

    Raises:
        TimeoutError: Kafka does not answer.
    """
    consumer = new_consumer(reading(testbed.kafka_settings(), "chaos") | {"enable.partition.eof": True})
    try:
        found: dict[int, list[Any]] = {p: [] for p in consumer.list_topics(topic, 20).topics[topic].partitions}
        consumer.assign([TopicPartition(topic, p, (begin or {}).get(p, 0)) for p in found])
        open_partitions = set(found)
        while open_partitions:
            message = consumer.poll(30)
            if message is None:
                raise TimeoutError(f"{topic} does not answer")
            if message.error():
                open_partitions.discard(message.partition())
            else:
                found[message.partition()].append(message)
        return found
    finally:
        consumer.close()


def ends(testbed: Testbed, topic: str) -> dict[int, int]:
    """The end offset of each partition; asked for again while a fault before this one has left Kafka out of reach."""
    deadline = time.monotonic() + ANSWER_S
    while True:
        consumer = new_consumer(reading(testbed.kafka_settings(), "chaos"))
        try:
            partitions = consumer.list_topics(topic, 20).topics[topic].partitions
            return {p: consumer.get_watermark_offsets(TopicPartition(topic, p), 20)[1] for p in partitions}
        except KafkaException:
            if time.monotonic() > deadline:
                raise
        finally:
            consumer.close()


def committed(testbed: Testbed, group: str, topic: str) -> dict[int, int]:
    """The next offset of each partition that a group has committed; those without are left out."""
    consumer = new_consumer(reading(testbed.kafka_settings(), "chaos") | {"group.id": group})
    try:
        partitions = consumer.list_topics(topic, 20).topics[topic].partitions
        answers = consumer.committed([TopicPartition(topic, p) for p in partitions], timeout=20)
        return {answer.partition: answer.offset for answer in answers if answer.offset >= 0}
    finally:
        consumer.close()


def is_foreign(message: Any) -> bool:
    """Whether a fault has put it there."""
    return any(name == FOREIGN_HEADER for name, _ in message.headers() or ())
