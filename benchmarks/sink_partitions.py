"""The sink over many partitions, at the rate of 100,000 desktops: inserts a second, parts, freshness.

    python -m benchmarks.sink_partitions [--partitions 96] [--agents 100000] [--rate 52000] [--seconds 60] [--json FILE]

Each partition gets a message of batches of 20 events every quarter of a second, as from workers, from one agent after
the other. Inserts are counted by the engine: every part that an insert makes takes the next block number of its month.
Freshness is from the hand-over (``sent_ms``) to the row's insertion (``stored_ms``), as ClickHouse itself tells it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil

from benchmarks import ending
from benchmarks.sink_load import batches
from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse
from deploy.local.kafka import EmbeddedKafka
from sinks.clickhouse.migrate import migrate
from sinks.connect import connect
from streams.stages.gather import BatchColumns
from taskstream.endpoints import Endpoints
from taskstream.errors import ServiceError
from taskstream.events import EventBatch
from taskstream.kafka import topic_admin
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.settings import Settings, load
from taskstream.topics import CLEAN

BATCH: Final = 20
TICK_S: Final = 0.25
WARM_UP_S: Final = 10
"""ManyAgents before the figures are taken, again and again until the sink is less than a second of events behind."""
END_S: Final = 120.0
TOPICS_S: Final = 120.0


class ManyAgents:
    """Messages of ``ui-events.clean``: real batches, under the names of as many agents as wanted."""

    def __init__(self, partitions: int, agents: int) -> None:
        self._batches: Iterator[EventBatch] = cycle(list(batches(60_000, BATCH, people=500)))
        self._agents = [cycle(range(p, agents, partitions)) for p in range(partitions)]
        self._seq = [0] * agents

    def message(self, partition: int, events: int) -> tuple[bytes, int]:
        """A message of about so many events, and how many there are."""
        columns = BatchColumns()
        while columns.rows < events:
            agent = next(self._agents[partition])
            batch = msgspec.structs.replace(
                next(self._batches), agent=f"a{agent:016x}", actor=f"p{agent:032x}", first_seq=self._seq[agent],
                sent_ms=time.time_ns() // 1_000_000,
            )  # fmt: skip
            self._seq[agent] += len(batch.events)
            columns.add(batch, 0)
        rows = columns.rows
        return columns.take()[1], rows


class StoredSoFar:
    """What the engine has, and what was used for it."""

    def __init__(self, client: Any, processes: dict[str, psutil.Process]) -> None:
        self.at = time.monotonic()
        self.rows = int(client.query("SELECT count() FROM ui_events").result_rows[0][0])
        self.inserts, self.parts = client.query(
            "SELECT sum(last), sum(parts) FROM (SELECT max(max_block_number) AS last, count() AS parts "
            "FROM system.parts WHERE active AND database = currentDatabase() AND table = 'ui_events' "
            "GROUP BY partition)"
        ).result_rows[0]
        self.cpu_s = {name: sum(process.cpu_times()[:2]) for name, process in processes.items()}


def make_topics(settings: Settings) -> None:
    """Create all topics: two thousand partitions, for which a busy broker takes longer than users are to wait."""
    deadline = time.monotonic() + TOPICS_S
    while True:
        try:
            topic_admin.apply(settings, dry_run=False)
            return
        except ServiceError:
            if time.monotonic() > deadline:
                raise


def feed(settings: Settings, load_: ManyAgents, rate: int, seconds: float) -> int:
    """Send for so long; returns the events."""
    config = {"compression.type": "lz4", "linger.ms": 5, "batch.size": 1_000_000}
    producer = new_producer(kafka_config(settings, "bench") | config)
    partitions, began, sent = settings.partitions, time.monotonic(), 0
    each = round(rate * TICK_S / partitions)
    while time.monotonic() - began < seconds:
        for partition in range(partitions):
            value, rows = load_.message(partition, each)
            producer.produce(settings.prefix + CLEAN.name, value, partition=partition)
            sent += rows
            producer.poll(0)
            time.sleep(max(0.0, sent / rate - (time.monotonic() - began)))
    producer.flush(30)
    return sent


def wait_for(client: Any, events: int) -> int:
    """Wait until so many events are stored; returns how many are."""
    deadline = time.monotonic() + END_S
    while (rows := int(client.query("SELECT count() FROM ui_events").result_rows[0][0])) < events:
        if time.monotonic() > deadline:
            raise SystemExit(f"the sink stored {rows:,} of {events:,} events")
        time.sleep(0.2)
    return rows


def measure(settings: Settings, client: Any, engine: int, environment: dict[str, str], given: Any) -> dict[str, Any]:
    """All figures."""
    load_ = ManyAgents(given.partitions, given.agents)
    sink = subprocess.Popen([sys.executable, "-m", "taskstream", "sink"], env=environment, stderr=subprocess.DEVNULL)
    try:
        processes = {"sink": psutil.Process(sink.pid), "engine": psutil.Process(engine)}
        total = feed(settings, load_, given.rate, WARM_UP_S)
        wait_for(client, total - given.rate)
        before, since_ms = StoredSoFar(client, processes), time.time_ns() // 1_000_000
        sent = feed(settings, load_, given.rate, given.seconds)
        after, until_ms = StoredSoFar(client, processes), time.time_ns() // 1_000_000
        total += sent
        rows = wait_for(client, total)
        (median, high, most), distinct = client.query(
            "SELECT quantilesExact(0.5, 0.99, 1)(stored_ms::Int64 - sent_ms::Int64), uniqExact((agent, seq)) FROM "
            "(SELECT toUnixTimestamp64Milli(stored_ms) AS stored_ms, toUnixTimestamp64Milli(sent_ms) AS sent_ms, "
            f"agent, seq FROM ui_events) WHERE sent_ms BETWEEN {since_ms} AND {until_ms}"
        ).result_rows[0]
        seconds, stored = after.at - before.at, after.rows - before.rows
        return {
            "partitions": given.partitions,
            "events_per_s": round(sent / seconds),
            "rows_per_s": round(stored / seconds),
            "inserts_per_s": round((after.inserts - before.inserts) / seconds, 2),
            "active_parts": int(after.parts),
            "freshness_ms": {"p50": round(median), "p99": round(high), "most": round(most)},
            "cpu_us_per_event": {
                name: round((used - before.cpu_s[name]) / stored * 1e6, 2) for name, used in after.cpu_s.items()
            },
            "memory_mb": processes["sink"].memory_info().rss // 1_000_000,
            "lost": sent - distinct,
            "duplicated": rows - total,
        }
    finally:
        sink.terminate()
        sink.wait(30)


def main() -> None:
    """Start the servers, measure, print, and write JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partitions", type=int, default=96)
    parser.add_argument("--agents", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=52_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = load(home=Path(folder), partitions=given.partitions)
        broker = EmbeddedKafka(Path(folder) / "kafka", settings.cache)
        try:
            settings = settings.model_copy(update={"kafka": broker.start()})
            make_topics(settings)
            with EmbeddedClickHouse(Path(folder) / "clickhouse") as server:
                endpoints = Endpoints(settings.kafka, server.url, server.user, server.password)
                migrate(connect(endpoints), "bench")
                environment = os.environ | {
                    "TASKSTREAM_HOME": folder, "TASKSTREAM_KAFKA": settings.kafka, "TASKSTREAM_DATABASE": "bench",
                    "TASKSTREAM_CLICKHOUSE": server.url, "TASKSTREAM_CLICKHOUSE_USER": server.user,
                    "TASKSTREAM_CLICKHOUSE_PASSWORD": server.password,
                }  # fmt: skip
                found = measure(settings, connect(endpoints, "bench"), server.pid, environment, given)
        finally:
            broker.stop()
    print(json.dumps(found, indent=2))
    if given.json:
        given.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    ending.run(main)
