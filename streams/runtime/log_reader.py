"""Reading one partition of a topic from one offset to another, for a restore."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from taskstream.errors import ServiceError
from taskstream.kafka.clients import new_consumer, reading
from taskstream.settings import Settings

DEADLINE_S: Final = 120.0
"""How long a read may take (seconds); beyond it something is wrong that waiting does not cure."""
BATCH: Final = 1_000
"""Messages taken at once; the call waits for so many or 50 ms."""


class LogReader:
    """``clock`` counts only seconds in which Kafka answers, so an outage of any length is waited out."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock

    def bounds(self, name: str, partition: int) -> tuple[int, int]:
        """The first offset that Kafka holds and the one after the last, open transactions included.

        Raises:
            ServiceError: the partition does not exist, or Kafka does not answer in time.
        """
        deadline = self._clock() + DEADLINE_S
        consumer = self._consumer("read_uncommitted")
        try:
            while True:
                try:
                    low, high = consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=5.0)
                    return int(low), int(high)
                except KafkaException as exception:
                    error = exception.args[0]
                    if error.code() in (KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART):
                        raise ServiceError(
                            f"topic {name} has no partition {partition}: run `taskstream topics apply`"
                        ) from exception
                    self._check(deadline, f"{name}: {error.str()}")
                    time.sleep(0.1)
        finally:
            consumer.close()

    def read(self, name: str, partition: int, start: int, end: int) -> Iterator[Any]:
        """Committed messages at the offsets ``[start, end)``.

        Raises:
            ServiceError: they cannot be read, or not in time.
        """
        if start >= end:
            return
        deadline = self._clock() + DEADLINE_S
        consumer = self._consumer("read_committed")
        try:
            consumer.assign([TopicPartition(name, partition, start)])
            while True:
                for message in consumer.consume(BATCH, timeout=0.05):
                    error = message.error()
                    if error is None:
                        if message.offset() >= end:
                            return
                        yield message
                    elif error.code() == KafkaError._PARTITION_EOF:
                        if message.offset() >= end:
                            return
                    elif error.fatal() or error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                        raise ServiceError(f"topic {name} cannot be read: {error.str()}")
                self._check(deadline, f"{name} partition {partition} cannot be read to offset {end}")
        finally:
            consumer.close()

    def committed(self, group: str, name: str, partition: int) -> int:
        """The offset that a consumer group has committed; 0 where it has none.

        Raises:
            ServiceError: Kafka does not answer in time.
        """
        deadline = self._clock() + DEADLINE_S
        consumer = new_consumer(reading(self._settings, "restore") | {"group.id": group})
        try:
            while True:
                try:
                    found = consumer.committed([TopicPartition(name, partition)], timeout=5.0)[0]
                    return max(0, int(found.offset))
                except KafkaException as exception:
                    self._check(deadline, f"the offsets of group {group}: {exception.args[0].str()}")
                    time.sleep(0.1)
        finally:
            consumer.close()

    def _consumer(self, isolation: str) -> Consumer:
        return new_consumer(
            reading(self._settings, "restore")
            | {
                "enable.partition.eof": True,
                "isolation.level": isolation,
                "fetch.wait.max.ms": 20,
                "queued.max.messages.kbytes": 32_768,
            }
        )

    def _check(self, deadline: float, what: str) -> None:
        if self._clock() > deadline:
            raise ServiceError(f"restore took longer than {DEADLINE_S:.0f} s: {what}")
