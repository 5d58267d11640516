"""For `taskstream status`: asks the running processes themselves what runs here."""

from __future__ import annotations

import os
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
from msgspec import Struct

from deploy.local.home import ComponentState, InstanceState, read_state, running_in
from deploy.local.jars import kafka_version
from deploy.local.ports import LOOPBACK
from taskstream.endpoints import READER, Endpoints, reader_password, resolve
from taskstream.errors import TaskstreamError
from taskstream.settings import Settings

_LAG = re.compile(r'^taskstream_lag_messages\{[^}]*topic="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE)
ANSWER_S = 5.0


class KafkaStatus(Struct, frozen=True):
    """``version`` is that of the jars the broker runs from; empty for a broker that is not ours. ``problem``: why it
    is not reachable."""

    version: str
    bootstrap: str
    embedded: bool
    reachable: bool
    brokers: int
    problem: str = ""


class ClickHouseStatus(Struct, frozen=True):
    """``version`` is what the server says it is; ``reader`` and ``reader_password`` are who may read its views, where
    it is the embedded one (the owner's password is shown nowhere)."""

    version: str
    url: str
    embedded: bool
    reachable: bool
    problem: str = ""
    reader: str = ""
    reader_password: str = ""


class ComponentStatus(Struct, frozen=True):
    """One process. ``lag`` is in messages, over all its partitions; None when it has none to tell."""

    name: str
    state: str
    pid: int
    uptime_s: int
    restarts: int
    lag: int | None
    log: str


class InstanceStatus(Struct, frozen=True):
    """All of it. ``lag``: messages that wait, by topic."""

    running: bool
    home: str
    pid: int
    uptime_s: int
    kafka: KafkaStatus
    clickhouse: ClickHouseStatus
    dashboard: str
    components: tuple[ComponentStatus, ...]
    lag: dict[str, int]


def status(settings: Settings) -> InstanceStatus:
    """Ask everything; what does not answer is reported as such."""
    home = running_in(settings.home)
    instance = read_state(home)
    where = resolve(settings, kafka=False, clickhouse=False)
    lags = {each.name: _lag_of(each) for each in instance.components} if instance else {}
    total: dict[str, int] = {}
    for topics in lags.values():
        for topic, count in topics.items():
            total[topic] = total.get(topic, 0) + count
    now_ms = time.time_ns() // 1_000_000
    return InstanceStatus(
        running=instance is not None,
        home=str(home),
        pid=instance.pid if instance else 0,
        uptime_s=(now_ms - instance.started_ms) // 1000 if instance else 0,
        kafka=_kafka(settings.model_copy(update={"kafka": where.kafka}), instance),
        clickhouse=_clickhouse(where, instance),
        dashboard=instance.dashboard if instance else "",
        components=tuple(_component(each, lags[each.name], now_ms) for each in instance.components) if instance else (),
        lag=total,
    )


def _component(each: ComponentState, lag: dict[str, int], now_ms: int) -> ComponentStatus:
    alive = each.pid > 0 and psutil.pid_exists(each.pid)
    return ComponentStatus(
        name=each.name,
        state=each.state if alive or each.state == "waiting" else "gone",
        pid=each.pid,
        uptime_s=max(0, now_ms - each.started_ms) // 1000 if each.started_ms else 0,
        restarts=each.restarts,
        lag=sum(lag.values()) if lag else None,
        log=each.log,
    )


def _lag_of(component: ComponentState) -> dict[str, int]:
    if not component.metrics_port:
        return {}
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{component.metrics_port}/metrics", timeout=ANSWER_S) as answer:
            text = answer.read().decode()
    except (urllib.error.URLError, OSError):
        return {}
    lag: dict[str, int] = {}
    for topic, value in _LAG.findall(text):
        lag[topic] = lag.get(topic, 0) + int(float(value))
    return lag


def _kafka(settings: Settings, instance: InstanceState | None) -> KafkaStatus:
    from taskstream.kafka.check import check

    bootstrap = settings.kafka
    embedded = bool(instance and instance.kafka and instance.kafka.embedded and instance.kafka.address == bootstrap)
    version = running_kafka_version(instance.kafka.pid) if embedded and instance and instance.kafka else ""
    try:
        brokers = check(settings, "status", answer_s=ANSWER_S) if bootstrap else 0
    except TaskstreamError as error:
        return KafkaStatus(version, bootstrap, embedded, reachable=False, brokers=0, problem=str(error))
    return KafkaStatus(version, bootstrap, embedded, brokers > 0, brokers)


def running_kafka_version(pid: int) -> str:
    """The version of the jars that the process runs from, read from its own class path; empty when there is none."""
    try:
        class_path = psutil.Process(pid).environ().get("CLASSPATH", "")
    except psutil.Error:
        return ""
    return kafka_version(Path(class_path.split(os.pathsep)[0]).parent) if class_path else ""


def _clickhouse(where: Endpoints, instance: InstanceState | None) -> ClickHouseStatus:
    from sinks.connect import connect

    of_instance = instance.clickhouse if instance else None
    embedded = bool(of_instance and of_instance.embedded and of_instance.address == where.clickhouse)
    if not where.clickhouse:
        return ClickHouseStatus("", "", embedded=False, reachable=False)
    try:
        client = connect(where)
        version = str(client.command("SELECT version()"))
        client.close()
    except TaskstreamError as error:
        return ClickHouseStatus("", where.clickhouse, embedded, reachable=False, problem=str(error))
    if not embedded:
        return ClickHouseStatus(version, where.clickhouse, embedded, reachable=True)
    password = reader_password(where.clickhouse_password)
    return ClickHouseStatus(
        version, where.clickhouse, embedded, reachable=True, reader=READER, reader_password=password
    )
