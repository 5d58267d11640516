"""What is looked at while the pipeline works: new results by partition, metrics, memory."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from confluent_kafka import OFFSET_END, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import LOOPBACK
from taskstream.kafka.clients import new_consumer, reading
from taskstream.settings import Settings
from taskstream.topics import CLEAN

ASK_S: Final = 30.0


class Arrivals:
    """When committed results of each partition arrive, in a thread of its own. Times by the monotonic clock."""

    def __init__(self, settings: Settings) -> None:
        self._partitions = settings.partitions
        self._consumer = new_consumer(reading(settings, "arrivals") | {"fetch.wait.max.ms": 50})
        name = settings.prefix + CLEAN.name
        self._consumer.assign([TopicPartition(name, number, OFFSET_END) for number in range(settings.partitions)])
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._last: dict[int, float] = {}
        self._first: dict[int, float] = {}
        self._longest: dict[int, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="arrivals", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Look anew: what arrives from now on counts."""
        with self._lock:
            self._began = time.monotonic()
            self._first, self._longest = {}, {}
            self._last = dict.fromkeys(range(self._partitions), self._began)

    @property
    def partitions(self) -> int:
        """Partitions in which something has arrived since."""
        return len(self._first)

    def first_s(self) -> list[float]:
        """After how many seconds the first result of each partition arrived, in order."""
        with self._lock:
            return sorted(at - self._began for at in self._first.values())

    def standstill_s(self) -> float:
        """The longest time in which nothing arrived in some partition (seconds)."""
        now = time.monotonic()
        with self._lock:
            return max(max(now - at, self._longest.get(tp, 0.0)) for tp, at in self._last.items())

    def close(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            found = self._consumer.consume(500, 0.05)
            now = time.monotonic()
            with self._lock:
                for tp in {message.partition() for message in found if message.error() is None}:
                    self._first.setdefault(tp, now)
                    self._longest[tp] = max(self._longest.get(tp, 0.0), now - self._last.get(tp, now))
                    self._last[tp] = now


def metrics_of(port: int) -> dict[str, dict[tuple[str, ...], float]]:
    """Every metric that a process serves: name → label values → value."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=ASK_S) as answer:
        text = answer.read().decode()
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name.removeprefix("taskstream_"), {})[tuple(sample.labels.values())] = sample.value
    return found


def is_ready(port: int) -> bool:
    """Whether a process says that it works: for a worker, that all its partitions are restored."""
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/ready", timeout=ASK_S) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def most_memory_mb(pid: int) -> float:
    """The most resident memory that a process has had (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) * 1024 / 1e6
    raise ValueError(f"process {pid} tells no VmHWM")


def open_files(pid: int) -> int:
    """Files and connections that a process has open (Linux)."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
