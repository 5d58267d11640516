"""Keeps what faults are about to remove: input for the undisturbed run, derived facts for the comparison."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import msgspec

from benchmarks.chaos.testbed import Testbed
from benchmarks.chaos.topic_log import DERIVED, is_foreign, read
from streams.runtime.restore import Position, item_key
from taskstream.event_columns import batches, decode
from taskstream.events import BATCH_TYPE, EventBatch
from taskstream.kafka.clients import kafka_config, new_producer

CLEAN: Final = "ui-events.clean"


class CalmInput:
    """Copies the log to a second set of topics: same partitions, order and times, without what was removed unread."""

    def __init__(self, testbed: Testbed) -> None:
        self._testbed = testbed
        self.skipped: set[tuple[str, int]] = set()
        self._next: dict[int, int] = {}

    def copy(self, until: dict[int, int] | None = None) -> None:
        """Copy what came since the last time; of each partition what stands before ``until``.

        Raises:
            TimeoutError: Kafka does not take it.
        """
        config = kafka_config(self._testbed.kafka_settings(), "chaos") | {"enable.idempotence": True}
        producer = new_producer(config)  # a new one knows of partitions that were added
        for partition, messages in read(self._testbed, "chaos.ui-events", self._next).items():
            for message in messages:
                if until is None or message.offset() < until.get(partition, 0):
                    _produce(producer, partition, message)
                    self._next[partition] = message.offset() + 1
        if producer.flush(120):
            raise TimeoutError("the log could not be copied")

    def skip(self, until: dict[int, int]) -> None:
        """What stands before ``until`` and was not copied will be gone: its events are kept in ``skipped``."""
        for partition, messages in read(self._testbed, "chaos.ui-events", self._next).items():
            for message in messages:
                if message.offset() < until.get(partition, 0):
                    self.skipped.update(_events_sent(message))
                    self._next[partition] = message.offset() + 1

    def begin_anew(self) -> None:
        """The topic was created anew and counts from 0."""
        self._next.clear()


class Derived:
    """The derived facts of one run: values by topic and partition; of clean events agent and number."""

    def __init__(self, testbed: Testbed, prefix: str) -> None:
        self._testbed, self._prefix = testbed, prefix
        self.values: dict[str, dict[int, list[bytes]]] = {topic: defaultdict(list) for topic in DERIVED}
        self.events: list[tuple[str, int]] = []
        self._next: defaultdict[str, dict[int, int]] = defaultdict(dict)

    def collect(self, *topics: str) -> None:
        """Add what came since the last time (to all topics when none is named)."""
        for topic in topics or (*DERIVED, CLEAN):
            for partition, messages in read(self._testbed, self._prefix + topic, self._next[topic]).items():
                for message in messages:
                    self._next[topic][partition] = message.offset() + 1
                    if not is_foreign(message):
                        self._add(topic, partition, message.value())

    def count(self) -> int:
        """How many values and events there are by now."""
        self.collect()
        return sum(self.total().values()) + len(self.events)

    def next_of(self, topic: str) -> dict[int, int]:
        """The offset after the last message of each partition."""
        return self._next[topic]

    def begin_anew(self, topic: str) -> None:
        """The topic was created anew and counts from 0."""
        self._next[topic].clear()

    def by_partition(self, topic: str) -> dict[int, list[bytes]]:
        """A topic's values, sorted: partitions interleave differently in each run."""
        return {partition: sorted(values) for partition, values in self.values[topic].items() if values}

    def total(self) -> dict[str, int]:
        """How many values each topic has had."""
        return {topic: sum(map(len, found.values())) for topic, found in self.values.items()}

    def _add(self, topic: str, partition: int, value: bytes) -> None:
        if topic == CLEAN:
            self.events += events_of(value)
        else:
            self.values[topic][partition].append(value)


def events_of(value: bytes) -> list[tuple[str, int]]:
    """Agent and number of each event of a message of clean events."""
    return [(batch.agent, batch.first_seq + n) for batch in batches(decode(value)) for n in range(len(batch.events))]


def _produce(producer: Any, partition: int, message: Any) -> None:
    while True:
        try:
            producer.produce(
                "calm.ui-events", message.value(), message.key(), partition=partition,
                timestamp=message.timestamp()[1], headers=message.headers(),
            )  # fmt: skip
            return
        except BufferError:
            producer.poll(0.1)


def _events_sent(message: Any) -> list[tuple[str, int]]:
    if is_foreign(message) or ("ce_type", BATCH_TYPE) not in (message.headers() or ()):
        return []
    batch = msgspec.json.decode(message.value(), type=EventBatch)
    return [(batch.agent, batch.first_seq + n) for n in range(len(batch.events))]


def positions(testbed: Testbed, topic: str, item: str = "position") -> dict[int, int]:
    """The next offset of each partition of ``topic`` as the workers left it in their state; ``item`` may also be
    ``snapshot``: what stands before it is not run again."""
    found: dict[int, int] = {}
    key = item_key(topic, item)
    for partition, messages in read(testbed, "chaos.state").items():
        for message in messages:
            if message.key() == key and message.value() and not is_foreign(message):
                found[partition] = msgspec.msgpack.decode(message.value(), type=Position).next
    return found
