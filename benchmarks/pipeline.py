"""The whole pipeline on one machine: broker, worker, sink and ClickHouse engine, all stages, exactly once.

    python -m benchmarks.pipeline [--events 3000000] [--seconds 60] [--repeats 3] [--json FILE]
    python -m benchmarks.pipeline --sustain 300 --rate 60000 [--search 80000 100000] [--search-seconds 60] [--json FILE]

* **Throughput**: the topic is filled first, then one worker and one sink start together. The rate is all events over
  the time from the first row stored to the last, so neither of the two can run ahead at the other's expense.
* **Freshness**: afterwards events come at 2,000 a second; from the hand-over by the agent (``sent_ms``) to the row's
  insertion (``stored_ms``), as ClickHouse itself tells it.
* **Sustained** (``--sustain``): a process of its own sends at a fixed rate while the others run. The lag (events sent
  and not yet stored) is taken each second; it grows when its line rises by more than :data:`GROWN_S` of events over
  the run, and then the rate is not sustained. ``--search`` tries higher rates after it, each for a shorter time, until
  one is too high.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil

from benchmarks import ending
from benchmarks.streams_load import batches, partition_of
from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse
from deploy.local.kafka import EmbeddedKafka
from sinks.connect import connect
from taskstream.endpoints import Endpoints
from taskstream.events import BATCH_TYPE, EventBatch, encode
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.settings import KafkaSettings, Settings, load

PARTITIONS = 4
PREFIX = "pipeline."
RATE = 2_000
"""Events a second at which freshness is measured."""
PATIENCE_S = 60.0
"""Standstill after which the run is given up."""
END_S: Final = 60.0
"""Time that a process has to end (seconds)."""
WARM_UP: Final = 0.2
"""Share of a sustained run, at its beginning, that does not count for the slope: caches fill, the model grows."""
GROWN_S: Final = 1.0
"""Rise of the lag's line over the run from which it grows, in seconds' worth of events: its saw teeth of transactions
and blocks, half a second high, tilt the line of a short run by less."""
HELD: Final = 0.99
"""Share of the rate that the producer must have sent for the run to count."""


class Pipeline:
    """Broker and engine, and the processes of Taskstream as they are asked for."""

    def __init__(self, folder: Path, partitions: int = PARTITIONS) -> None:
        self._folder = folder
        self._partitions = partitions
        self.kafka = EmbeddedKafka(folder / "kafka", load().cache)
        self.clickhouse = EmbeddedClickHouse(folder / "clickhouse", user="taskstream")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.bootstrap = self.kafka.start()
        self.url = self.clickhouse.start()
        self.run("topics", "apply")
        self.run("migrate")
        self.client = connect(Endpoints("", self.url, "taskstream", self.clickhouse.password), "taskstream")

    def _environment(self) -> dict[str, str]:
        names = {
            "HOME": str(self._folder),
            "KAFKA": self.bootstrap,
            "CLICKHOUSE": self.url,
            "CLICKHOUSE_USER": "taskstream",
            "CLICKHOUSE_PASSWORD": self.clickhouse.password,
            "PREFIX": PREFIX,
            "PARTITIONS": str(self._partitions),
        }
        return os.environ | {f"TASKSTREAM_{name}": value for name, value in names.items()}

    def run(self, *words: str) -> None:
        """Run a command to its end."""
        command = [sys.executable, "-m", "taskstream", *words]
        subprocess.run(command, env=self._environment(), check=True, stdout=subprocess.DEVNULL)

    @property
    def settings(self) -> Settings:
        """How the broker is reached."""
        return Settings(kafka=self.bootstrap, prefix=PREFIX, partitions=self._partitions, home=self._folder)

    def start(self, word: str, name: str = "", **more: str) -> subprocess.Popen[bytes]:
        """Start a process of Taskstream, known as ``name`` from then on; ``more`` are further settings."""
        name = name or word
        environment = self._environment() | {f"TASKSTREAM_{key.upper()}": value for key, value in more.items()}
        with self.log_of(name).open("ab") as log:
            command = [sys.executable, "-m", "taskstream", word]
            self._processes[name] = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        return self._processes[name]

    def log_of(self, name: str) -> Path:
        """What a process has said."""
        return self._folder / f"{name}.log"

    def end(self, name: str, how: signal.Signals = signal.SIGTERM) -> None:
        """Have a process end, and wait until it has."""
        process = self._processes.pop(name)
        process.send_signal(how)
        process.wait(END_S)

    def ended(self) -> str:
        """Names of the processes that have ended by themselves."""
        return ", ".join(name for name, process in self._processes.items() if process.poll() is not None)

    def pids(self) -> dict[str, int]:
        """Process id of each part."""
        found = {name: process.pid for name, process in self._processes.items()}
        return found | {"broker": self.kafka.pid, "engine": self.clickhouse.pid}

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds used so far by each part."""
        return {name: sum(psutil.Process(pid).cpu_times()[:2]) for name, pid in self.pids().items()}

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
    config = {"compression.type": "zstd", "linger.ms": 20 if rate else 100, "batch.size": 1_000_000}
    producer = new_producer(kafka_config(KafkaSettings(kafka=kafka), "bench") | config)
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
    """Throughput, then freshness, once."""
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


def medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of the rate and of freshness; what was lost or doubled in any run; the rest of the last one."""
    return runs[-1] | {
        "pipeline_events_per_s": round(statistics.median(run["pipeline_events_per_s"] for run in runs)),
        "freshness_ms": {
            name: round(statistics.median(run["freshness_ms"][name] for run in runs)) for name in ("p50", "p99")
        },
        "lost": sum(run["lost"] for run in runs),
        "duplicated": sum(run["duplicated"] for run in runs),
        "runs": runs,
    }


class Feeder:
    """A process that sends at a fixed rate; how many events it has sent so far can be read here."""

    def __init__(self, bootstrap: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._rate = context.Value("q", 0)
        self._sent = context.Value("q", 0)
        self._process = context.Process(target=_feed, args=(bootstrap, self._rate, self._sent), daemon=True)
        self._process.start()

    @property
    def sent(self) -> int:
        """Events handed to Kafka's client so far."""
        return int(self._sent.value)

    def set_rate(self, rate: int) -> None:
        """Send at ``rate`` events a second from now on; 0 pauses."""
        self._rate.value = rate

    def cpu_s(self) -> float:
        """CPU seconds used so far."""
        assert self._process.pid is not None
        return float(sum(psutil.Process(self._process.pid).cpu_times()[:2]))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.join()


