"""A database and topics of one test, and sinks as processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from sinks.clickhouse.migrate import migrate
from taskstream.events import EventBatch, UiEvent
from taskstream.kafka import topic_admin
from taskstream.settings import load
from tests.fixtures.clean import message


class Stage:
    """Fresh topics on the run's broker, a fresh database on a ClickHouse endpoint."""

    def __init__(self, home: Path, kafka: str, server: Any, *, k: int = 5, partitions: int = 2) -> None:
        name = f"t{uuid.uuid4().hex[:8]}"
        self.home = home
        self.kafka = kafka
        self.server = server
        self.database = name
        self.prefix = f"{name}."
        self.settings = load(home=home, kafka=kafka, prefix=self.prefix, partitions=partitions, database=name)
        topic_admin.apply(self.settings, dry_run=False)
        migrate(self.client("default"), name, k=k)
        self._producer = Producer({"bootstrap.servers": kafka, "transactional.id": name, "linger.ms": 5})
        self._producer.init_transactions(20)
        self.sinks: list[subprocess.Popen[bytes]] = []

    def client(self, database: str | None = None) -> Any:
        """A client of this test's database."""
        import clickhouse_connect

        return clickhouse_connect.get_client(
            dsn=self.server.url,
            username=self.server.user,
            password=self.server.password,
            database=database or self.database,
            autogenerate_session_id=False,
        )

    def query(self, sql: str) -> list[Any]:
        """The rows of ``sql``."""
        return list(self.client().query(sql).result_rows)

    def send(self, topic: str, values: Iterable[bytes], *, per_transaction: int = 50) -> None:
        """Write ``values`` as the streams do: in transactions, so that the log has holes; some are aborted first."""
        chunk: list[bytes] = []

        def write(rows: list[bytes], commit: bool) -> None:
            self._producer.begin_transaction()
            for row in rows:
                self._producer.produce(self.prefix + topic, row, key=str(hash(row)))
            (self._producer.commit_transaction if commit else self._producer.abort_transaction)(20)

        for value in values:
            chunk.append(value)
            if len(chunk) == per_transaction:
                write(chunk[:3], commit=False)
                write(chunk, commit=True)
                chunk = []
        if chunk:
            write(chunk, commit=True)

    def start_sink(self, **more: str) -> subprocess.Popen[bytes]:
        """A sink as users start it."""
        return self.start("sink", **more)

    def start(self, command: str, **more: str) -> subprocess.Popen[bytes]:
        """A process of one command; ``more``: what else is in its environment."""
        environment = (
            os.environ
            | {
                "TASKSTREAM_HOME": str(self.home),
                "TASKSTREAM_KAFKA": self.kafka,
                "TASKSTREAM_PREFIX": self.prefix,
                "TASKSTREAM_DATABASE": self.database,
                "TASKSTREAM_CLICKHOUSE": self.server.url,
                "TASKSTREAM_CLICKHOUSE_USER": self.server.user,
                "TASKSTREAM_CLICKHOUSE_PASSWORD": self.server.password,
            }
            | more
        )
        with (self.home / f"sink-{len(self.sinks)}.log").open("wb") as log:
            sink = subprocess.Popen(
                [sys.executable, "-m", "taskstream", command], env=environment, stderr=log, stdout=log
            )
        self.sinks.append(sink)
        return sink

    def close(self) -> None:
        """End what was started here."""
        for sink in self.sinks:
            sink.kill()
            sink.wait()


def until(condition: Callable[[], bool], timeout_s: float = 40.0) -> None:
    """Wait for ``condition``."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.1)


def batches(agents: int, each: int, size: int, *, first: int = 0) -> list[bytes]:
    """``each`` batches of ``size`` events from each of ``agents`` agents, from sequence number ``first``; each batch a
    message of its own."""
    made = []
    for n in range(each):
        for agent in range(agents):
            seq = first + n * size
            events = tuple(UiEvent(1_760_000_000_000 + (seq + i) * 1_000, "click", "excel") for i in range(size))
            made.append(
                message(EventBatch(1, "t", "m", f"p{agent}", f"a{agent}", seq, events, sent_ms=1_760_000_000_000))
            )
    return made
