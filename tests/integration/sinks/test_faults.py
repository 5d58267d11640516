"""Faults of ClickHouse and of what lies before it: one clear line each, nothing lost, nothing twice, on it goes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.ports import free_ports
from sinks.clickhouse.migrate import migrate
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


class ClickHouseAway:
    """An address at which nobody listens."""

    def __init__(self, server: ClickHouse) -> None:
        self.url = f"http://127.0.0.1:{free_ports(1)[0]}"
        self.user, self.password = server.user, server.password