def _feed(bootstrap: str, rate: Any, sent: Any) -> None:
    """The feeder's process. A batch costs it about 15 us, so 100,000 events a second are a tenth of a core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    config = {"compression.type": "lz4", "linger.ms": 50, "batch.size": 1_000_000}
    producer = new_producer(kafka_config(KafkaSettings(kafka=bootstrap), "bench") | config)
    headers = [("ce_type", BATCH_TYPE)]
    now_rate, began, count = 0, 0.0, 0
    for batch in batches(20, 1 << 62):
        while rate.value == 0:
            now_rate = 0
            producer.poll(0.05)
        if rate.value != now_rate:
            now_rate, began, count = rate.value, time.monotonic(), 0
        ahead = count / now_rate - (time.monotonic() - began)
        if ahead > 0.01:
            producer.poll(0)
            time.sleep(ahead)
        target = partition_of(batch, PARTITIONS)
        while True:
            try:
                producer.produce(f"{PREFIX}ui-events", encode(batch), batch.actor.encode(), target, headers=headers)
                break
            except BufferError:
                producer.poll(0.1)
        count += len(batch.events)
        sent.value += len(batch.events)


def hold(pipeline: Pipeline, feeder: Feeder, rate: int, seconds: int) -> dict[str, Any]:
    """Feed at ``rate`` for ``seconds``; how the lag went. Afterwards everything is waited for."""
    before, cpu, feeding = feeder.sent, pipeline.cpu_s(), feeder.cpu_s()
    began = time.monotonic()
    feeder.set_rate(rate)
    samples: list[tuple[float, int]] = []
    while (at := time.monotonic() - began) < seconds:
        # Rows first: what is sent in between then counts as lag, never the other way round.
        stored = pipeline.stored()
        samples.append((at, feeder.sent - stored))
        if len(samples) % 30 == 0:
            sys.stderr.write(f"{rate:,} events/s: {at:.0f} of {seconds} s, lag {samples[-1][1]:,} events\n")
        time.sleep(max(0.0, began + len(samples) - time.monotonic()))
    sent = feeder.sent - before
    took = time.monotonic() - began
    used = {name: round((now - cpu[name]) / sent * 1e6, 2) for name, now in pipeline.cpu_s().items()}
    used["load"] = round((feeder.cpu_s() - feeding) / sent * 1e6, 2)
    feeder.set_rate(0)
    time.sleep(0.5)
    wait_for(pipeline, feeder.sent)
    return (
        {"rate": rate, "seconds": round(took, 1), "sent_per_s": round(sent / took)}
        | verdict(samples, rate, sent / took)
        | {"cpu_us_per_event": used, "memory_mb": pipeline.memory_mb()}
    )


def verdict(samples: list[tuple[float, int]], rate: int, sent_per_s: float) -> dict[str, Any]:
    """What the samples of the lag (seconds, events) say."""
    counted = [(at, lag) for at, lag in samples if at >= WARM_UP * samples[-1][0]]
    slope = statistics.linear_regression(*zip(*counted, strict=True)).slope
    growing = slope * (counted[-1][0] - counted[0][0]) > GROWN_S * rate
    return {
        "lag_slope_events_per_s": round(slope, 1),
        "lag_events": {
            "median": round(statistics.median(lag for _, lag in counted)),
            "max": max(lag for _, lag in counted),
            "last": counted[-1][1],
        },
        "lag_growing": growing,
        "sustained": not growing and sent_per_s >= HELD * rate,
    }


def sustain(seconds: int, rate: int, search: list[int], search_seconds: int, folder: Path) -> dict[str, Any]:
    """The rate for ``seconds``; then higher ones, each for ``search_seconds``, until one is too high."""
    pipeline = Pipeline(folder)
    feeder = Feeder(pipeline.bootstrap)
    try:
        pipeline.start("worker")
        pipeline.start("sink")
        feeder.set_rate(RATE)
        wait_for(pipeline, 5 * RATE)
        feeder.set_rate(0)
        time.sleep(0.5)
        wait_for(pipeline, feeder.sent)
        found = hold(pipeline, feeder, rate, seconds)
        steps: list[dict[str, Any]] = []
        for higher in search if found["sustained"] else ():
            steps.append(hold(pipeline, feeder, higher, search_seconds))
            if not steps[-1]["sustained"]:
                break
        highest = max([step["rate"] for step in [found, *steps] if step["sustained"]], default=0)
        return found | {"search": steps, "highest_sustained": highest}
    finally:
        feeder.close()
        pipeline.close()


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=3_000_000, help="events of the throughput run")
    parser.add_argument("--seconds", type=int, default=60, help="length of the freshness run")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sustain", type=int, metavar="SECONDS", help="hold a fixed rate for so long instead")
    parser.add_argument("--rate", type=int, default=60_000, help="events a second to hold")
    parser.add_argument("--search", type=int, nargs="*", default=[], metavar="RATE", help="higher rates to try after")
    parser.add_argument("--search-seconds", type=int, default=60, help="how long each of them is held")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.sustain:
        with tempfile.TemporaryDirectory(prefix="taskstream-bench-") as folder:
            found = sustain(given.sustain, given.rate, given.search, given.search_seconds, Path(folder))
    else:
        runs = []
        for repeat in range(given.repeats):
            with tempfile.TemporaryDirectory(prefix="taskstream-bench-") as folder:
                runs.append(measure(given.events, given.seconds, Path(folder)))
            sys.stderr.write(
                f"repeat {repeat + 1} of {given.repeats}: {runs[-1]['pipeline_events_per_s']:,} events/s\n"
            )
        found = medians(runs)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    if given.json:
        given.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    ending.run(main)
