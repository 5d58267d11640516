"""Kafka, ClickHouse, and the processes of the pipeline; each can be killed and comes back."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from benchmarks.chaos.child import Child
from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse
from deploy.local.kafka import EmbeddedKafka
from taskstream.endpoints import Endpoints
from taskstream.kafka.clients import kafka_config, new_admin
from taskstream.settings import Settings, load
from taskstream.topics import ALL

USER: Final = "taskstream"
PASSWORD: Final = "soak"  # noqa: S105 - of a server that lives for this run on loopback
PREFIX: Final = "soak."
PROCESSES: Final = ("worker", "sink", "catalogue")
ANSWER_S: Final = 60.0
GONE_S: Final = 2.0
"""How long a server stays away (seconds)."""
RETENTION_OF_RUN: Final = 0.05
"""Kafka keeps this share of the run, as it keeps days of months: then its disk can be seen to be level."""
LEAST_RETENTION_S: Final = 300.0
SEGMENT_BYTES: Final = 1 << 20
"""Segments of Kafka's own topics, in proportion to the rest."""
HEAP_MB: Final = 192
"""Kafka's heap: small, so that it is full before the first tenth is over, and what grows beside it shows."""


class Parts:
    """Starts everything; :meth:`stop` ends it."""

    def __init__(self, folder: Path, run_s: float) -> None:
        self._folder = folder
        own = {
            "log.retention.check.interval.ms": "10000", "log.segment.delete.delay.ms": "5000",
            "offsets.topic.segment.bytes": str(SEGMENT_BYTES),
            "transaction.state.log.segment.bytes": str(SEGMENT_BYTES),
        }  # fmt: skip
        self.kafka = EmbeddedKafka(folder / "kafka", load().cache, properties=own, heap_mb=HEAP_MB)
        self.clickhouse = EmbeddedClickHouse(folder / "clickhouse", user=USER, password=PASSWORD)
        self.children: list[Child] = []
        self.url = ""
        try:
            self._start(run_s)
        except BaseException:
            self.stop()
            raise

    @property
    def settings(self) -> Settings:
        """How the parts are reached."""
        return Settings(kafka=self.kafka.bootstrap, prefix=PREFIX, home=self._folder, tenant="soak")

    @property
    def endpoints(self) -> Endpoints:
        """Where the servers are."""
        return Endpoints(self.kafka.bootstrap, self.url, USER, PASSWORD)

    def pids(self) -> dict[str, int]:
        """Process id of each part that runs."""
        found = {child.name: child.pid for child in self.children}
        return found | {"kafka": self.kafka.pid, "clickhouse": self.clickhouse.pid}

    def folders(self) -> dict[str, Path]:
        """Where each part keeps its data."""
        return {"kafka": self._folder / "kafka", "clickhouse": self._folder / "clickhouse"}

    def restart(self, name: str) -> None:
        """Kill a part; it comes back."""
        if name == "kafka":
            self.kafka.kill()
            time.sleep(GONE_S)
            self.kafka.start()
        elif name == "clickhouse":
            self.clickhouse.kill()
            time.sleep(GONE_S)
            self.clickhouse.start()
        else:
            next(child for child in self.children if child.name == name).kill()

    def stop(self) -> None:
        """End everything, cleanly."""
        for child in self.children:
            child.stop()
        self.clickhouse.stop()
        self.kafka.stop()

    def _start(self, run_s: float) -> None:
        self.kafka.start()
        self.url = self.clickhouse.start()
        self.clickhouse.port = int(self.url.rsplit(":", 1)[1])  # the same after each restart
        names = {
            "HOME": self._folder, "KAFKA": self.kafka.bootstrap, "PREFIX": PREFIX, "CLICKHOUSE": self.url,
            "CLICKHOUSE_USER": USER, "CLICKHOUSE_PASSWORD": PASSWORD, "K": 2, "TENANT": "soak",
        }  # fmt: skip
        environment = os.environ | {f"TASKSTREAM_{name}": str(value) for name, value in names.items()}
        command = [sys.executable, "-m", "taskstream"]
        for words in (["topics", "apply"], ["migrate"]):
            subprocess.run([*command, *words], env=environment, check=True, stdout=subprocess.DEVNULL)
        self._shorten(max(LEAST_RETENTION_S, RETENTION_OF_RUN * run_s))
        for name in PROCESSES:
            self.children.append(Child(name, [*command, name], environment, self._folder / f"{name}.log"))

    def _shorten(self, retention_s: float) -> None:
        """Retention and segments in proportion to days that take minutes."""
        admin = new_admin(kafka_config(self.settings, "soak"))
        keep_ms = int(retention_s * 1000)
        asked = []
        for topic in ALL:
            wanted = {"segment.ms": str(keep_ms // 4)}
            kept = ("max.compaction.lag.ms", "delete.retention.ms") if topic.compacted else ("retention.ms",)
            wanted |= dict.fromkeys(kept, str(keep_ms))
            entries = [ConfigEntry(k, v, incremental_operation=AlterConfigOpType.SET) for k, v in wanted.items()]
            asked.append(ConfigResource(ResourceType.TOPIC, PREFIX + topic.name, incremental_configs=entries))
        for answer in admin.incremental_alter_configs(asked).values():
            answer.result(ANSWER_S)
