"""The embedded Kafka: really Kafka, kept data, clear ends."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import psutil
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local import jars
from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse
from deploy.local.inspect import running_kafka_version
from deploy.local.kafka import EmbeddedKafka
from sinks.connect import connect
from taskstream.endpoints import Endpoints
from taskstream.errors import ServiceError
from taskstream.settings import load

pytestmark = pytest.mark.integration


def _create(bootstrap: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)


def _produce(bootstrap: str, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(topic, value)
    assert producer.flush(20) == 0


def _first(bootstrap: str, topic: str) -> bytes:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            message = consumer.poll(1.0)
            if message is not None and message.error() is None:
                return bytes(message.value() or b"")
        raise AssertionError("nothing came")
    finally:
        consumer.close()


def test_it_is_apache_kafka(embedded_kafka: EmbeddedKafka) -> None:
    assert embedded_kafka.version == "4.1.1"
    assert running_kafka_version(embedded_kafka.pid) == "4.1.1"
    assert "kafka.Kafka" in psutil.Process(embedded_kafka.pid).cmdline()


def test_kafkas_own_console_consumer_reads(embedded_kafka: EmbeddedKafka) -> None:
    _create(embedded_kafka.bootstrap, "deploy.console")
    _produce(embedded_kafka.bootstrap, "deploy.console", b"hello")
    said = embedded_kafka.tool(
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        "--bootstrap-server", embedded_kafka.bootstrap, "--topic", "deploy.console",
        "--from-beginning", "--max-messages", "1",
    )  # fmt: skip
    assert said.stdout.split() == ["hello"], said.stderr


def test_data_outlive_stop_and_crash(tmp_path: Path) -> None:
    broker = EmbeddedKafka(tmp_path, load().cache, heap_mb=256)
    try:
        bootstrap = broker.start()
        _create(bootstrap, "kept")
        _produce(bootstrap, "kept", b"1")
        broker.stop()
        assert not psutil.pid_exists(broker.pid)
        assert broker.start() == bootstrap
        assert _first(bootstrap, "kept") == b"1"
        broker.kill()
        assert broker.poll() == 128 + 9
        assert broker.start() == bootstrap
        assert _first(bootstrap, "kept") == b"1"
        with pytest.raises(ServiceError, match="another Kafka uses"):
            EmbeddedKafka(tmp_path, load().cache, heap_mb=256).start()
    finally:
        broker.stop()
    broker.stop()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]
        with pytest.raises(ServiceError, match=f"port {port} of this machine is taken"):
            EmbeddedKafka(tmp_path, load().cache, port=port).start()
    assert not (tmp_path / "data").exists()


def test_a_full_disk_is_said_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 1 << 20})
    monkeypatch.setattr("deploy.local.disk.shutil.disk_usage", lambda _: usage)
    with pytest.raises(ServiceError, match="the disk is full: 1 MB are free"):
        EmbeddedKafka(tmp_path / "new", load().cache).start()
    assert not (tmp_path / "new" / "data").exists()


def test_java_that_cannot_start_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"Kafka cannot prepare|Java cannot start") as caught:
        EmbeddedKafka(tmp_path, load().cache, heap_mb=1).start()
    assert "\n" not in str(caught.value)


def test_the_cache_holds_what_is_pinned(embedded_kafka: EmbeddedKafka) -> None:
    assert jars.missing(embedded_kafka.prepare(), jars.locked()) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ["josé", "a,b", "with space", "日本 ü,=#%!"])
def test_a_home_of_any_name_works_and_nothing_is_left_beside_it(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.setenv(variable, "C")
    home = tmp_path / name
    broker = EmbeddedKafka(home / "kafka", load().cache, heap_mb=256)
    try:
        admin = AdminClient({"bootstrap.servers": broker.start()})
        admin.create_topics([NewTopic("t", 1, 1)])["t"].result(20)
        producer = Producer({"bootstrap.servers": broker.bootstrap})
        producer.produce("t", b"x")
        assert producer.flush(20) == 0
        assert (home / "kafka" / "data" / "t-0").is_dir()
        assert broker.log.stat().st_size > 0
    finally:
        broker.stop()
    with EmbeddedClickHouse(home / "clickhouse") as server:
        client = connect(Endpoints("", server.url, server.user, server.password))
        client.command("CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a")
        client.insert("t", [[1]], column_names=["a"])
        assert client.command("SELECT sum(a) FROM t") == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert {path.name for path in home.iterdir()} == {"kafka", "clickhouse", "clickhouse.log"}
