"""Recovery of a killed worker, and its memory, with the state of 20,000 active agents.

    python -m benchmarks.recovery [--agents 20000] [--repeats 3] [--json FILE]

A worker works through a filled topic at full speed and is killed (SIGKILL) when all of it is committed. One message
of each partition waits in Kafka when its successor starts; the time counts from the start of that process to the first
message of ``ui-events.clean`` that a reader of committed records can see, and to the last of them.
Memory is resident memory, the most that was seen: while catching up, and from the restore to the last result.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import psutil
from confluent_kafka import Consumer, Producer

from benchmarks.streams_load import multiplied, partition_of
from benchmarks.worker import LIMIT_S, PARTITIONS, broker, ends, fill_with
from taskstream.events import BATCH_TYPE, EventBatch, encode

PEOPLE: Final = 20
EVENTS_EACH: Final = 60
"""Events of an agent before the kill, on average."""
SETTLE_S: Final = 5.0
"""Standstill of the output after which all of the input counts as committed."""


def start(kafka: str, prefix: str, home: Path) -> subprocess.Popen[bytes]:
    """A worker process."""
    names = {"KAFKA": kafka, "PREFIX": prefix, "HOME": str(home), "PARTITIONS": str(PARTITIONS)}
    environment = os.environ | {f"TASKSTREAM_{name}": value for name, value in names.items()}
    return subprocess.Popen([sys.executable, "-m", "taskstream", "worker"], env=environment, stderr=subprocess.DEVNULL)


class Watch:
    """Follows the clean topic and the memory of a worker."""

    def __init__(self, consumer: Consumer, topic: str, process: subprocess.Popen[bytes]) -> None:
        self._consumer, self._topic, self._process = consumer, topic, process
        self._memory = psutil.Process(process.pid)
        self.peak_mb = 0.0

    def count(self) -> int:
        """Records now in the topic. Transaction markers count too, so it only tells that something came."""
        if self._process.poll() is not None:
            raise SystemExit(f"the worker ended with {self._process.returncode}")
        self.peak_mb = max(self.peak_mb, self._memory.memory_info().rss / 1e6)
        return ends(self._consumer, self._topic)

    def beyond(self, count: int) -> float:
        """When the topic held more than ``count`` (monotonic seconds)."""
        deadline = time.monotonic() + LIMIT_S
        while self.count() <= count:
            if time.monotonic() > deadline:
                raise SystemExit(f"nothing came in {LIMIT_S:.0f} s")
            time.sleep(0.02)
        return time.monotonic()

    def still(self, wanted: int) -> int:
        """Wait until ``wanted`` records are there and no more come; returns how many are."""
        self.beyond(wanted - 1)
        last, since = self.count(), time.monotonic()
        while time.monotonic() - since < SETTLE_S:
            time.sleep(0.1)
            now = self.count()
            if now != last:
                last, since = now, time.monotonic()
        return last


def send(kafka: str, prefix: str, load: Iterable[EventBatch]) -> None:
    """Put batches into ``ui-events``."""
    producer = Producer({"bootstrap.servers": kafka})
    for batch in load:
        target = partition_of(batch, PARTITIONS)
        producer.produce(
            f"{prefix}ui-events", encode(batch), batch.actor.encode(), target, headers=[("ce_type", BATCH_TYPE)]
        )
    producer.flush(30)


def recover(kafka: str, agents: int) -> dict[str, float]:
    """One kill and recovery."""
    copies = agents // PEOPLE
    events = agents * EVENTS_EACH
    more = PARTITIONS * 4 * 20 * copies  # enough to find one further message of each partition behind the load
    load = multiplied(copies, 20, events + more, people=PEOPLE)
    messages = 0

    def part() -> Iterable[EventBatch]:
        nonlocal messages
        for batch in load:
            yield batch
            messages += 1
            if messages * 20 >= events:
                return

    prefix = fill_with(kafka, part())
    waiting: dict[int, EventBatch] = {}
    for batch in load:
        waiting.setdefault(partition_of(batch, PARTITIONS), batch)
        if len(waiting) == PARTITIONS:
            break
    topic = f"{prefix}ui-events.clean"
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "bench", "isolation.level": "read_committed"})
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        stack.callback(consumer.close)
        process = start(kafka, prefix, Path(home))
        stack.callback(_end, process)
        watch = Watch(consumer, topic, process)
        before = watch.still(messages)
        process.kill()
        process.wait()
        send(kafka, prefix, waiting.values())
        began = time.monotonic()
        successor = start(kafka, prefix, Path(home))
        stack.callback(_end, successor)
        after = Watch(consumer, topic, successor)
        first_s = after.beyond(before) - began
        after.still(before + len(waiting))
        return {
            "recovery_s": first_s,
            "memory_catch_up_mb": watch.peak_mb,
            "memory_restored_mb": after.peak_mb,
        }


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--kafka", default="")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found: list[dict[str, float]] = []
    with broker(given.kafka) as kafka:
        for repeat in range(given.repeats):
            found.append(recover(kafka, given.agents))
            sys.stderr.write(f"repeat {repeat + 1} of {given.repeats}: {found[-1]}\n")
    result: dict[str, Any] = {name: round(statistics.median(one[name] for one in found), 2) for name in found[0]}
    result |= {"agents": given.agents, "runs": found}
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    if given.json:
        given.json.write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
