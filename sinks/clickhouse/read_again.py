"""Reads messages again: blocks do not keep them, so the few that go into dead letters are fetched once more.

To keep them until their block is stored took 30 MB for 200,000 events and, in page faults and cold caches, a tenth of
the sink's rate.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

from confluent_kafka import KafkaError, TopicPartition

from sinks.clickhouse.store import Unavailable
from taskstream.kafka.clients import new_consumer, reading
from taskstream.settings import Settings

READ_S: Final = 10.0
"""How long Kafka may be silent while messages are read (seconds)."""


def read_again(settings: Settings, topic: str, partition: int, offsets: Sequence[int]) -> Mapping[int, bytes]:
    """The values of the messages at ``offsets``; one that Kafka has no longer is missing.

    Raises:
        Unavailable: Kafka did not give them in time.
    """
    wanted, last = set(offsets), max(offsets)
    found: dict[int, bytes] = {}
    consumer = new_consumer(
        reading(settings, "letters") | {"enable.partition.eof": True, "queued.max.messages.kbytes": 8 << 10}
    )
    try:
        consumer.assign([TopicPartition(topic, partition, min(offsets))])
        deadline = time.monotonic() + READ_S
        while time.monotonic() < deadline:
            message = consumer.poll(1.0)
            if message is None:
                continue
            deadline = time.monotonic() + READ_S
            error = message.error()
            offset = message.offset()
            if error is not None:
                if error.code() == KafkaError._PARTITION_EOF:
                    return found
                raise Unavailable(f"{topic}/{partition}: {error.str()}")
            if offset in wanted:
                found[offset] = message.value() or b""
            if offset >= last:
                return found
    finally:
        consumer.close()
    raise Unavailable(f"{topic}/{partition}: messages were not read again: Kafka was silent for {READ_S:.0f} s")
