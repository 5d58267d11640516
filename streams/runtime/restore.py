"""Bring a partition's operator to the committed position: load its snapshot, then run the input since then again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from msgspec import Struct, msgpack

from streams.operator import InputRecord, Operator
from taskstream.errors import ServiceError
from taskstream.kafka.clients import new_consumer, reading
from taskstream.settings import Settings
from taskstream.topics import STATE, UI_EVENTS

log = logging.getLogger("taskstream.streams")

DEADLINE_S: Final = 120.0
"""A restore that takes longer has met something that will not get better."""
BREATH_RECORDS: Final = 20
BREATH_S: Final = 0.001
"""After so many records the event loop gets its turn (seconds)."""
BATCH: Final = 1_000
"""Messages taken at once; the call waits for so many or 50 ms."""

M = TypeVar("M", bound=Operator)

_turn = threading.Lock()


class UnwantedError(Exception):
    """The partition was taken away while it was being restored."""


class Position(Struct, array_like=True, frozen=True):
    """The next offset of the input: everything before it is in the outputs (key ``position``) or in the snapshot."""

    next: int


class Restored(Struct):
    """An operator, and the next offset to give it.

    ``replayed``  records that were run again; ``lost``  records that Kafka no longer has
    """

    operator: Any
    position: int
    items: int
    replayed: int
    lost: int
    seconds: float


def item_key(topic: str, name: str) -> bytes:
    """Key in the state topic of an item of the partition of ``topic`` that has the state partition's number."""
    return f"{topic}/{name}".encode()


def restore(
    settings: Settings, topic: str, partition: int, make: Callable[[], Operator], wanted: Callable[[], bool]
) -> Restored:
    """The operator of ``partition`` of ``topic`` as of its last committed transaction.

    Call it after the predecessor has been fenced: what it left open is settled then.

    Raises:
        ServiceError: Kafka cannot be read in time, or a topic does not exist.
        UnwantedError: ``wanted()`` has become false.
    """
    started = time.monotonic()
    deadline = started + DEADLINE_S
    items = _items(settings, topic, partition, deadline)
    operator = make()
    snapshot = _position(items.pop("snapshot", None))
    position = max(_position(items.pop("position", None)), snapshot)
    replayed, lost, expected = 0, 0, snapshot
    # One partition at a time: this is Python at work, and several threads of it would only take turns, and starve the
    # event loop of the heartbeats that keep the partitions.
    with _turn:
        operator.load(items)
        deadline = time.monotonic() + DEADLINE_S
        for record in _input(settings, settings.prefix + topic, partition, snapshot, position, deadline):
            if replayed == 0 and record.offset > expected and topic == UI_EVENTS.name:
                lost = record.offset - expected
            operator.apply(record)
            replayed += 1
            if replayed % BREATH_RECORDS == 0:
                time.sleep(BREATH_S)
                if not wanted():
                    raise UnwantedError
        operator.flush()
    return Restored(operator, position, len(items), replayed, lost, time.monotonic() - started)


def _position(data: bytes | None) -> int:
    return 0 if data is None else msgpack.decode(data, type=Position).next


def _items(settings: Settings, topic: str, partition: int, deadline: float) -> dict[str, bytes]:
    name = settings.prefix + STATE.name
    start = f"{topic}/".encode()
    # The end is asked for without regard to open transactions: ours are settled, but what we look for may lie behind an
    # open one of the other phase, and then the end of committed records comes too early.
    end = _end(settings, name, partition, deadline)
    items: dict[str, bytes] = {}
    for message in _read(settings, name, partition, 0, end, deadline):
        key = message.key()
        if key is None or not key.startswith(start):
            continue
        item = key[len(start) :].decode()
        value = message.value()
        if value is None:
            items.pop(item, None)
        else:
            items[item] = value
    return items


def _input(
    settings: Settings, name: str, partition: int, start: int, end: int, deadline: float
) -> Iterator[InputRecord]:
    if start >= end:
        return
    for message in _read(settings, name, partition, start, end, deadline):
        yield InputRecord(
            message.offset(), message.timestamp()[1], message.key(), message.value(), tuple(message.headers() or ())
        )


def _consumer(settings: Settings, isolation: str) -> Consumer:
    return new_consumer(
        reading(settings, "restore")
        | {
            "enable.partition.eof": True,
            "isolation.level": isolation,
            "fetch.wait.max.ms": 20,
            "queued.max.messages.kbytes": 32_768,
        }
    )


def _end(settings: Settings, name: str, partition: int, deadline: float) -> int:
    consumer = _consumer(settings, "read_uncommitted")
    try:
        while True:
            try:
                return int(consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=5.0)[1])
            except KafkaException as exception:
                error = exception.args[0]
                if error.code() in (KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART):
                    raise ServiceError(
                        f"topic {name} has no partition {partition}: run `taskstream topics apply`"
                    ) from exception
                _check(deadline, f"{name}: {error.str()}")
                time.sleep(0.1)
    finally:
        consumer.close()


def _read(settings: Settings, name: str, partition: int, start: int, end: int, deadline: float) -> Iterator[Any]:
    """Committed messages at the offsets ``[start, end)``."""
    if start >= end:
        return
    consumer = _consumer(settings, "read_committed")
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
            _check(deadline, f"{name} partition {partition} cannot be read to offset {end}")
    finally:
        consumer.close()


def _check(deadline: float, what: str) -> None:
    if time.monotonic() > deadline:
        raise ServiceError(f"restore took longer than {DEADLINE_S:.0f} s: {what}")
