"""The whole pipeline on one machine: broker, worker, sink and ClickHouse engine, all stages, exactly once.

    python -m benchmarks.pipeline [--events 3000000] [--seconds 60] [--json FILE]

* **Throughput**: the topic is filled first, then one worker and one sink start together. The rate is all events over
  the time from the first row stored to the last, so neither of the two can run ahead at the other's expense.
* **Freshness**: afterwards events come at 2,000 a second; from the hand-over by the agent (``sent_ms``) to the row's
  insertion (``stored_ms``), as ClickHouse itself tells it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clickhouse_connect
import msgspec
import psutil
from confluent_kafka import Producer

from benchmarks.streams_load import batches, partition_of
from deploy.embedded.clickhouse.process import EmbeddedClickHouse
from deploy.embedded.kafka import EmbeddedKafka
from taskstream.events import BATCH_TYPE, EventBatch, encode
from taskstream.settings import load

PARTITIONS = 4
PREFIX = "pipeline."
RATE = 2_000
"""Events a second at which freshness is measured."""
PATIENCE_S = 60.0
"""Standstill after which the run is given up."""


class Pipeline:
    """Broker and engine, and the processes of Taskstream as they are asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.kafka = EmbeddedKafka(folder / "kafka", load().cache)
        self.clickhouse = EmbeddedClickHouse(folder / "clickhouse", user="taskstream")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.bootstrap = self.kafka.start()
        self.url = self.clickhouse.start()
        self.run("topics", "apply")
        self.run("migrate")
        self.client = clickhouse_connect.get_client(
            dsn=self.url, username="taskstream", password=self.clickhouse.password, database="taskstream"
        )

    def _environment(self) -> dict[str, str]:
        names = {
            "HOME": str(self._folder),
            "KAFKA": self.bootstrap,
            "CLICKHOUSE": self.url,
            "CLICKHOUSE_USER": "taskstream",
            "CLICKHOUSE_PASSWORD": self.clickhouse.password,
            "PREFIX": PREFIX,
            "PARTITIONS": str(PARTITIONS),
        }
        return os.environ | {f"TASKSTREAM_{name}": value for name, value in names.items()}

    def run(self, *words: str) -> None:
        """Run a command to its end."""
        command = [sys.executable, "-m", "taskstream", *words]
        subprocess.run(command, env=self._environment(), check=True, stdout=subprocess.DEVNULL)

    def start(self, word: str) -> None:
        """Start a process of Taskstream."""
        with (self._folder / f"{word}.log").open("ab") as log:
            command = [sys.executable, "-m", "taskstream", word]
            self._processes[word] = subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log)

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds used so far by each part."""
        pids = {name: process.pid for name, process in self._processes.items()}
        pids |= {"broker": self.kafka.pid, "engine": self.clickhouse.pid}
        return {name: sum(psutil.Process(pid).cpu_times()[:2]) for name, pid in pids.items()}

    def memory_mb(self) -> dict[str, int]:
        """Resident memory of each process of Taskstream."""
        pids = {name: process.pid for name, process in self._processes.items()}
        return {name: psutil.Process(pid).memory_info().rss // 1_000_000 for name, pid in pids.items()}

    def stored(self) -> int:
        """Rows in ``ui_events``."""
        return int(self.client.query("SELECT count() FROM ui_events").result_rows[0][0])

    def close(self) -> None:
        """Stop everything."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
        self.clickhouse.stop()
        self.kafka.stop()


def send(kafka: str, load_: Iterator[EventBatch], rate: int | None) -> int:
    """Send the load, as fast as possible or at ``rate`` events a second with its hand-over time; returns the events."""
    producer = Producer(
        {
            "bootstrap.servers": kafka,
            "compression.type": "zstd",
            "linger.ms": 20 if rate else 100,
            "batch.size": 1_000_000,
        }
    )
    headers = [("ce_type", BATCH_TYPE)]
    began, sent = time.monotonic(), 0
    for batch in load_:
        if rate:
            time.sleep(max(0.0, sent / rate - (time.monotonic() - began)))
            batch = msgspec.structs.replace(batch, sent_ms=time.time_ns() // 1_000_000)
        target = partition_of(batch, PARTITIONS)
        while True:
            try:
                producer.produce(f"{PREFIX}ui-events", encode(batch), batch.actor.encode(), target, headers=headers)
                break
            except BufferError:
                producer.poll(0.2)
        producer.poll(0)
        sent += len(batch.events)
    producer.flush(60)
    return sent


def wait_for(pipeline: Pipeline, wanted: int) -> tuple[float, float]:
    """Wait until ``wanted`` rows are stored; the times of the first and of the last, by the monotonic clock."""
    first, count, changed = 0.0, 0, time.monotonic()
    while count < wanted:
        now = pipeline.stored()
        if now != count:
            count, changed = now, time.monotonic()
            first = first or changed
        elif time.monotonic() - changed > PATIENCE_S:
            raise SystemExit(f"stands still at {count:,} of {wanted:,} rows")
        time.sleep(0.2)
    return first, changed


def measure(events: int, seconds: int, folder: Path) -> dict[str, Any]:
    """Throughput, then freshness."""
    pipeline = Pipeline(folder)
    try:
        load_ = batches(20, events + RATE * seconds)
        sent, part = 0, []
        for batch in load_:
            part.append(batch)
            sent += len(batch.events)
            if sent >= events:
                break
            if len(part) == 5_000:
                send(pipeline.bootstrap, iter(part), None)
                part.clear()
        send(pipeline.bootstrap, iter(part), None)
        pipeline.start("worker")
        pipeline.start("sink")
        before = pipeline.cpu_s()
        first, last = wait_for(pipeline, sent)
        used = {name: round((now - before[name]) / sent * 1e6, 2) for name, now in pipeline.cpu_s().items()}
        more = send(pipeline.bootstrap, load_, RATE)
        wait_for(pipeline, sent + more)
        median, high = pipeline.client.query(
            "SELECT quantilesExact(0.5, 0.99)(toUnixTimestamp64Milli(stored_ms) - toUnixTimestamp64Milli(sent_ms)) "
            "FROM ui_events WHERE toUnixTimestamp64Milli(sent_ms) > 0"
        ).result_rows[0][0]
        rows, distinct = pipeline.client.query("SELECT count(), uniqExact((agent, seq)) FROM ui_events").result_rows[0]
        return {
            "events": sent,
            "pipeline_events_per_s": round(sent / (last - first)),
            "seconds": round(last - first, 1),
            "cpu_us_per_event": used,
            "memory_mb": pipeline.memory_mb(),
            "freshness_ms": {"p50": round(median), "p99": round(high)},
            "freshness_rate": RATE,
            "lost": sent + more - distinct,
            "duplicated": rows - distinct,
        }
    finally:
        pipeline.close()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=3_000_000, help="events of the throughput run")
    parser.add_argument("--seconds", type=int, default=60, help="length of the freshness run")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="taskstream-bench-") as folder:
        found = measure(given.events, given.seconds, Path(folder))
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    if given.json:
        given.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
