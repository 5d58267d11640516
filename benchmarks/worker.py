"""One worker process with all stages and exactly-once on, on a real broker, beside its peers.

    python -m benchmarks.worker [--events 2000000] [--sizes 5 20 100] [--repeats 3] [--kafka HOST:PORT] [--json FILE]
    python -m benchmarks.worker --intervals 250 1000    # the worker alone, by transaction interval (milliseconds)

The topic is filled first; then each contender starts from its beginning. Its rate is taken between 10 and 90 % of the
events, so that neither the start nor the last wait counts. Contenders run the same stages
(``streams.stages.partition``):

* ``worker``: Taskstream's worker, transactional;
* ``quixstreams``: an application of that library, at least once;
* ``plain``: a loop of confluent-kafka's consumer and producer, at least once.

Each runs alone, in a process of its own, with the broker on the same machine.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks import ending
from benchmarks.clean_reader import CleanReader
from benchmarks.streams_load import batches, partition_of
from streams.operator import InputRecord, Output
from streams.runtime.chunks import CHUNK_RECORDS
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import StageSettings
from taskstream.events import BATCH_TYPE, EventBatch, encode
from taskstream.kafka import topic_admin
from taskstream.kafka.clients import kafka_config, new_consumer, new_producer
from taskstream.settings import Settings

PARTITIONS = 4
LIMIT_S = 300.0


def settings_of(kafka: str, prefix: str) -> Settings:
    """The deployment of one run."""
    return Settings(kafka=kafka, prefix=prefix, partitions=PARTITIONS)


def fill(kafka: str, per_message: int, events: int) -> str:
    """A fresh deployment whose ``ui-events`` holds the load; its prefix."""
    return fill_with(kafka, batches(per_message, events))


def fill_with(kafka: str, load: Iterable[EventBatch]) -> str:
    """A fresh deployment whose ``ui-events`` holds ``load``; its prefix."""
    prefix = f"bench{uuid.uuid4().hex[:8]}."
    settings = settings_of(kafka, prefix)
    topic_admin.apply(settings, dry_run=False)
    config = {"compression.type": "zstd", "linger.ms": 50, "batch.size": 1_000_000}
    producer = new_producer(kafka_config(settings, "bench") | config)
    headers = [("ce_type", BATCH_TYPE)]
    for batch in load:
        while True:
            try:
                target = partition_of(batch, PARTITIONS)
                producer.produce(f"{prefix}ui-events", encode(batch), batch.actor.encode(), target, headers=headers)
                break
            except BufferError:
                producer.poll(0.2)
    producer.flush(60)
    return prefix


def rate(kafka: str, prefix: str, events: int) -> float:
    """Events a second, as a reader of committed records sees ``ui-events.clean`` grow.

    It grows by whole transactions: the rate is taken from just after one to just after another.
    """
    reader, samples = CleanReader(kafka, prefix, PARTITIONS), list[tuple[float, int]]()
    deadline = time.monotonic() + LIMIT_S
    try:
        while time.monotonic() < deadline:
            count = reader.count()
            if not samples or count != samples[-1][1]:
                samples.append((time.monotonic(), count))
            if count >= events:
                break
            time.sleep(0.05)
        else:
            raise SystemExit(f"only {samples[-1][1]} of {events} events in {LIMIT_S:.0f} s")
    finally:
        reader.close()
    middle = [(at, count) for at, count in samples if 0.1 * events <= count <= 0.9 * events]
    if len(middle) < 2:
        middle = [sample for sample in samples if sample[1]][-2:]
    (start, first), (end, last) = middle[0], middle[-1]
    return (last - first) / (end - start)


@contextlib.contextmanager
def worker(kafka: str, prefix: str, report: dict[str, float], more: Mapping[str, str] | None = None) -> Iterator[None]:
    """Taskstream's worker; ``more`` are further settings in the environment."""
    with tempfile.TemporaryDirectory() as home:
        names = {"TASKSTREAM_KAFKA": kafka, "TASKSTREAM_PREFIX": prefix, "TASKSTREAM_HOME": home}
        names["TASKSTREAM_PARTITIONS"] = str(PARTITIONS)
        process = subprocess.Popen(
            [sys.executable, "-m", "taskstream", "worker"],
            env=os.environ | names | dict(more or {}),
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
            used = psutil.Process(process.pid)
            report["rss_mb"] = used.memory_info().rss / 1e6
            report["cpu_s"] = sum(used.cpu_times()[:2])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def peer(function: Callable[[str, str], None]) -> Callable[..., Any]:
    """A contender that runs in a process of its own until it is ended."""

    @contextlib.contextmanager
    def run(kafka: str, prefix: str, report: dict[str, float]) -> Iterator[None]:
        process = multiprocessing.get_context("spawn").Process(target=function, args=(kafka, prefix), daemon=True)
        process.start()
        try:
            yield
            assert process.pid is not None
            report["cpu_s"] = sum(psutil.Process(process.pid).cpu_times()[:2])
        finally:
            process.kill()
            process.join()

    return run


class Stages:
    """The same stages for the peers: outputs go straight to a producer."""

    def __init__(self, kafka: str, prefix: str) -> None:
        settings = settings_of(kafka, prefix)
        staged = StageSettings.of(settings)
        self._states = [PartitionState(partition, staged) for partition in range(PARTITIONS)]
        self._prefix = prefix
        self.producer = new_producer(
            kafka_config(settings, "bench")
            | {"compression.type": "lz4", "linger.ms": 20, "batch.size": 1_000_000}
            | {"queue.buffering.max.messages": 1_000_000}
        )

    def run(self, partition: int, record: InputRecord) -> None:
        """One record."""
        self._write(self._states[partition].apply(record))

    def flush(self) -> None:
        """What the stages hold back to be written together: to be called as often as a worker does."""
        for state in self._states:
            self._write(state.flush())

    def _write(self, outputs: list[Output]) -> None:
        for topic, target, key, value, headers in outputs:
            while True:
                try:
                    self.producer.produce(self._prefix + topic, value, key, target, headers=headers)
                    break
                except BufferError:
                    self.producer.poll(0.1)


def plain(kafka: str, prefix: str) -> None:
    """A plain consumer loop."""
    stages = Stages(kafka, prefix)
    config = {"group.id": f"{prefix}plain", "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = new_consumer(kafka_config(settings_of(kafka, prefix), "bench") | config)
    consumer.subscribe([f"{prefix}ui-events"])
    committed = time.monotonic()
    while True:
        for message in consumer.consume(2_000, 0.1):
            if message.error() is None:
                headers = tuple(message.headers() or ())
                record = InputRecord(message.offset(), message.timestamp()[1], message.key(), message.value(), headers)
                stages.run(message.partition(), record)
        stages.flush()
        stages.producer.poll(0)
        if time.monotonic() - committed > 1.0:
            stages.producer.flush(10)
            with contextlib.suppress(Exception):
                consumer.commit(asynchronous=True)
            committed = time.monotonic()


def quixstreams(kafka: str, prefix: str) -> None:
    """The same in quixstreams."""
    from quixstreams import Application, message_context

    stages = Stages(kafka, prefix)
    waiting = itertools.count(1)
    app = Application(
        broker_address=kafka, consumer_group=f"{prefix}quix", auto_offset_reset="earliest", commit_interval=1.0,
        state_dir=tempfile.mkdtemp(), auto_create_topics=False, loglevel="ERROR",
    )  # fmt: skip

    def step(value: bytes, key: bytes, timestamp: int, headers: Any) -> None:
        context = message_context()
        stages.run(context.partition, InputRecord(context.offset, timestamp, key, value, tuple(headers or ())))
        if next(waiting) % CHUNK_RECORDS == 0:
            stages.flush()
        stages.producer.poll(0)

    topic = app.topic(f"{prefix}ui-events", value_deserializer="bytes", key_deserializer="bytes")
    app.dataframe(topic).update(step, metadata=True)
    app.run()


CONTENDERS = {"worker": worker, "quixstreams": peer(quixstreams), "plain": peer(plain)}


def contest(kafka: str, per_message: int, events: int, names: Sequence[str], repeats: int) -> dict[str, Any]:
    """Medians of each contender at one batch size."""
    found: dict[str, list[float]] = {name: [] for name in names}
    report: dict[str, float] = {}
    for repeat in range(repeats):
        turn = repeat % len(names)
        for name in (*names[turn:], *names[:turn]):  # the first of all meets a broker whose code is not compiled yet
            prefix = fill(kafka, per_message, events)
            with CONTENDERS[name](kafka, prefix, report if name == "worker" else {}):
                found[name].append(rate(kafka, prefix, events))
            sys.stderr.write(f"{per_message} a message, {name}: {found[name][-1]:,.0f} events/s\n")
    return {name: round(statistics.median(values)) for name, values in found.items()} | {"worker_process": report}


def by_interval(kafka: str, events: int, intervals_ms: Sequence[int], repeats: int) -> dict[str, Any]:
    """The worker's median rate at each transaction interval, and the shortest's share of the longest's."""
    found: dict[int, list[float]] = {interval: [] for interval in intervals_ms}
    for _ in range(repeats):
        for interval in intervals_ms:
            prefix = fill(kafka, 20, events)
            with worker(kafka, prefix, {}, {"TASKSTREAM_TRANSACTION_MS": str(interval)}):
                found[interval].append(rate(kafka, prefix, events))
            sys.stderr.write(f"transactions of {interval} ms: {found[interval][-1]:,.0f} events/s\n")
    rates = {interval: round(statistics.median(values)) for interval, values in found.items()}
    return {"events_per_s": rates, "short_vs_long": rates[min(rates)] / rates[max(rates)]}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 5, 100])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--intervals", type=int, nargs="+", metavar="MS", help="compare these transaction intervals")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--kafka", default="")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with broker(given.kafka) as kafka:
        table: dict[Any, Any] = (
            by_interval(kafka, given.events, given.intervals, given.repeats)
            if given.intervals
            else {size: contest(kafka, size, given.events, given.contenders, given.repeats) for size in given.sizes}
        )
    sys.stdout.write(json.dumps(table, indent=2) + "\n")
    if given.json:
        given.json.write_text(json.dumps(table, indent=2))


@contextlib.contextmanager
def broker(kafka: str) -> Iterator[str]:
    """The given broker, or one of our own."""
    if kafka:
        yield kafka
        return
    from deploy.local.kafka import EmbeddedKafka
    from taskstream.settings import load

    with tempfile.TemporaryDirectory() as folder:
        own = EmbeddedKafka(Path(folder), load().cache)
        try:
            yield own.start()
        finally:
            own.stop()


if __name__ == "__main__":
    ending.run(main)
