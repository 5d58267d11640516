"""What the page reads: ClickHouse as the read-only user and above the floor, and Kafka's lag."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sinks.clickhouse.migrate import migrate
from sinks.dashboard import page_data
from sinks.dashboard.page_store import PageStore, as_reader
from sinks.dashboard.poller import LOOKS
from sinks.results.database import NoTables
from sinks.results.kafka_lag import GroupLag, Kafka, KafkaLag
from sinks.results.opportunities import ListedOpportunity
from taskstream.endpoints import READER, Endpoints
from taskstream.errors import ServiceError
from taskstream.settings import Settings
from tests.browser import seed
from tests.fixtures.clickhouse import ClickHouse

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def endpoints(clickhouse: ClickHouse) -> Endpoints:
    return Endpoints("", clickhouse.url, clickhouse.user, clickhouse.password)


@pytest.fixture(scope="module")
def filled(clickhouse: ClickHouse, database: str) -> Iterator[Any]:
    migrate(clickhouse.client(), database, k=seed.K)
    client = clickhouse.client(database)
    seed.add_events(client, people=8, each=50)
    seed.add_transfers(client, "excel", "chrome", people=seed.K, each=4)
    seed.add_transfers(client, "excel", "rare", people=seed.K - 1, each=4)
    seed.add_opportunity(client, 1, "Shown", people=seed.K, hours=2)
    seed.add_opportunity(client, 2, "Hidden", people=seed.K - 1, hours=9)
    yield client
    client.close()


def test_the_embedded_server_is_read_as_its_reader(endpoints: Endpoints) -> None:
    assert as_reader(endpoints).clickhouse_user == READER
    elsewhere = replace(endpoints, clickhouse="http://127.0.0.1:9")
    assert as_reader(elsewhere) == elsewhere


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.field)
def test_every_view_answers_in_the_expected_form(endpoints: Endpoints, database: str, look: Any) -> None:
    PageStore(lambda: endpoints, database, seed.K).rows(look.query, look.kind, **look.parameters)


@pytest.mark.usefixtures("filled")
def test_nothing_below_the_floor(endpoints: Endpoints, database: str) -> None:
    store = PageStore(lambda: endpoints, database, seed.K)
    assert [each.name for each in store.rows("opportunities", ListedOpportunity, top=9)] == ["Shown"]
    assert [(each.target, each.values) for each in store.rows("transfers", page_data.Moved)] == [("chrome", 12)]
    assert store.rows("people", page_data.People) == (page_data.People(8),)
    stricter = PageStore(lambda: endpoints, database, 9)
    assert stricter.rows("people", page_data.People) == (page_data.People(0),)
    assert stricter.rows("opportunities", ListedOpportunity, top=9) == ()
    assert stricter.rows("transfers", page_data.Moved) == ()
    assert stricter.rows("activity", page_data.Minute) == ()


def test_a_database_without_tables_and_a_server_that_is_away(endpoints: Endpoints) -> None:
    with pytest.raises(NoTables):
        PageStore(lambda: endpoints, "nothing_here", 5).rows("totals", page_data.Totals)
    away = replace(endpoints, clickhouse="http://127.0.0.1:9")
    with pytest.raises(ServiceError, match=r"ClickHouse at http://127\.0\.0\.1:9: Connection refused"):
        PageStore(lambda: away, "taskstream", 5).rows("totals", page_data.Totals)


def test_lag_is_the_end_minus_what_a_group_has_acknowledged(kafka: str) -> None:
    from confluent_kafka import Consumer, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic

    prefix = "lagtest."
    topic = f"{prefix}ui-events"
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.create_topics([NewTopic(topic, 2, 1)])[topic].result()
    producer = Producer({"bootstrap.servers": kafka})
    for n in range(10):
        producer.produce(topic, b"x", partition=n % 2)
    producer.flush()
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": f"{prefix}sink", "enable.auto.commit": False})
    consumer.commit(offsets=[TopicPartition(topic, 0, 5), TopicPartition(topic, 1, 2)], asynchronous=False)
    consumer.close()
    found = KafkaLag(lambda: Settings(kafka=kafka, prefix=prefix)).read()
    assert found == Kafka(messages_in=10, groups=(GroupLag("sink", 3, running=False),))
    assert found.waiting == 3


def test_a_kafka_that_is_away_is_said_so() -> None:
    assert KafkaLag(lambda: Settings(kafka="127.0.0.1:9")).read().problem.startswith("Kafka does not answer")
    assert KafkaLag(lambda: Settings(kafka="")).read().problem


@pytest.mark.timeout(60)
def test_health_answers_within_a_second_while_clickhouse_hangs(tmp_path: Path) -> None:
    """It takes connections and never says a word."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = os.environ | {"TASKSTREAM_HOME": str(tmp_path), "TASKSTREAM_CLICKHOUSE": url}
        page = subprocess.Popen(
            [sys.executable, "-m", "taskstream", "dashboard", "--port", "0", "--json-ready"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            assert page.stdout is not None
            address = json.loads(page.stdout.readline())["url"]
            problems = []
            for _ in range(8):
                began = time.monotonic()
                with pytest.raises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(f"{address}/health", timeout=10)
                assert time.monotonic() - began < 1.0
                assert refused.value.code == 503
                problems.append(json.loads(refused.value.read())["problem"])
                time.sleep(0.5)
            assert problems[-1].startswith("ClickHouse has not answered for")
        finally:
            page.kill()
            page.wait()
