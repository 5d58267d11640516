"""Everything that runs: Kafka and ClickHouse behind proxies, two workers, two sinks, the catalogue."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from benchmarks.chaos.child import Child
from benchmarks.chaos.proxy import Proxy
from benchmarks.chaos.wall_clock import WallClock, build
from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse
from deploy.local.kafka import EmbeddedKafka
from deploy.local.ports import free_ports
from taskstream.kafka.clients import kafka_config, new_admin
from taskstream.settings import KafkaSettings, load

PARTITIONS: Final = 8
USER: Final = "taskstream"
PASSWORD: Final = "chaos"  # noqa: S105 - of a server that lives for this run on loopback


@dataclass
class Testbed:
    """Everything that runs."""

    folder: Path
    seed: int
    rate: int
    kafka: EmbeddedKafka
    clickhouse: EmbeddedClickHouse
    proxy: Proxy
    kafka_proxy: Proxy
    bootstrap: str
    clock_library: Path
    children: list[Child] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    foreign: set[tuple[str, int, int]] = field(default_factory=set)
    """Topic, partition and offset of each message that no reader expected, where a reader takes input from it."""
    _admins: list[AdminClient] = field(default_factory=list)
    last: str = ""
    partitions: int = PARTITIONS

    def kafka_settings(self) -> KafkaSettings:
        """How the experiment itself reaches Kafka."""
        return KafkaSettings(kafka=self.bootstrap)

    def environment(self, prefix: str, **more: str) -> dict[str, str]:
        """What a part of this testbed finds in its environment."""
        names = {
            "HOME": self.folder,
            "KAFKA": self.bootstrap,
            "CLICKHOUSE": f"http://127.0.0.1:{self.proxy.port}",
            "CLICKHOUSE_USER": USER,
            "CLICKHOUSE_PASSWORD": PASSWORD,
            "PREFIX": prefix,
            "PARTITIONS": self.partitions,
            "IDLE_HEARTBEAT_MS": 600_000,
            "K": 2,
        }
        return os.environ | {f"TASKSTREAM_{name}": str(value) for name, value in names.items()} | more

    def command(self, *words: str) -> list[str]:
        """The command line of ``taskstream``."""
        return [sys.executable, "-m", "taskstream", *words]

    def run(self, prefix: str, *words: str) -> None:
        """Run a command of ``taskstream`` to its end."""
        subprocess.run(self.command(*words), env=self.environment(prefix), check=True, stdout=subprocess.DEVNULL)

    def apply_topics(self) -> None:
        """Create what is missing, and add partitions. The copied log keeps the times of the first."""
        for prefix in ("chaos.", "calm."):
            self.run(prefix, "topics", "apply")
        kept = ConfigEntry("message.timestamp.type", "CreateTime", incremental_operation=AlterConfigOpType.SET)
        topic = ConfigResource(ResourceType.TOPIC, "calm.ui-events", incremental_configs=[kept])
        self.admin().incremental_alter_configs([topic])[topic].result(60)

    def admin(self) -> AdminClient:
        """A new client, kept for good: its end (confluent-kafka 2.12) lets go of the interpreter in the midst of a
        frame's end, and now and then another thread, the proxy's, met lists that were none."""
        self._admins.append(new_admin(kafka_config(self.kafka_settings(), "chaos")))
        return self._admins[-1]

    def start(self, prefix: str, name: str, *words: str) -> Child:
        """A part as a process that is started again whenever it ends, with a wall clock of its own."""
        clock = WallClock(self.clock_library, self.folder / f"{name}.clock")
        log = self.folder / f"{name}.log"
        child = Child(name, self.command(*words), self.environment(prefix), log, clock)
        self.children.append(child)
        return child

    def of(self, kind: str) -> list[Child]:
        """The children whose names begin with ``kind``."""
        return [child for child in self.children if child.name.startswith(kind)]

    @contextmanager
    def held(self, kind: str) -> Iterator[None]:
        """While all children of a kind have ended, cleanly."""
        with ExitStack() as stack:
            for child in self.of(kind):
                stack.enter_context(child.held())
            yield


def begin(folder: Path, seed: int, rate: int) -> Testbed:
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
    to_clickhouse = Proxy(clickhouse.port)
    testbed = Testbed(folder, seed, rate, kafka, clickhouse, to_clickhouse, kafka_proxy, bootstrap, build(folder))
    testbed.apply_topics()
    testbed.run("chaos.", "migrate")
    for n in (1, 2):
        testbed.start("chaos.", f"worker-{n}", "worker")
        testbed.start("chaos.", f"sink-{n}", "sink")
    testbed.start("chaos.", "catalogue", "catalogue")
    return testbed
