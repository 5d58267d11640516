"""An INSERT that cannot be stored is answered with an error, and its repeat stores it once the cause is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fixtures.clickhouse import ClickHouse
from tests.integration.deploy.clickhouse.http import Reply, ask

pytestmark = pytest.mark.integration

FORMATS = ["JSONEachRow", "Native", "TabSeparated"]
VIOLATED_CONSTRAINT, TOO_MANY_PARTS, MEMORY_LIMIT_EXCEEDED, UNKNOWN_FORMAT = "469", "252", "241", "73"

Insert = Callable[..., Reply]


@pytest.fixture(scope="module")
def client(clickhouse: ClickHouse, database: str) -> Iterator[Any]:
    client = clickhouse.client(database)
    yield client
    client.close()


@pytest.fixture
def insert(clickhouse: ClickHouse, database: str) -> Insert:
    """Send ``data`` into a table under the token ``token``, the statement in the URL."""

    def send(table: str, form: str, data: bytes, **query: Any) -> Reply:
        query = {"insert_deduplication_token": "token", **query}
        return ask(clickhouse, data, query=f"INSERT INTO {table} (b, a) FORMAT {form}", database=database, **query)

    return send


@pytest.fixture
def table(client: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """A table of two columns, partitioned by the first, that takes values below 1000."""
    name = "t_" + "".join(char if char.isalnum() else "_" for char in request.node.name)
    client.command(
        f"CREATE TABLE {name} (a UInt64, b String, CONSTRAINT small CHECK a < 1000) ENGINE = MergeTree "
        "PARTITION BY a ORDER BY a SETTINGS non_replicated_deduplication_window = 100"
    )
    yield name
    client.command(f"DROP TABLE {name}")


def rows(client: Any, form: str, numbers: str) -> bytes:
    data: bytes = client.raw_query(f"SELECT toString(number) AS b, number AS a FROM {numbers}", fmt=form)
    return data


def stored(client: Any, table: str) -> int:
    return int(client.command(f"SELECT count() FROM {table} WHERE b = toString(a)"))


@pytest.mark.parametrize("form", FORMATS)
def test_a_violated_constraint(client: Any, insert: Insert, table: str, form: str) -> None:
    data = rows(client, form, "numbers(995, 10)")
    reply = insert(table, form, data)
    assert (reply.status, reply.headers["x-clickhouse-exception-code"]) == (500, VIOLATED_CONSTRAINT)
    assert stored(client, table) == 0
    client.command(f"ALTER TABLE {table} DROP CONSTRAINT small")
    for _ in range(2):
        assert insert(table, form, data).status == 200
        assert stored(client, table) == 10


@pytest.mark.parametrize("form", FORMATS)
def test_too_many_partitions(client: Any, insert: Insert, table: str, form: str) -> None:
    data = rows(client, form, "numbers(20)")
    reply = insert(table, form, data, max_partitions_per_insert_block="5")
    assert reply.headers["x-clickhouse-exception-code"] == TOO_MANY_PARTS
    assert stored(client, table) == 0
    for _ in range(2):
        assert insert(table, form, data).status == 200
        assert stored(client, table) == 20


@pytest.mark.parametrize("form", FORMATS)
def test_no_memory(client: Any, insert: Insert, table: str, form: str) -> None:
    data = rows(client, form, "(SELECT number % 3 AS number FROM numbers(300000))")
    reply = insert(table, form, data, max_memory_usage="2000000")
    assert reply.headers["x-clickhouse-exception-code"] == MEMORY_LIMIT_EXCEEDED
    assert stored(client, table) == 0
    for _ in range(2):
        reply = insert(table, form, data)
        assert reply.status == 200
        assert stored(client, table) == 300_000


def test_the_last_of_several_pieces_cannot_be_stored(client: Any, insert: Insert, table: str) -> None:
    piece = b"x" * 1_000_000 + b"\t1\n"
    reply = insert(table, "TSV", piece * 70 + b"x\t1000\n")
    assert reply.headers["x-clickhouse-exception-code"] == VIOLATED_CONSTRAINT
    client.command(f"ALTER TABLE {table} DROP CONSTRAINT small")
    for _ in range(2):
        assert insert(table, "TSV", piece * 70 + b"x\t1000\n").status == 200
        assert client.command(f"SELECT count(), max(a) FROM {table}") == ["71", "1000"]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {} (a) SETTINGS async_insert = 0, max_partitions_per_insert_block = 1 VALUES (1), (2)",
        "INSERT INTO {} (a) SETTINGS max_partitions_per_insert_block = 1 FORMAT TSV\n1\n2\n",
        "INSERT INTO {} (a) SELECT arrayJoin([1, 2]) SETTINGS max_partitions_per_insert_block = 1",
    ],
)
def test_settings_and_data_inside_the_statement(
    client: Any, clickhouse: ClickHouse, database: str, table: str, statement: str
) -> None:
    sql = statement.format(table)
    assert ask(clickhouse, sql, database=database).headers["x-clickhouse-exception-code"] == TOO_MANY_PARTS
    assert client.command(f"SELECT count() FROM {table}") == 0
    reply = ask(clickhouse, sql.replace("insert_block = 1", "insert_block = 9"), database=database)
    assert (reply.status, '"written_rows":"2"' in reply.headers["x-clickhouse-summary"].replace(" ", "")) == (200, True)
    assert client.command(f"SELECT count() FROM {table}") == 2


def test_data_that_are_no_text_are_named_in_the_error(client: Any, insert: Insert, table: str) -> None:
    reply = insert(table, "TSV", b"x\t\x1f\x8b\n")
    assert (reply.status, reply.headers["x-clickhouse-exception-code"]) == (400, "27")
    assert stored(client, table) == 0


@pytest.mark.parametrize("form", ["TSV SETTINGS a = 1", "TSV FROM INFILE '/etc/passwd'", "`TSV`"])
def test_a_format_cannot_carry_sql(clickhouse: ClickHouse, database: str, table: str, form: str) -> None:
    sql = f"INSERT INTO {table} (a)"
    reply = ask(clickhouse, b"1\n", query=sql, database=database, headers={"X-ClickHouse-Format": form})
    assert reply.headers["x-clickhouse-exception-code"] == UNKNOWN_FORMAT
    quoted = form.replace("`", "``")
    reply = ask(clickhouse, f"{sql} FORMAT `{quoted}`\n1\n", database=database)
    assert reply.headers["x-clickhouse-exception-code"] == UNKNOWN_FORMAT
