"""Recovery of a killed worker, and its memory, with the state of 20,000 active agents.

    python -m benchmarks.recovery [--agents 20000] [--repeats 3] [--json FILE]

A worker works through a filled topic at full speed and is killed (SIGKILL) when all of it is committed. A message of
each partition is sent at once, and counted is the time to the first new message of ``ui-events.clean`` that a reader of
committed records can see:

* ``recovery_s``: from the kill; the successor is started at the same moment, under the same ``worker_id``;
* ``recovery_unnamed_s``: the same without a ``worker_id``, so the group's session timeout counts;
* ``restart_s``: from the start of a process that finds the partitions free, as after a machine's restart;
* ``…_assigned_s``: from the same moment to the worker's partitions, before their state is there.

Memory is resident memory, the most that was seen: while catching up, and from the restore to the last result.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks import ending
from benchmarks.clean_reader import CleanReader
from benchmarks.streams_load import multiplied, partition_of
from benchmarks.worker import LIMIT_S, PARTITIONS, broker, fill_with
from streams.runtime.health import SESSION_S
from taskstream.events import BATCH_TYPE, EventBatch, encode
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.settings import KafkaSettings

PEOPLE: Final = 20
EVENTS_EACH: Final = 60
"""Events of an agent before the kill, on average."""
SETTLE_S: Final = 5.0
"""Standstill of the output after which all of the input counts as committed."""
NAME: Final = "bench"
"""The worker's ``worker_id``."""
LOG: Final = "worker.log"
FREE_S: Final = SESSION_S + 3.0
"""After so long (seconds) the group has let a killed member go."""


KILLS: Final = (("recovery_s", 0.0, NAME), ("recovery_unnamed_s", 0.0, ""), ("restart_s", FREE_S, ""))
"""What each kill measures, how long its successor waits before it starts (seconds), and the successor's name."""


def start(kafka: str, prefix: str, home: Path, name: str) -> subprocess.Popen[bytes]:
    """A worker process."""
    names = {"KAFKA": kafka, "PREFIX": prefix, "HOME": str(home), "PARTITIONS": str(PARTITIONS), "WORKER_ID": name}
    environment = os.environ | {f"TASKSTREAM_{name}": value for name, value in names.items()}
    with (home / LOG).open("ab") as log:
        return subprocess.Popen([sys.executable, "-m", "taskstream", "worker"], env=environment, stderr=log)


class Watch:
    """Follows the clean topic and the memory of a worker, which writes its log into ``home``."""

    def __init__(self, reader: CleanReader, process: subprocess.Popen[bytes], home: Path) -> None:
        self._reader, self._process, self._log = reader, process, home / LOG
        self._memory = psutil.Process(process.pid)
        self.peak_mb = 0.0

    def count(self) -> int:
        """Events now in the topic."""
        if self._process.poll() is not None:
            last = self._log.read_text(errors="replace").splitlines()[-1:]
            raise SystemExit(f"the worker ended with {self._process.returncode}: {' '.join(last)}")
        self.peak_mb = max(self.peak_mb, self._memory.memory_info().rss / 1e6)
        return self._reader.count()

    def beyond(self, count: int) -> float:
        """When the topic held more than ``count`` (monotonic seconds)."""
        deadline = time.monotonic() + LIMIT_S
        while self.count() <= count:
            if time.monotonic() > deadline:
                raise SystemExit(f"nothing came in {LIMIT_S:.0f} s")
            time.sleep(0.02)
        return time.monotonic()

    def still(self, wanted: int) -> int:
        """Wait until ``wanted`` events are there and no more come; returns how many are."""
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
    producer = new_producer(kafka_config(KafkaSettings(kafka=kafka), "bench"))
    for batch in load:
        target = partition_of(batch, PARTITIONS)
        producer.produce(
            f"{prefix}ui-events", encode(batch), batch.actor.encode(), target, headers=[("ce_type", BATCH_TYPE)]
        )
    producer.flush(30)


def recover(kafka: str, agents: int) -> dict[str, float]:
    """Three kills of one worker, and its recoveries."""
    copies = agents // PEOPLE
    events = agents * EVENTS_EACH
    # The same load goes on behind the kill: as much as surely holds three messages of each partition.
    load = multiplied(copies, 20, events + 60 * copies * PEOPLE, people=PEOPLE)
    messages = events // 20
    prefix = fill_with(kafka, itertools.islice(load, messages))
    reader = CleanReader(kafka, prefix, PARTITIONS)
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        stack.callback(reader.close)
        process = start(kafka, prefix, Path(home), NAME)
        stack.callback(_end, process)
        watch = Watch(reader, process, Path(home))
        before = watch.still(messages * 20)
        catch_up_mb, restored_mb, times = watch.peak_mb, 0.0, dict[str, float]()
        for what, wait_s, name in KILLS:
            process.kill()
            process.wait()
            send(kafka, prefix, one_each(load))
            time.sleep(wait_s)
            began, at = time.monotonic(), datetime.now()
            process = start(kafka, prefix, Path(home), name)
            stack.callback(_end, process)
            watch = Watch(reader, process, Path(home))
            times[what] = watch.beyond(before) - began
            times[what.replace("_s", "_assigned_s")] = round((assigned(Path(home)) - at).total_seconds(), 2)
            before = watch.still(before + 1)
            restored_mb = max(restored_mb, watch.peak_mb)
        return times | {"memory_catch_up_mb": catch_up_mb, "memory_restored_mb": restored_mb}


def assigned(home: Path) -> datetime:
    """When the worker was last dealt partitions, by its log."""
    lines = [line for line in (home / LOG).read_text(errors="replace").splitlines() if " assigned " in line]
    return datetime.fromisoformat(lines[-1][:23].replace(",", "."))


def one_each(load: Iterator[EventBatch]) -> list[EventBatch]:
    """The next batch of each partition; what comes between is left out, as a desktop that drops events would."""
    found: dict[int, EventBatch] = {}
    for batch in load:
        found.setdefault(partition_of(batch, PARTITIONS), batch)
        if len(found) == PARTITIONS:
            return list(found.values())
    raise AssertionError("the load is too short")


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
    ending.run(main)
