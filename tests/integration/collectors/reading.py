"""Reads a topic from beginning to end."""

import time
from uuid import uuid4

from confluent_kafka import Consumer, Message, TopicPartition


def read_all(kafka: str, topic: str) -> list[Message]:
    """Every message of the topic, in the order of each partition."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": uuid4().hex, "auto.offset.reset": "earliest"})
    found = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    partitions = [TopicPartition(topic, number, 0) for number in found]
    wanted = sum(consumer.get_watermark_offsets(partition, timeout=10)[1] for partition in partitions)
    consumer.assign(partitions)
    messages: list[Message] = []
    deadline = time.monotonic() + 20
    while len(messages) < wanted and time.monotonic() < deadline:
        messages += [message for message in consumer.consume(500, 0.2) if message.error() is None]
    consumer.close()
    assert len(messages) == wanted
    return messages
