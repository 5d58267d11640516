"""Everything that runs: Kafka and ClickHouse behind proxies, two workers, two sinks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.chaos.child import Child
from benchmarks.chaos.proxy import Proxy
from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse
from deploy.local.kafka import EmbeddedKafka
from deploy.local.ports import free_ports
from taskstream.settings import load

PARTITIONS: Final = 8
USER: Final = "taskstream"
PASSWORD: Final = "chaos"  # noqa: S105 - of a server that lives for this run on loopback


@dataclass
class World:
    """Everything that runs."""

    folder: Path
    seed: int
    rate: int
    kafka: EmbeddedKafka
    clickhouse: EmbeddedClickHouse
    proxy: Proxy
    kafka_proxy: Proxy
    bootstrap: str
    children: list[Child] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    last: str = ""

    def environment(self, prefix: str, **more: str) -> dict[str, str]:
        names = {
            "HOME": self.folder,
            "KAFKA": self.bootstrap,
            "CLICKHOUSE": f"http://127.0.0.1:{self.proxy.port}",
            "CLICKHOUSE_USER": USER,
            "CLICKHOUSE_PASSWORD": PASSWORD,
            "PREFIX": prefix,
            "PARTITIONS": PARTITIONS,
            "IDLE_HEARTBEAT_MS": 600_000,
            "K": 2,
        }
        return os.environ | {f"TASKSTREAM_{name}": str(value) for name, value in names.items()} | more

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "taskstream", *words]

    def run(self, prefix: str, *words: str) -> None:
        subprocess.run(self.command(*words), env=self.environment(prefix), check=True, stdout=subprocess.DEVNULL)

    def start(self, prefix: str, name: str, *words: str) -> Child:
        child = Child(name, self.command(*words), self.environment(prefix), self.folder / f"{name}.log")
        self.children.append(child)
        return child

    def of(self, kind: str) -> list[Child]:
        return [child for child in self.children if child.name.startswith(kind)]


def begin(folder: Path, seed: int, rate: int) -> World:
    """Start all of it."""
    cache = Path(os.environ["TASKSTREAM_CACHE"]) if "TASKSTREAM_CACHE" in os.environ else None
    # Clients are told the proxy's address, so every connection to Kafka goes through it, the broker's own too.
    kafka_proxy = Proxy(free_ports(1)[0])
    kafka = EmbeddedKafka(
        folder / "kafka", cache or load().cache, kafka_proxy.target_port, advertised_port=kafka_proxy.port
    )
    clickhouse = EmbeddedClickHouse(folder / "clickhouse", user=USER, password=PASSWORD)
    kafka.start()
    url = clickhouse.start()
    clickhouse.port = int(url.rsplit(":", 1)[1])  # the same after each restart, as a cluster's addresses are
    bootstrap = f"127.0.0.1:{kafka_proxy.port}"
    world = World(folder, seed, rate, kafka, clickhouse, Proxy(clickhouse.port), kafka_proxy, bootstrap)
    for prefix in ("chaos.", "calm."):
        world.run(prefix, "topics", "apply")
    world.run("chaos.", "migrate")
    for n in (1, 2):
        world.start("chaos.", f"worker-{n}", "worker")
        world.start("chaos.", f"sink-{n}", "sink")
    return world
