"""What is in the topics, and the same log given to a second set of topics."""

from __future__ import annotations

from typing import Any, Final

from confluent_kafka import Consumer, TopicPartition

from benchmarks.chaos.world import World
from taskstream.kafka.clients import kafka_config, new_consumer, new_producer, reading
from taskstream.settings import KafkaSettings

DERIVED: Final = ("sessions", "segments", "transfers", "activity.partial", "activity")


def _consumer(world: World) -> Consumer:
    return new_consumer(reading(KafkaSettings(kafka=world.bootstrap), "chaos") | {"enable.partition.eof": True})


def read(world: World, topic: str) -> dict[int, list[Any]]:
    """Every committed message of a topic by partition, in order."""
    consumer = _consumer(world)
    found: dict[int, list[Any]] = {p: [] for p in consumer.list_topics(topic, 20).topics[topic].partitions}
    consumer.assign([TopicPartition(topic, p, 0) for p in found])
    open_partitions = set(found)
    while open_partitions:
        message = consumer.poll(30)
        if message is None:
            raise TimeoutError(f"{topic} does not answer")
        if message.error():
            open_partitions.discard(message.partition())
        else:
            found[message.partition()].append(message)
    consumer.close()
    return found


def mirror(world: World) -> None:
    """Give the very same log to a second set of topics: same partitions, order, times."""
    producer = new_producer(kafka_config(KafkaSettings(kafka=world.bootstrap), "chaos") | {"enable.idempotence": True})
    for partition, messages in read(world, "chaos.ui-events").items():
        for message in messages:
            while True:
                try:
                    producer.produce(
                        "calm.ui-events",
                        message.value(),
                        message.key(),
                        partition=partition,
                        timestamp=message.timestamp()[1],
                        headers=message.headers(),
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
    producer.flush(120)


def derived(world: World, prefix: str) -> dict[str, dict[int, list[bytes]]]:
    """The derived topics' values by partition, sorted: partitions interleave differently in each run."""
    return {
        topic: {p: sorted(m.value() for m in messages) for p, messages in read(world, prefix + topic).items()}
        for topic in DERIVED
    }
