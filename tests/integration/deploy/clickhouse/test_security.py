"""Nobody without a password, nobody from a web page, no files and no network for anybody, and readers only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.clickhouse import ClickHouse
from tests.integration.deploy.clickhouse.http import ask, read

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", ["", "default", "taskstream", "reader", "nobody"])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_no_entry_without_the_password(clickhouse: ClickHouse, name: str, password: str) -> None:
    reply = ask(clickhouse, "SELECT 1", user=name, password=password)
    assert (reply.status, reply.headers["x-clickhouse-exception-code"]) == (403, "516")
    assert password not in reply.text or not password


def test_three_ways_to_say_who_one_is(clickhouse: ClickHouse) -> None:
    keys = {"X-ClickHouse-User": clickhouse.reader_user, "X-ClickHouse-Key": clickhouse.reader_password}
    assert ask(clickhouse, "SELECT 1", user="", headers=keys).text == "1\n"
    url = f"/?user={clickhouse.reader_user}&password={clickhouse.reader_password}"
    assert ask(clickhouse, "SELECT 1", user="", path=url).text == "1\n"
    assert ask(clickhouse, "SELECT 1").text == "1\n"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://example.org"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
     {"Host": "rebound.example.org"}, {"Host": "localhost.example.org:80"}, {"Origin": "null"}],
)  # fmt: skip
def test_no_answer_to_web_pages(clickhouse: ClickHouse, headers: dict[str, str]) -> None:
    reply = ask(clickhouse, "SELECT 1", headers=headers)
    assert (reply.status, reply.headers["x-clickhouse-exception-code"]) == (403, "497")


ESCAPES = [
    "SELECT * FROM file('{path}', 'LineAsString')",
    "SELECT file('{path}')",
    "SELECT `file`('{path}')",
    "SELECT arrayMap(file, ['{path}'])",
    "SELECT '{path}' AS p, COLUMNS('p') APPLY(file)",
    "SELECT * FROM `{path}`",
    "SELECT * FROM '{path}'",
    "SELECT * FROM default.`{path}`",
    'SELECT * FROM "{path}"',
    "DESCRIBE TABLE file('{path}')",
    "SELECT 1 INTO OUTFILE '{path}.out'",
    "SELECT 1 INTO/**/OUTFILE '{path}.out' TRUNCATE",
    "SELECT * FROM url('{url}', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM s3('{url}')",
    "SELECT * FROM sqlite('{path}', 't')",
    "SELECT * FROM executable('x', TSV, 'a String', (SELECT 1))",
    "SELECT * FROM python('x')",
    "SELECT * FROM merge(eval('SELECT 1'))",
    "EXPLAIN SELECT * FROM file('{path}')",
    "SELECT 1; SELECT 2",
]
WRITES = [
    "INSERT INTO FUNCTION file('{path}.out', 'CSV', 'a Int8') VALUES (1)",
    "INSERT INTO TABLE FUNCTION url('{url}', 'CSV', 'a Int8') SELECT 1",
    "CREATE TABLE leak (a String) ENGINE = File(LineAsString, '{path}')",
    "CREATE TABLE leak (a String) ENGINE = URL('{url}', 'CSV')",
    "CREATE TABLE leak AS file('{path}', 'LineAsString')",
    "CREATE VIEW leak AS SELECT * FROM file('{path}', 'LineAsString')",
    "CREATE DATABASE leak ENGINE = Filesystem('/')",
    "CREATE TABLE leak (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 'local', path = '{path}.d/')",
    "BACKUP DATABASE default TO File('{path}.out')",
    "ATTACH TABLE leak FROM '{path}' (a Int8) ENGINE = MergeTree ORDER BY a",
    "INSERT INTO t FROM INFILE '{path}' FORMAT CSV",
]


@pytest.mark.parametrize("sql", ESCAPES)
def test_no_files_and_no_network_for_the_reader(clickhouse: ClickHouse, tmp_path: Path, sql: str) -> None:
    _cannot_escape(clickhouse, tmp_path, sql, clickhouse.reader_user, clickhouse.reader_password)


@pytest.mark.parametrize("sql", ESCAPES + WRITES)
def test_no_files_and_no_network_for_the_owner(clickhouse: ClickHouse, tmp_path: Path, sql: str) -> None:
    _cannot_escape(clickhouse, tmp_path, sql, clickhouse.user, clickhouse.password)


def _cannot_escape(server: ClickHouse, folder: Path, sql: str, user: str, password: str) -> None:
    secret = folder / "secret.csv"
    secret.write_text("the secret\n")
    text = sql.format(path=secret, url=server.url + "/ping")
    reply = ask(server, text, user=user, password=password)
    assert reply.status >= 400
    assert "the secret" not in reply.text
    assert "Ok." not in reply.text
    assert [path.name for path in folder.iterdir()] == ["secret.csv"]


@pytest.mark.parametrize(
    "sql",
    ["CREATE TABLE t (a Int8) ENGINE = Memory", "DROP DATABASE default", "INSERT INTO t VALUES (1)", "SET readonly = 0",
     "KILL QUERY WHERE 1", "WITH 1 AS x INSERT INTO t SELECT x", "SELECT 1 SETTINGS readonly = 0",
     "SELECT 1 SETTINGS max_execution_time = 0", "SYSTEM FLUSH LOGS"],
)  # fmt: skip
def test_the_reader_only_reads(clickhouse: ClickHouse, sql: str) -> None:
    reply = read(clickhouse, sql)
    assert reply.status >= 400
    assert read(clickhouse, "SELECT 1", readonly="0").text == "1\n"


def test_a_get_request_only_reads(clickhouse: ClickHouse) -> None:
    assert ask(clickhouse, query="SELECT 1").text == "1\n"
    reply = ask(clickhouse, query="CREATE TABLE got (a Int8) ENGINE = Memory")
    assert reply.headers["x-clickhouse-exception-code"] == "164"


def test_limits_cannot_be_lifted_in_the_url(clickhouse: ClickHouse) -> None:
    settings = "SELECT getSetting('max_execution_time'), getSetting('max_memory_usage'), getSetting('readonly')"
    seconds, memory, readonly = read(clickhouse, settings, max_execution_time="0", max_memory_usage="0").text.split()
    assert 0 < float(seconds) <= 120
    assert 0 < int(memory) <= 1_500_000_000
    assert readonly == "2"
    assert read(clickhouse, settings, max_execution_time="1.5").text.startswith("1.5\t")


def test_a_query_beyond_its_memory_fails_and_the_next_one_runs(clickhouse: ClickHouse) -> None:
    reply = read(clickhouse, "SELECT groupArray(number) FROM numbers(1000000000)", max_memory_usage="100000000")
    assert reply.headers["x-clickhouse-exception-code"] == "241"
    assert read(clickhouse, "SELECT 1").text == "1\n"


def test_compress_is_refused_clearly(clickhouse: ClickHouse) -> None:
    assert "Content-Encoding" in ask(clickhouse, "SELECT 1", compress="1").text
