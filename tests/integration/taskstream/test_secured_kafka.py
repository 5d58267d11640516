"""Every process and command at work on a secured Kafka: TLS with a login, mutual TLS, tokens, and few rights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from collectors.delivery.publisher import Publisher
from collectors.delivery.spool import Origin, Spool
from taskstream.events import UiEvent
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.settings import Settings
from taskstream.topics import ALL
from tests.fixtures.clickhouse import ClickHouse
from tests.fixtures.secured import PASSWORD, Secured

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

RECORDING = Path(__file__).parents[3] / "deploy" / "demo" / "StudentRecord.csv"


class Deployment:
    """Processes and commands with the same settings, given as a company gives them: by the environment."""

    def __init__(self, home: Path, clickhouse: ClickHouse, reached: dict[str, str]) -> None:
        self.home = home
        self.prefix = f"s{uuid.uuid4().hex[:8]}."
        self.given = reached | {
            "home": str(home), "prefix": self.prefix, "partitions": "2", "k": "2",
            "database": f"secured_{uuid.uuid4().hex[:8]}", "clickhouse": clickhouse.url,
            "clickhouse_user": clickhouse.user, "clickhouse_password": clickhouse.password,
        }  # fmt: skip
        self.settings = Settings(**self.given)  # type: ignore[arg-type]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def _environment(self, user: str) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TASKSTREAM_KAFKA")}
        given = self.given | ({"kafka_user": user} if user else {})
        return clean | {f"TASKSTREAM_{name.upper()}": value for name, value in given.items()}

    def run(self, *words: str, user: str = "") -> str:
        """A command that must succeed; its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "taskstream", *words],
            env=self._environment(user), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{words}: {done.stderr}"
        assert PASSWORD not in done.stdout + done.stderr
        return done.stdout

    def start(self, *words: str, user: str = "") -> None:
        with (self.home / f"{words[0]}.log").open("wb") as log:
            self._processes[words[0]] = subprocess.Popen(
                [sys.executable, "-m", "taskstream", *words], env=self._environment(user), stdout=log, stderr=log
            )

    def log(self, word: str) -> str:
        return (self.home / f"{word}.log").read_text(errors="replace")

    def until(self, what: str, holds: Callable[[], bool], seconds: float = 120.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            ended = {word: process.poll() for word, process in self._processes.items() if process.poll() is not None}
            if ended or time.monotonic() > deadline:
                logs = "\n".join(f"--- {word}\n{self.log(word)[-3_000:]}" for word in self._processes)
                raise AssertionError(f"{what}: ended {ended}\n{logs}")
            time.sleep(0.3)

    def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(params=["login", "certificate"])
def deployment(
    request: pytest.FixtureRequest, tmp_path: Path, secured: Secured, clickhouse: ClickHouse
) -> Iterator[Deployment]:
    reached = secured.by_login() if request.param == "login" else secured.by_certificate()
    made = Deployment(tmp_path, clickhouse, reached)
    yield made
    made.stop()


def test_everything_works_on_a_secured_kafka(deployment: Deployment, clickhouse: ClickHouse) -> None:
    assert "create" in deployment.run("topics", "apply")
    deployment.run("migrate")
    for words in (("worker",), ("catalogue",), ("sink",), ("dashboard", "--port", "0", "--json-ready")):
        deployment.start(*words)
    replayed = json.loads(deployment.run("replay", str(RECORDING), "--desktops", "4", "--json"))
    assert replayed["sent"] == replayed["events"] > 1_000
    published = _publish(deployment.settings, deployment.home)
    client = clickhouse.client(deployment.given["database"])

    def stored() -> int:
        return int(client.query("SELECT count() FROM ui_events").result_rows[0][0])

    deployment.until("the sink stores", lambda: stored() >= replayed["sent"] + published)
    deployment.until("the catalogue publishes", lambda: len(json.loads(deployment.run("opportunities", "--json"))) > 0)
    assert stored() == replayed["sent"] + published

    deployment.until("the page is served", lambda: '"url"' in deployment.log("dashboard"))
    address = json.loads(deployment.log("dashboard").splitlines()[0])["url"]

    deployment.until("the page reads Kafka", lambda: {"sink", "streams"} <= _groups(address).keys())

    producer = new_producer(kafka_config(deployment.settings, "test"))
    producer.produce(deployment.prefix + "ui-events", b"not a batch", partition=0)
    assert producer.flush(20) == 0
    deployment.until("the worker refuses", lambda: '"reason":"json"' in deployment.run("dead-letter", "list", "--json"))
    assert json.loads(deployment.run("dead-letter", "replay", "--reason", "json", "--json")) == {
        "replayed": 1, "skipped": 0, "refused": 0,
    }  # fmt: skip
    status = json.loads(deployment.run("status", "--json"))
    assert (status["kafka"]["reachable"], status["kafka"]["problem"]) == (True, "")
    for word in ("worker", "catalogue", "sink", "dashboard"):
        assert PASSWORD not in deployment.log(word)


def _publish(settings: Settings, folder: Path) -> int:
    """Some events from a desktop's own publisher; how many."""
    spool = Spool(folder / "desktop.db")
    origin = Origin(tenant="t", team="x", actor="p1", agent="a1")
    spool.append(origin, [UiEvent(at_ms=1_760_000_000_000 + n, kind="click", app="excel") for n in range(50)], 0)
    publisher = Publisher(settings, settings.prefix + "ui-events", spool, sent_ms=lambda _: 1_760_000_000_100)
    publisher.start()
    assert publisher.drain(20)
    publisher.stop()
    assert publisher.delivered_events == 50
    return publisher.delivered_events


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_the_other_passwords_work_too(secured: Secured, clickhouse: ClickHouse, tmp_path: Path, mechanism: str) -> None:
    made = Deployment(tmp_path, clickhouse, secured.by_login(kafka_sasl_mechanism=mechanism))
    assert "create" in made.run("topics", "apply")


def test_tokens_work_for_librdkafka_and_for_faust(secured: Secured, clickhouse: ClickHouse, tmp_path: Path) -> None:
    made = Deployment(tmp_path, clickhouse, secured.by_token())
    made.run("topics", "apply")
    made.start("worker")
    try:
        _publish(made.settings, tmp_path)
        producer = new_producer(kafka_config(made.settings, "test"))
        producer.produce(made.prefix + "ui-events", b"not a batch", partition=0)
        assert producer.flush(20) == 0
        made.until("the worker refuses", lambda: '"reason":"json"' in made.run("dead-letter", "list", "--json"))
    finally:
        made.stop()


READ, WRITE, DESCRIBE = AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE
GROUPS, TRANSACTIONS = ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID
Right = tuple[ResourceType, str, ResourcePatternType, AclOperation]


def rights() -> dict[str, list[Right]]:
    """Who may do what: the table of docs/operate.md, names without the prefix; "" with all that follows."""

    def topics(operation: AclOperation, *names: str) -> list[Right]:
        return [(ResourceType.TOPIC, name, ResourcePatternType.LITERAL, operation) for name in names]

    def every(kind: ResourceType, operation: AclOperation) -> Right:
        return (kind, "", ResourcePatternType.PREFIXED, operation)

    def of(part: str) -> list[Right]:
        read = [topic.name for topic in ALL if part in topic.readers]
        return topics(READ, *read) + topics(WRITE, *(topic.name for topic in ALL if part in topic.writers))

    return {
        "administrator": [
            every(ResourceType.TOPIC, operation)
            for operation in (
                AclOperation.CREATE, DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.ALTER,
                AclOperation.ALTER_CONFIGS,
            )
        ],
        "collector": of("collectors"),
        "worker": [*of("streams"), every(GROUPS, READ), every(TRANSACTIONS, WRITE)],
        "sink": [*of("sinks"), every(GROUPS, READ)],
        "catalogue": [*of("catalogue"), every(GROUPS, DESCRIBE), every(TRANSACTIONS, WRITE)],
        "page": [every(ResourceType.TOPIC, DESCRIBE), every(GROUPS, DESCRIBE)],
        "steward": [*of("steward"), every(GROUPS, DESCRIBE)],
    }  # fmt: skip


def test_each_part_works_with_few_rights(secured: Secured, clickhouse: ClickHouse, tmp_path: Path) -> None:
    made = Deployment(tmp_path, clickhouse, secured.by_login())
    _allow(secured.plain, made.prefix)
    assert "create" in made.run("topics", "apply", user="administrator")
    assert "as declared" in made.run("topics", "apply", user="administrator")
    made.run("migrate")
    for word, user in (("worker", "worker"), ("catalogue", "catalogue"), ("sink", "sink")):
        made.start(word, user=user)
    made.start("dashboard", "--port", "0", "--json-ready", user="page")
    client = clickhouse.client(made.given["database"])
    try:
        sent = json.loads(made.run("replay", str(RECORDING), "--desktops", "4", "--json", user="collector"))["sent"]
        made.until("the sink stores", lambda: client.query("SELECT count() FROM ui_events").result_rows[0][0] >= sent)
        made.until("the catalogue publishes", lambda: len(json.loads(made.run("opportunities", "--json"))) > 0)
        producer = new_producer(kafka_config(made.settings, "test"))
        producer.produce(made.prefix + "ui-events", b"not a batch", partition=0)
        assert producer.flush(20) == 0

        def letters() -> str:
            return made.run("dead-letter", "list", "--json", user="steward")

        made.until("the worker refuses", lambda: '"reason":"json"' in letters())
        assert '"replayed": 1' in made.run("dead-letter", "replay", "--reason", "json", "--json", user="steward")
        made.until("the page is served", lambda: '"url"' in made.log("dashboard"))
        address = json.loads(made.log("dashboard").splitlines()[0])["url"]
        made.until("the page reads Kafka", lambda: {"sink", "streams"} <= _groups(address).keys())
    finally:
        made.stop()


def _groups(address: str) -> dict[str, Any]:
    """The consumer groups that the page shows."""
    with urllib.request.urlopen(f"{address}/api/summary", timeout=20) as answer:
        found: dict[str, Any] = json.loads(answer.read())["lag"]["groups"]
        return found


def _allow(kafka: str, prefix: str) -> None:
    bindings = [
        AclBinding(kind, prefix + name, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        for user, given in rights().items()
        for kind, name, pattern, operation in given
    ]
    admin = AdminClient({"bootstrap.servers": kafka})
    for future in admin.create_acls(bindings).values():
        future.result(20)
