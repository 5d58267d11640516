"""clickhouse-connect and plain HTTP against the endpoint, as against a ClickHouse server."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import lz4.frame
import pytest
from backports import zstd
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData

from tests.fixtures.clickhouse import ClickHouse
from tests.integration.deploy.clickhouse.http import ask, read

pytestmark = pytest.mark.integration

TABLE = (
    "CREATE TABLE {} (a UInt64, b String) ENGINE = MergeTree ORDER BY a "
    "SETTINGS non_replicated_deduplication_window = 100"
)


@pytest.fixture(scope="module")
def client(clickhouse: ClickHouse, database: str) -> Iterator[Any]:
    client = clickhouse.client(database)
    yield client
    client.close()


def test_query_with_parameters(client: Any) -> None:
    values = {"n": 5, "s": "a'b\\\t\"", "l": ["x'", "y"]}
    sql = "SELECT {n:UInt32}, {s:String}, {l:Array(String)}"
    assert client.query(sql, parameters=values).result_rows == [(5, values["s"], ["x'", "y"])]


def test_insert_and_read_back(client: Any) -> None:
    client.command(TABLE.format("rows"))
    summary = client.insert("rows", [[1, "x"], [2, "y"]], column_names=["a", "b"])
    assert summary.written_rows == 2
    result = client.query("SELECT * FROM rows ORDER BY a")
    assert result.result_rows == [(1, "x"), (2, "y")]
    assert result.summary["read_rows"] == "2"
    assert client.query_arrow("SELECT * FROM rows").num_rows == 2
    assert client.command("SELECT count() FROM rows") == 2


@pytest.mark.parametrize(
    ("name", "compress"),
    [("none", None), ("gzip", gzip.compress), ("zstd", zstd.compress), ("lz4", lz4.frame.compress)],
)
def test_raw_insert_with_content_encoding_and_token(client: Any, name: str, compress: Any) -> None:
    table = f"raw_{name}"
    client.command(TABLE.format(table))
    rows = b"".join(b'{"a": %d, "b": "x"}\n' % n for n in range(1000))
    for _ in range(3):
        client.raw_insert(
            table, ["a", "b"], compress(rows) if compress else rows, fmt="JSONEachRow",
            compression=name if compress else None, settings={"insert_deduplication_token": "t:0:0-999"},
        )  # fmt: skip
    assert client.command(f"SELECT count(), uniqExact(a) FROM {table}") == ["1000", "1000"]


def test_large_native_bodies_arrive_whole(client: Any) -> None:
    client.command(TABLE.format("large"))
    data = client.raw_query("SELECT number AS a, randomPrintableASCII(100) AS b FROM numbers(800000)", fmt="Native")
    assert len(data) > 80_000_000
    for _ in range(2):
        client.raw_insert("large", ["a", "b"], data, fmt="Native", settings={"insert_deduplication_token": "large"})
    assert client.command("SELECT count(), max(a) FROM large") == ["800000", "799999"]


def test_a_repeated_token_does_not_count_twice_in_a_view(client: Any) -> None:
    client.command(TABLE.format("source"))
    client.command(
        "CREATE MATERIALIZED VIEW sums ENGINE = SummingMergeTree ORDER BY b "
        "SETTINGS non_replicated_deduplication_window = 100 AS SELECT b, count() AS n FROM source GROUP BY b"
    )
    settings = {"insert_deduplication_token": "t", "deduplicate_blocks_in_dependent_materialized_views": 1}
    for _ in range(3):
        client.insert("source", [[1, "x"], [2, "x"]], column_names=["a", "b"], settings=settings)
    assert client.command("SELECT sum(n) FROM sums") == 2


def test_a_long_answer_streams(client: Any) -> None:
    with client.query_row_block_stream("SELECT number FROM numbers(3000000)") as blocks:
        assert sum(len(block) for block in blocks) == 3_000_000


def test_an_error_in_the_middle_of_an_answer_reaches_the_client(client: Any) -> None:
    sql = "SELECT number, throwIf(number = 4000000) FROM numbers(5000000) SETTINGS max_threads = 1"
    with pytest.raises(StreamFailureError, match="Code: 395"), client.query_row_block_stream(sql) as blocks:
        for _ in blocks:
            pass


def test_errors_carry_code_and_status(clickhouse: ClickHouse, client: Any) -> None:
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE") as error:
        client.query("SELECT * FROM nothing")
    assert error.value.code == 60
    reply = ask(clickhouse, "SELECT * FROM nothing")
    assert (reply.status, reply.headers["x-clickhouse-exception-code"]) == (404, "60")
    assert reply.text.startswith("Code: 60. DB::Exception: ")
    assert ask(clickhouse, "SELEC 1").status in (400, 403)
    assert ask(clickhouse, "SELECT 1 +").status == 400


def test_external_data_and_sessions(clickhouse: ClickHouse, client: Any) -> None:
    table = ExternalData(data=b"1\tx\n2\ty\n", file_name="sent", fmt="TSV", structure=["a UInt32", "b String"])
    assert client.query("SELECT sum(a) FROM sent", external_data=table).result_rows == [(3,)]
    for sql in ("CREATE TEMPORARY TABLE kept (a Int8)", "INSERT INTO kept VALUES (7)", "SET max_threads = 1"):
        assert ask(clickhouse, sql, session_id="s1").status == 200
    assert ask(clickhouse, "SELECT a, getSetting('max_threads') FROM kept", session_id="s1").text == "7\t1\n"
    assert ask(clickhouse, "SELECT a FROM kept", session_id="s2").status == 404


@pytest.mark.parametrize(
    ("sql", "query", "text"),
    [
        ("SELECT 1 AS a FORMAT JSONEachRow", {}, '{"a":1}\n'),
        ("SELECT 1 AS a", {"default_format": "CSVWithNames"}, '"a"\n1\n'),
        ("SELECT {p:String} AS a", {"param_p": "x\\ty"}, "x\\ty\n"),
        ("SELECT currentDatabase()", {"database": "system"}, "system\n"),
        ("SELECT getSetting('max_block_size')", {"max_block_size": "123"}, "123\n"),
        ("SHOW TABLES FROM system LIKE 'one'", {}, "one\n"),
        ("DESCRIBE (SELECT 1 AS a)", {}, "a\tUInt8\t\t\t\t\t\n"),
        ("1", {"query": "SELECT"}, "1\n"),
    ],
)
def test_plain_http(clickhouse: ClickHouse, sql: str, query: dict[str, Any], text: str) -> None:
    reply = ask(clickhouse, sql, **query)
    assert (reply.status, reply.text) == (200, text)


def test_headers_tell_what_was_done(clickhouse: ClickHouse) -> None:
    reply = ask(clickhouse, "SELECT number FROM numbers(10)", query_id="mine", wait_end_of_query="1")
    assert reply.headers["x-clickhouse-query-id"] == "mine"
    assert reply.headers["x-clickhouse-format"] == "TabSeparated"
    assert json.loads(reply.headers["x-clickhouse-summary"])["result_rows"] == "10"
    assert ask(clickhouse, path="/ping", user="").text == "Ok.\n"


def test_insert_with_the_statement_in_the_url(clickhouse: ClickHouse, client: Any, database: str) -> None:
    client.command(TABLE.format("curl"))
    assert ask(clickhouse, b"1,x\n2,y\n", database=database, query="INSERT INTO curl FORMAT CSV").status == 200
    assert ask(clickhouse, "INSERT INTO curl FORMAT TSV\n3\tz\n", database=database).status == 200
    assert ask(clickhouse, "INSERT INTO curl VALUES (4, 'v'), (2 + 3, 'w')", database=database).status == 200
    assert client.command("SELECT groupArray(a) FROM (SELECT a FROM curl ORDER BY a)") == "[1,2,3,4,5]"
    bad = ask(
        clickhouse, '{"a": 1, "b": ""}\n{"a": "x"}\n', database=database, query="INSERT INTO curl FORMAT JSONEachRow"
    )
    assert bad.status == 400
    assert "at row 2" in bad.text
    assert client.command("SELECT count() FROM curl") == 5


def test_a_statement_stops_when_its_client_goes_away(clickhouse: ClickHouse) -> None:
    import http.client

    connection = http.client.HTTPConnection(clickhouse.host, clickhouse.port, timeout=10)
    endless = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"
    headers = {"X-ClickHouse-User": clickhouse.reader_user, "X-ClickHouse-Key": clickhouse.reader_password}
    connection.request("POST", "/?query_id=endless", endless, headers)
    count = "SELECT count() FROM system.processes WHERE Settings['log_comment'] = 'endless'"
    assert _becomes(lambda: ask(clickhouse, count).text, "1\n")
    connection.close()
    assert _becomes(lambda: ask(clickhouse, count).text, "0\n")


def test_slow_reading_does_not_keep_inserts_waiting(clickhouse: ClickHouse, client: Any) -> None:
    client.command(TABLE.format("busy"))
    slow = "SELECT sum(sipHash64(number)) AS slow FROM numbers(1000000000000)"
    threads = [
        threading.Thread(target=read, args=(clickhouse, slow), kwargs={"max_threads": "1", "max_execution_time": "25"})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    running = "SELECT count() FROM system.processes WHERE query LIKE '%AS slow%' AND query NOT LIKE '%processes%'"
    assert _becomes(lambda: ask(clickhouse, running).text, "6\n")
    for n in range(5):
        client.insert("busy", [[n, "x"]], column_names=["a", "b"])
    assert ask(clickhouse, running).text == "6\n"
    while any(thread.is_alive() for thread in threads):
        ask(clickhouse, "KILL QUERY WHERE query LIKE '%AS slow%' ASYNC")
        time.sleep(0.05)


def _becomes(look: Any, wanted: str) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if look() == wanted:
            return True
        time.sleep(0.05)
    return False
