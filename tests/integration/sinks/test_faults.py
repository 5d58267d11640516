"""Faults of ClickHouse and of what lies before it: one clear line each, nothing lost, nothing twice, on it goes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.ports import free_ports
from sinks.clickhouse.consumer import GROUP
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.ranges import Mark, read_mark
from tests.fixtures.clickhouse import ClickHouse
from tests.integration.sinks.faulty import BEHAVIOURS, FaultyProxy
from tests.integration.sinks.stage import Stage, batches, until

pytestmark = pytest.mark.integration


@pytest.fixture
def proxy(clickhouse: ClickHouse) -> Iterator[FaultyProxy]:
    made = FaultyProxy(clickhouse.url, clickhouse.user, clickhouse.password)
    yield made
    made.close()


@pytest.mark.timeout(240)
def test_every_fault_is_one_line_and_passes(tmp_path: Path, kafka: str, proxy: FaultyProxy) -> None:
    stage = Stage(tmp_path, kafka, proxy)
    log = tmp_path / "sink-0.log"
    try:
        sink = stage.start_sink()
        sent = 0
        for turn, fault in enumerate(BEHAVIOURS):
            proxy.fault, proxy.failed, before = fault, 0, log.read_text()
            stage.send("ui-events.clean", batches(5, 2, 10, first=turn * 100))
            sent += 100
            until(lambda: proxy.failed >= 2)
            proxy.fault = ""
            until(lambda sent=sent: stage.query("SELECT count() FROM ui_events")[0][0] >= sent)  # type: ignore[misc]
            said = log.read_text()[len(before) :].splitlines()
            assert len([line for line in said if "ClickHouse takes nothing now" in line]) <= 2, (fault, said)
            assert not any("Traceback" in line for line in said), fault
            assert sink.poll() is None, fault
        assert stage.query("SELECT count(), uniqExact(agent, seq) FROM ui_events") == [(sent, sent)]
        assert stage.query("SELECT count() FROM dead_letters") == [(0,)]
    finally:
        stage.close()


@pytest.mark.timeout(120)
def test_a_sink_that_starts_before_kafka_clickhouse_and_schema_waits_for_them(stage: Stage) -> None:
    stage.client().command(f"DROP DATABASE {stage.database}")
    stage.send("ui-events.clean", batches(4, 5, 10))
    server, stage.server = stage.server, ClickHouseAway(stage.server)
    waiting = stage.start_sink()
    log = stage.home / "sink-0.log"
    until(lambda: "waiting for it" in log.read_text())
    waiting.send_signal(signal.SIGTERM)
    assert waiting.wait(15) == 0
    stage.server = server
    sink = stage.start_sink()
    log = stage.home / "sink-1.log"
    until(lambda: "run `taskstream migrate`" in log.read_text())
    assert sink.poll() is None
    migrate(stage.client("default"), stage.database)
    until(lambda: stage.query("SELECT count() FROM ui_events") == [(200,)], 60)
    assert len(log.read_text().splitlines()) <= 4


@pytest.mark.timeout(240)
def test_a_block_of_many_partitions_that_arrives_when_they_are_two_sinks(
    tmp_path: Path, kafka: str, proxy: FaultyProxy
) -> None:
    """It hangs on its way; a second sink takes half of its partitions; both store their parts; then it arrives."""
    from confluent_kafka import Consumer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewPartitions

    stage = Stage(tmp_path, kafka, proxy)
    asks = Consumer({"bootstrap.servers": kafka, "group.id": stage.prefix + GROUP})
    admin, topic = AdminClient({"bootstrap.servers": kafka}), f"{stage.prefix}ui-events.clean"

    def marks() -> list[Mark]:
        """What the sink has committed beside the offsets."""
        answers = asks.committed([TopicPartition(topic, n) for n in range(96)], timeout=20)
        return [mark for answer in answers if (mark := read_mark(answer.metadata)) is not None]

    try:
        admin.create_partitions([NewPartitions(topic, 96)])[topic].result(20)
        until(lambda: len(admin.list_topics(topic, timeout=5).topics[topic].partitions) == 96)
        a_month_later = 3_000_000
        values = [*batches(200, 1, 10), *batches(200, 1, 10, first=a_month_later)]
        stage.send("ui-events.clean", values, per_transaction=len(values))
        proxy.fault = "held"
        stage.start_sink()
        begun: list[Mark] = []

        def all_are_begun() -> bool:
            begun[:] = [mark for mark in marks() if mark.last is not None]
            return len(begun) > 80  # messages fall on partitions by chance

        until(all_are_begun)
        blocks = {mark.joint or number for number, mark in enumerate(begun)}
        assert len(blocks) < 40, "an insert is of many partitions"
        until(lambda: proxy.failed > 0)
        proxy.fault, held = "", proxy.failed
        stage.start_sink()
        until(lambda: stage.query("SELECT count() FROM ui_events") == [(4_000,)], 60)
        until(lambda: all(mark.last is None for mark in marks()))
        proxy.release.set()
        until(lambda: proxy.late == held)
        rows = stage.query("SELECT count(), uniqExact(agent, seq), uniqExact(toYYYYMM(at_ms)) FROM ui_events")
        assert rows == [(4_000, 4_000, 2)]
        assert all(sink.poll() is None for sink in stage.sinks)
    finally:
        proxy.release.set()
        stage.close()
        asks.close()


class ClickHouseAway:
    """An address at which nobody listens."""

    def __init__(self, server: ClickHouse) -> None:
        self.url = f"http://127.0.0.1:{free_ports(1)[0]}"
        self.user, self.password = server.user, server.password
