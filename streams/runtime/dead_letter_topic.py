"""Reading the dead-letter topic, and sending refused input once more to where it came from."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.dead_letter import MAX_PAYLOAD
from taskstream.errors import UNDECODABLE, ServiceError
from taskstream.events import BATCH_TYPE
from taskstream.kafka.clients import kafka_config, new_consumer, new_producer, reading
from taskstream.records import DeadLetter
from taskstream.settings import Settings
from taskstream.topics import DEAD_LETTER, UI_EVENTS

if TYPE_CHECKING:
    from confluent_kafka import Producer

TIMEOUT_S = 20.0

_decoder = msgspec.json.Decoder(DeadLetter)


def decode(value: bytes | None) -> DeadLetter:
    """The dead letter in a message.

    Raises:
        ValueError, RecursionError: it is none, or its payload is no base64.
    """
    letter = _decoder.decode(value or b"")
    base64.b64decode(letter.payload, validate=True)
    return letter


def read(settings: Settings, on_foreign: Callable[[str], None]) -> Iterator[DeadLetter]:
    """All dead letters that Kafka still holds, oldest first.

    ``on_foreign`` is told, in a line, of each message in the topic that is no dead letter; it is passed over.

    Raises:
        ServiceError: Kafka or the topic cannot be read.
    """
    name = settings.prefix + DEAD_LETTER.name
    consumer = new_consumer(reading(settings, "dead-letter") | {"enable.partition.eof": True})
    try:
        partitions = consumer.list_topics(name, timeout=TIMEOUT_S).topics[name].partitions
        if not partitions:
            raise ServiceError(f"Kafka at {settings.kafka} has no topic {name}: run `taskstream topics apply`")
        consumer.assign([TopicPartition(name, partition, 0) for partition in partitions])
        left = set(partitions)
        deadline = time.monotonic() + TIMEOUT_S
        while left:
            messages = consumer.consume(1_000, timeout=0.1)
            if messages:
                deadline = time.monotonic() + TIMEOUT_S
            elif time.monotonic() > deadline:
                raise ServiceError(f"topic {name} cannot be read to its end: no answer for {TIMEOUT_S:.0f} s")
            for message in messages:
                error = message.error()
                if error is None:
                    try:
                        letter = decode(message.value())
                    except UNDECODABLE as wrong:
                        on_foreign(f"{name}/{message.partition()}@{message.offset()} is no dead letter: {wrong}")
                        continue
                    yield letter
                elif error.code() == KafkaError._PARTITION_EOF:
                    left.discard(message.partition())
                else:
                    raise ServiceError(f"topic {name} cannot be read: {error.str()}")
    except KafkaException as exception:
        raise ServiceError(f"Kafka at {settings.kafka}: {exception.args[0].str()}") from exception
    finally:
        consumer.close()


def replayable(letter: DeadLetter) -> bool:
    """Whether the letter holds the whole input, and it came from a desktop.

    What the streams wrote is not sent again: the sink has stored the other rows of such a message.
    """
    return letter.source_topic == UI_EVENTS.name and 0 < letter.size <= MAX_PAYLOAD and bool(letter.payload)


def replay(settings: Settings, letters: Iterable[DeadLetter], on_refused: Callable[[str], None]) -> int:
    """Send the input of ``letters`` to its source partition again; how many were sent.

    ``on_refused`` is told, in a line, of each letter that cannot be sent as it is; it is passed over.

    Raises:
        ServiceError: Kafka does not take them.
    """
    failures: list[str] = []
    try:
        producer = new_producer(
            kafka_config(settings, "dead-letter") | {"enable.idempotence": True, "message.timeout.ms": 20_000}
        )
        topic = settings.prefix + UI_EVENTS.name
        partitions = producer.list_topics(topic, timeout=TIMEOUT_S).topics[topic].partitions
        if not partitions:
            raise ServiceError(f"Kafka at {settings.kafka} has no topic {topic}: run `taskstream topics apply`")
        sent = 0
        for letter in letters:
            if letter.source_partition not in partitions:
                on_refused(f"{letter.id} is not sent: {topic} has no partition {letter.source_partition}")
                continue
            try:
                _produce(producer, topic, letter, failures)
            except KafkaException as error:
                on_refused(f"{letter.id} is not sent: {error.args[0].str()}")
                continue
            sent += 1
            producer.poll(0)
        left = producer.flush(30.0)
    except KafkaException as error:
        raise ServiceError(f"Kafka at {settings.kafka}: {error.args[0].str()}") from error
    if left or failures:
        raise ServiceError(
            f"{left + len(failures)} of {sent} messages could not be sent: {(failures or ['no answer'])[0]}"
        )
    return sent


def _produce(producer: Producer, topic: str, letter: DeadLetter, failures: list[str]) -> None:
    """Hand one letter over; waits while the client's queue is full, which ends: what it cannot send times out."""
    while True:
        try:
            producer.produce(
                topic,
                base64.b64decode(letter.payload),
                letter.key.encode() or None,
                letter.source_partition,
                headers=[("ce_specversion", b"1.0"), ("ce_type", BATCH_TYPE)],
                on_delivery=lambda error, _message: failures.append(error.str()) if error is not None else None,
            )
            return
        except BufferError:
            producer.poll(0.1)
