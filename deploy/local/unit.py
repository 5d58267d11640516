"""What the supervisor keeps running: a service or a component, seen through one small interface."""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from deploy.local.child_process import GuardedProcess
from deploy.local.kafka import EmbeddedKafka
from deploy.local.ports import LOOPBACK


class Unit(Protocol):
    """Something that is started, watched and stopped. ``start`` may block until it is ready, and raise."""

    name: str

    @property
    def pid(self) -> int:
        """Its process id, 0 when there is none."""
        ...

    @property
    def log(self) -> Path:
        """Its log file."""
        ...

    def start(self) -> None:
        """Start it, or start it again."""
        ...

    def ended(self) -> str:
        """Empty while it runs, else how it ended, in a few words."""
        ...

    def ready(self) -> bool:
        """Whether it is working yet."""
        ...

    def terminate(self) -> None:
        """Ask it to stop, and return at once."""
        ...

    def stop(self) -> None:
        """Stop it and wait for its end."""
        ...


class Component:
    """A process of Taskstream's own, such as the worker, run as ``python -m taskstream NAME``."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        metrics_port: int,
        *,
        keep: Sequence[int] = (),
        program: Sequence[str] = (sys.executable, "-m", "taskstream"),
        grace_s: float = 10.0,
    ) -> None:
        self.name = name
        self.metrics_port = metrics_port
        env = dict(os.environ) | dict(environment) | {"TASKSTREAM_METRICS_PORT": str(metrics_port)}
        self._process = GuardedProcess([*program, *arguments], log, grace_s=grace_s, environment=env, keep=keep)

    @property
    def pid(self) -> int:
        """Its process id, 0 when there is none."""
        return self._process.pid

    @property
    def log(self) -> Path:
        """Its output."""
        return self._process.log

    def start(self) -> None:
        """Start it; ``ready`` tells when it works."""
        self._process.start()

    def ended(self) -> str:
        """Empty while it runs; else its last words and exit code."""
        code = self._process.poll()
        if code is None:
            return ""
        said = self._process.output(4000).strip().splitlines()
        return f"exit code {code}" + (f": {said[-1].strip()[:200]}" if said else "")

    def ready(self) -> bool:
        """Whether its ``/ready`` says so."""
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self.metrics_port}/ready", timeout=0.5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def terminate(self) -> None:
        """Ask it to stop."""
        self._process.terminate()

    def stop(self) -> None:
        """Stop it and wait."""
        self._process.stop()


class KafkaUnit:
    """The embedded Kafka as a unit; started again on the same port and data."""

    name = "kafka"

    def __init__(self, broker: EmbeddedKafka) -> None:
        self.broker = broker

    @property
    def pid(self) -> int:
        """The JVM's."""
        return self.broker.pid

    @property
    def log(self) -> Path:
        """The broker's log."""
        return self.broker.log

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.broker.start()

    def ended(self) -> str:
        """Empty while it runs."""
        code = self.broker.poll()
        return "" if code is None else f"exit code {code}"

    def ready(self) -> bool:
        """Always, once started: ``start`` waits for it."""
        return True

    def terminate(self) -> None:
        """Nothing to do ahead of ``stop``: clients are stopped first."""

    def stop(self) -> None:
        """Stop it cleanly."""
        self.broker.stop()


class ClickHouseServer(Protocol):
    """What is used of ``EmbeddedClickHouse``."""

    port: int
    url: str
    log: Path

    @property
    def pid(self) -> int:
        """0 when it does not run."""
        ...

    def start(self) -> str:
        """Start and await it."""
        ...

    def stop(self) -> None:
        """Stop it."""
        ...


class ClickHouseUnit:
    """The embedded ClickHouse as a unit; started again on the same port and data."""

    name = "clickhouse"

    def __init__(self, server: ClickHouseServer) -> None:
        self.server = server

    @property
    def pid(self) -> int:
        """The endpoint's."""
        return self.server.pid

    @property
    def log(self) -> Path:
        """Its log."""
        return self.server.log

    def start(self) -> None:
        """Start it and wait until it answers; a second start keeps the address that clients already have."""
        if self.server.url:
            self.server.port = urlsplit(self.server.url).port or 0
        self.server.start()

    def ended(self) -> str:
        """Empty while it runs."""
        return "" if self.server.pid else "it is gone"

    def ready(self) -> bool:
        """Always, once started: ``start`` waits for it."""
        return True

    def terminate(self) -> None:
        """Nothing to do ahead of ``stop``: clients are stopped first."""

    def stop(self) -> None:
        """Stop it cleanly."""
        self.server.stop()


def wall_ms() -> int:
    """Milliseconds since the epoch, for people to read; never used to decide anything."""
    return time.time_ns() // 1_000_000
