"""Follows ``ui-events.clean`` as a reader of committed records, and counts the events in it."""

from __future__ import annotations

from typing import Final

import msgspec
from confluent_kafka import TopicPartition

from taskstream.kafka.clients import new_consumer, reading
from taskstream.settings import KafkaSettings
from taskstream.topics import CLEAN

_AT_ONCE: Final = 1_000


class _Counts(msgspec.Struct):
    """Of a message, no more than is counted."""

    events: list[int]


_decoder = msgspec.json.Decoder(_Counts)


class CleanReader:
    """Reads all partitions from their beginning; costs a percent of what a worker does."""

    def __init__(self, kafka: str, prefix: str, partitions: int) -> None:
        self._consumer = new_consumer(
            reading(KafkaSettings(kafka=kafka, prefix=prefix), "bench") | {"fetch.wait.max.ms": 20}
        )
        self._consumer.assign([TopicPartition(prefix + CLEAN.name, number, 0) for number in range(partitions)])
        self._events = 0

    def count(self) -> int:
        """Events that were committed by now, as far as they have come."""
        while found := self._consumer.consume(_AT_ONCE, 0):
            for message in found:
                if message.error() is None:
                    self._events += sum(_decoder.decode(message.value()).events)
        return self._events

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()
