"""The sink from Kafka to queryable, against the engine's own insert of the same prepared blocks, in the same run.

    python -m benchmarks.sink [--events 3600000] [--runs 3] [--json FILE]

The engine's figure is of blocks inserted one after another, as one client does; beside it that of several at once. The
run is long enough for the merges that inserts cause to fall into it, in both.
Also what an event costs in the sink by part, in microseconds of CPU: decoding and taking apart, building the block,
sending it; and in the engine. Medians of the runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from typing import Any

import psutil

from benchmarks import ending
from benchmarks.sink_load import batches, messages
from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse
from deploy.local.kafka import EmbeddedKafka
from sinks.clickhouse.blocks.event_block import EventBlock
from sinks.clickhouse.consumer import GROUP
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.run import LIMITS, THREADS
from sinks.clickhouse.store import Store
from sinks.connect import connect
from taskstream.endpoints import Endpoints
from taskstream.kafka import topic_admin
from taskstream.kafka.clients import kafka_config, new_admin, new_producer
from taskstream.settings import Settings, load
from taskstream.topics import CLEAN

PARTITIONS = 4


def blocks_of(partitions: list[list[bytes]]) -> tuple[list[bytes], float, float]:
    """The blocks that the sink would make, and CPU seconds for decoding and taking apart, and for building them."""
    made, apart, built = [], 0.0, 0.0
    for values in partitions:
        waiting = iter(values)
        value = next(waiting, None)
        while value is not None:
            block = EventBlock()
            began = time.process_time()
            while value is not None and block.rows < LIMITS.rows // PARTITIONS:
                block.add(value)
                value = next(waiting, None)
            middle = time.process_time()
            block.seal()
            apart += middle - began
            built += time.process_time() - middle
            made.append(block.build())
    return made, apart, built


def engine_run(store: Store, blocks: list[bytes], run: int, threads: int) -> float:
    """Seconds for the engine to take ``blocks``, ``threads`` at once."""
    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        tasks = [pool.submit(store.insert, "ui_events", block, f"{run}-{n}") for n, block in enumerate(blocks)]
        for task in tasks:
            task.result()
    return time.perf_counter() - began


def sink_run(client: Any, environment: dict[str, str], events: int) -> tuple[float, float]:
    """Events a second from the first queryable row to the last, and CPU seconds of the sink's process meanwhile."""
    process = subprocess.Popen([sys.executable, "-m", "taskstream", "sink"], env=environment, stderr=subprocess.DEVNULL)
    try:
        watched = psutil.Process(process.pid)
        count, first, began, cpu = 0, 0, 0.0, 0.0
        deadline = time.perf_counter() + 300
        while count < events:
            count = int(client.query("SELECT count() FROM ui_events").result_rows[0][0])
            if count and not first:
                first, began = count, time.perf_counter()
                used = watched.cpu_times()
                cpu = used.user + used.system
            if time.perf_counter() > deadline:
                raise SystemExit(f"the sink stored {count} of {events} events")
            time.sleep(0.05)  # each look costs the engine two milliseconds
        used = watched.cpu_times()
        return (events - first) / (time.perf_counter() - began), (used.user + used.system - cpu) / (events - first)
    finally:
        process.terminate()
        process.wait(30)


def produce(settings: Settings, partitions: list[list[bytes]]) -> None:
    """Put each partition's messages into the topic of clean events, one of each in turn."""
    config = {"compression.type": "lz4", "linger.ms": 50, "queue.buffering.max.messages": 2_000_000}
    producer = new_producer(kafka_config(settings, "bench") | config)
    for row in zip_longest(*partitions):
        for partition, value in enumerate(row):
            if value is not None:
                producer.produce(settings.prefix + CLEAN.name, value, partition=partition)
        producer.poll(0)
    producer.flush(60)


def measure(events: int, runs: int) -> dict[str, Any]:
    """All figures."""
    partitions = messages(batches(events, 20, people=500), PARTITIONS)
    blocks, apart, built = blocks_of(partitions)
    total = events
    rates: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = load(home=home, partitions=PARTITIONS)
        broker = EmbeddedKafka(home / "kafka", settings.cache)
        kafka = broker.start()
        try:
            with EmbeddedClickHouse(home / "clickhouse") as server:
                settings = settings.model_copy(update={"kafka": kafka})
                topic_admin.apply(settings, dry_run=False)
                produce(settings, partitions)
                endpoints = Endpoints(kafka, server.url, server.user, server.password)
                admin = new_admin(kafka_config(settings, "bench"))
                engine = psutil.Process(server.pid)
                for run in range(runs):
                    database = f"bench{run}"
                    migrate(connect(endpoints), database)
                    client = connect(endpoints, database)
                    used = engine.cpu_times()
                    seconds = engine_run(Store(client), blocks, run, 1)
                    after = engine.cpu_times()
                    rates["engine_events_per_s"].append(total / seconds)
                    rates["engine_cpu_us"].append((after.user + after.system - used.user - used.system) / total * 1e6)
                    client.command("TRUNCATE TABLE ui_events")
                    parallel = engine_run(Store(client), blocks, runs + run, THREADS)
                    rates["engine_parallel_events_per_s"].append(total / parallel)
                    client.command("TRUNCATE TABLE ui_events")
                    environment = os.environ | {
                        "TASKSTREAM_HOME": folder, "TASKSTREAM_KAFKA": kafka, "TASKSTREAM_DATABASE": database,
                        "TASKSTREAM_CLICKHOUSE": server.url, "TASKSTREAM_CLICKHOUSE_USER": server.user,
                        "TASKSTREAM_CLICKHOUSE_PASSWORD": server.password,
                    }  # fmt: skip
                    rate, cpu = sink_run(client, environment, total)
                    rates["sink_events_per_s"].append(rate)
                    rates["sink_cpu_us"].append(cpu * 1e6)
                    client.command(f"DROP DATABASE {database}")
                    group = settings.prefix + GROUP
                    admin.delete_consumer_groups([group])[group].result(30)
        finally:
            broker.stop()
    figures: dict[str, Any] = {name: statistics.median(values) for name, values in rates.items()}
    figures |= {"decode_us": apart / total * 1e6, "build_us": built / total * 1e6, "runs": rates}
    figures["sink_vs_engine"] = figures["sink_events_per_s"] / figures["engine_events_per_s"]
    return figures


def main() -> None:
    """Measure, print, and write JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=3_600_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    figures = measure(asked.events, asked.runs)
    for name in ("sink_events_per_s", "engine_events_per_s", "engine_parallel_events_per_s"):
        print(f"{name:28} {figures[name]:>12,.0f}")
    for name in ("sink_vs_engine", "decode_us", "build_us", "sink_cpu_us", "engine_cpu_us"):
        print(f"{name:28} {figures[name]:>12.2f}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    ending.run(main)
