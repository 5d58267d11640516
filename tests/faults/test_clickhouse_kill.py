"""The endpoint killed in the middle of inserts: what was acknowledged is there, and a repeat makes nothing twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
import psutil
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse
from taskstream.errors import ServiceError

pytestmark = pytest.mark.faults

BLOCKS, ROWS, KILLS = 60, 5_000, 4


def _client(server: EmbeddedClickHouse) -> clickhouse_connect.driver.Client:
    parts = urlsplit(server.url)
    return clickhouse_connect.get_client(
        host=parts.hostname, port=parts.port, username=server.user, password=server.password, query_retries=0,
        autogenerate_session_id=False,
    )  # fmt: skip


def test_kill_during_inserts_then_repeat(tmp_path: Path) -> None:
    server = EmbeddedClickHouse(tmp_path / "data")
    server.start()
    client = _client(server)
    window = "SETTINGS non_replicated_deduplication_window = 10000"
    client.command(f"CREATE TABLE t (block UInt32, n UInt32) ENGINE = MergeTree ORDER BY (block, n) {window}")
    client.command(
        f"CREATE MATERIALIZED VIEW sums ENGINE = SummingMergeTree ORDER BY block {window} "
        "AS SELECT block, count() AS rows FROM t GROUP BY block"
    )
    chance, acknowledged = random.Random(7), set[int]()
    for _ in range(KILLS):
        killer = threading.Timer(chance.uniform(0.05, 0.4), server.kill)
        killer.start()
        for block in range(BLOCKS):
            if not _insert(client, block):
                break
            acknowledged.add(block)
        killer.join()
        server.start()
        client = _client(server)
        stored = {row[0] for row in client.query("SELECT DISTINCT block FROM t").result_rows}
        assert acknowledged <= stored
    for block in range(BLOCKS):
        assert _insert(client, block)
    assert client.command("SELECT count(), uniqExact((block, n)) FROM t") == [str(BLOCKS * ROWS)] * 2
    assert client.command("SELECT sum(rows), max(rows) FROM (SELECT sum(rows) AS rows FROM sums GROUP BY block)") == [
        str(BLOCKS * ROWS),
        str(ROWS),
    ]
    server.stop()


def _insert(client: clickhouse_connect.driver.Client, block: int) -> bool:
    data = b"".join(b"%d\t%d\n" % (block, n) for n in range(ROWS))
    settings = {"insert_deduplication_token": f"t:{block}", "deduplicate_blocks_in_dependent_materialized_views": 1}
    try:
        client.raw_insert("t", ["block", "n"], data, fmt="TSV", settings=settings)
    except (ClickHouseError, OSError):
        return False
    return True


def test_one_owner_a_directory_and_a_clear_word_for_a_taken_port(tmp_path: Path) -> None:
    with EmbeddedClickHouse(tmp_path / "data") as server:
        with pytest.raises(ServiceError, match=f"in use by process {server.pid}"):
            EmbeddedClickHouse(tmp_path / "data").start()
        port = urlsplit(server.url).port or 0
        with pytest.raises(ServiceError, match=f"port {port} is taken"):
            EmbeddedClickHouse(tmp_path / "other", port).start()
        assert _client(server).command("SELECT 1") == 1


def test_it_stops_on_sigterm_and_keeps_what_it_has(tmp_path: Path) -> None:
    server = EmbeddedClickHouse(tmp_path / "data")
    server.start()
    _client(server).command("CREATE TABLE kept ENGINE = MergeTree ORDER BY tuple() AS SELECT 1 AS a")
    process = psutil.Process(server.pid)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 5
    assert not process.is_running()
    server.start()
    assert _client(server).command("SELECT a FROM kept") == 1
    server.stop()


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse\n"
        "server = EmbeddedClickHouse(Path(sys.argv[1])); server.start(); print(server.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "data")], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    with parent.stdout:
        child = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        child.wait(10)
    assert not child.is_running()
