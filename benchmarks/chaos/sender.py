"""Sends the load to Kafka at a rate, and can pause."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.chaos.load import Load
from benchmarks.chaos.testbed import Testbed
from taskstream.events import BATCH_TYPE, HEARTBEAT_TYPE, EventBatch, Heartbeat, encode
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.kafka.partitioning import partition_of

FLUSH_S = 600.0
"""Kafka may be away for minutes (seconds)."""


class Sender(threading.Thread):
    """Sends the load at ``rate`` events a second until told to stop; then one heartbeat to each partition.

    ``events`` are all that were sent, by agent and number.
    """

    def __init__(self, testbed: Testbed) -> None:
        super().__init__(name="load", daemon=True)
        self.load = Load(testbed.seed, agents=200)
        self.failed = 0
        self.events: set[tuple[str, int]] = set()
        self._testbed = testbed
        self._partitions: dict[str, int] = {}
        self._stop_now = threading.Event()
        self._turn = threading.Lock()
        self._producer = self._new_producer()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While nothing is sent; all that was sent is in Kafka."""
        with self._turn:
            if self._producer.flush(FLUSH_S):
                raise TimeoutError("the load could not be sent")
            yield
            self._producer = self._new_producer()  # the topic may be another one

    def log_in_again(self) -> None:
        """Everybody goes on as a new agent. Call while :meth:`paused`."""
        self.load.log_in_again()

    def finish(self) -> None:
        """Stop, and close what is open."""
        self._stop_now.set()
        self.join()
        self._producer.flush(FLUSH_S)
        for partition in range(self._testbed.partitions):
            day = encode(Heartbeat(schema=1, advance_ms=86_400_000))
            self._producer.produce("chaos.ui-events", day, partition=partition, headers={"ce_type": HEARTBEAT_TYPE})
        self._producer.flush(60)

    def run(self) -> None:
        """The thread's work."""
        began, paused_s = time.monotonic(), 0.0
        for batch in self.load.batches():
            asked = time.monotonic()
            with self._turn:
                paused_s += time.monotonic() - asked
                self._send(batch)
            ahead = self.load.sent / self._testbed.rate - (time.monotonic() - began - paused_s)
            if self._stop_now.wait(max(0.0, ahead)) if ahead > 0.01 else self._stop_now.is_set():
                break

    def _new_producer(self) -> Any:
        config = {
            "enable.idempotence": True, "compression.type": "zstd", "linger.ms": 20,
            "message.timeout.ms": int(FLUSH_S * 1000),
        }  # fmt: skip
        return new_producer(kafka_config(self._testbed.kafka_settings(), "chaos") | config)

    def _send(self, batch: EventBatch) -> None:
        # As desktops do: an agent stays where it began, also with what is sent again after the topic was widened.
        partitions = self._partitions.setdefault(batch.agent, self._testbed.partitions)
        while True:
            try:
                self._producer.produce(
                    "chaos.ui-events", encode(batch), batch.actor, partition_of(batch.actor.encode(), partitions),
                    headers={"ce_type": BATCH_TYPE}, on_delivery=self._done,
                )  # fmt: skip
                break
            except BufferError:
                self._producer.poll(0.1)
        self._producer.poll(0)
        self.events.update((batch.agent, batch.first_seq + n) for n in range(len(batch.events)))

    def _done(self, error: object, _message: object) -> None:
        self.failed += error is not None
