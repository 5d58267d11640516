"""Sends the load to Kafka at a rate."""

from __future__ import annotations

import threading
import time

from benchmarks.chaos.load import Load
from benchmarks.chaos.world import PARTITIONS, World
from taskstream.events import BATCH_TYPE, HEARTBEAT_TYPE, Heartbeat, encode
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.settings import KafkaSettings


class Sender(threading.Thread):
    """Sends the load at ``rate`` events a second until told to stop; then one heartbeat to each partition."""

    def __init__(self, world: World) -> None:
        super().__init__(name="load", daemon=True)
        self.load = Load(world.seed, agents=200)
        self._world = world
        self._stop_now = threading.Event()
        self.failed = 0

    def _done(self, error: object, _message: object) -> None:
        self.failed += error is not None

    def finish(self) -> None:
        self._stop_now.set()
        self.join()

    def run(self) -> None:
        config = {
            "enable.idempotence": True, "compression.type": "zstd", "linger.ms": 20, "partitioner": "murmur2_random",
        }  # fmt: skip
        producer = new_producer(kafka_config(KafkaSettings(kafka=self._world.bootstrap), "chaos") | config)
        began = time.monotonic()
        for batch in self.load.batches():
            while True:
                try:
                    producer.produce(
                        "chaos.ui-events",
                        encode(batch),
                        batch.actor,
                        headers={"ce_type": BATCH_TYPE},
                        on_delivery=self._done,
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
            ahead = self.load.sent / self._world.rate - (time.monotonic() - began)
            if self._stop_now.wait(max(0.0, ahead)) if ahead > 0.01 else self._stop_now.is_set():
                break
        producer.flush(120)
        for partition in range(PARTITIONS):
            day = encode(Heartbeat(schema=1, advance_ms=86_400_000))
            producer.produce("chaos.ui-events", day, partition=partition, headers={"ce_type": HEARTBEAT_TYPE})
        producer.flush(60)
