"""The reader reads views made for people, whatever the words of the question; the owner reads all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.external import ExternalData

from sinks.clickhouse.migrate import migrate
from tests.fixtures.clickhouse import ClickHouse
from tests.integration.deploy.clickhouse.http import ask, read

pytestmark = pytest.mark.integration

ALLOWED = [
    "SELECT rank, name FROM v_opportunities ORDER BY rank",
    "SELECT * FROM {db}.v_routines AS r JOIN v_task_times AS t ON r.id = t.routine",
    'SELECT "case:concept:name" FROM event_log LIMIT 1',
    "SELECT sum(transfers) FROM v_transfers WHERE source_app IN ('a', 'b')",
    "WITH ids AS (SELECT id FROM v_routines) SELECT count() FROM v_opportunities WHERE id IN ids",
    "WITH (1, 2) AS ids SELECT 1 IN ids",
    "SELECT name FROM system.tables WHERE database = '{db}'",
    "SELECT count() FROM information_schema.tables",
    "SELECT * FROM numbers(3) WHERE number IN (SELECT rank FROM v_opportunities)",
    "SHOW TABLES FROM {db}",
    "DESCRIBE TABLE v_opportunities",
    "EXISTS TABLE v_opportunities",
    "SELECT 'from ui_events', 'a\\nTableIdentifier ui_events'",
    'SELECT k AS `say "k"` FROM v_floor',
    "SELECT segments AS s, 1 IN (1, s) FROM v_totals",
]
REFUSED = [
    "SELECT * FROM ui_events",
    "SELECT * FROM {db}.segments",
    "SELECT * FROM {db}.`segments`",
    "SELECT salt FROM parameters",
    "SELECT * FROM i_executions",
    "FROM ui_events SELECT actor",
    "FROM ui_events",
    "(SELECT actor FROM ui_events)",
    "SELECT 1 UNION ALL SELECT count() FROM ui_events",
    "SELECT (SELECT any(actor) FROM ui_events)",
    "SELECT 'x' IN segments",
    "SELECT in('x', {db}.segments)",
    "SELECT arrayMap(x -> x GLOBAL NOT IN segments, ['a'])",
    "SELECT 1 FROM v_floor WHERE EXISTS (SELECT 1 FROM ui_events WHERE actor = 'x')",
    "SELECT 1 FROM v_floor ORDER BY k IN segments",
    "WITH segments AS (SELECT 1 AS a) SELECT a FROM segments",
    "SELECT * FROM v_floor, ui_events",
    "SELECT * FROM view(SELECT * FROM ui_events)",
    "SELECT * FROM merge('{db}', 'segments')",
    "SELECT * FROM loop('{db}', 'segments')",
    "SELECT * FROM mergeTreeIndex('{db}', 'ui_events')",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM ui_events))",
    "SELECT joinGet('{db}.segments', 'actor', 'x')",
    "SELECT dictGet('{db}.d', 'a', 1)",
    "SELECT k FROM v_floor SETTINGS additional_result_filter = '(SELECT count() FROM ui_events) > 0'",
    "SELECT k FROM v_floor SETTINGS additional_table_filters = {{'v_floor': 'k IN (SELECT 1 FROM ui_events)'}}",
    "EXPLAIN QUERY TREE SELECT (SELECT any(actor) FROM ui_events)",
    "DESCRIBE (SELECT * FROM ui_events)",
    "CHECK TABLE ui_events",
    "SHOW PROCESSLIST",
    "SELECT query FROM system.processes",
    "SELECT * FROM system.parts_columns",
    "SELECT 1 AS `a\n      TableIdentifier v_floor`, 'x' IN segments",
    "SELECT salt FROM parameters AS `a\\nb`",
    'SELECT actor FROM ui_events AS "a\\x0ab"',
    "SELECT k, salt FROM v_floor JOIN parameters AS `a\\xE2\\x80\\xA8b` ON 1 = 1",
    "WITH parameters AS t SELECT (2, 1, now64(3)) IN t",
    "SELECT (2, 1, now64(3)) IN (t), [parameters AS t]",
    "SHOW TABLES WHERE (2, 1, now64(3)) IN parameters",
    "SHOW TABLES LIMIT tupleElement((FROM parameters), 2)",
    "DESCRIBE (FROM ui_events)",
    "EXPLAIN actions = 1 SELECT * FROM event_log",
    "EXPLAIN QUERY TREE SELECT (SELECT k FROM v_floor)",
]
STRUCTURES = [
    "a String) ENGINE = Memory AS SELECT any(actor) FROM {db}.ui_events --",
    "a String, b UInt8 DEFAULT 'x' IN {db}.segments",
    "a String, CONSTRAINT c CHECK a NOT IN (SELECT actor FROM {db}.ui_events)",
    "a String, b String ALIAS joinGet('{db}.segments', 'actor', 'x')",
]


@pytest.fixture(scope="module")
def filled(clickhouse: ClickHouse, database: str) -> Iterator[str]:
    migrate(clickhouse.client(), database, k=2)
    client = clickhouse.client(database)
    client.command("INSERT INTO ui_events (tenant, agent, actor, seq, at_ms) VALUES ('t', 'a', 'somebody', 1, now())")
    yield database
    client.close()


@pytest.mark.parametrize("sql", ALLOWED)
def test_views_are_read(clickhouse: ClickHouse, filled: str, sql: str) -> None:
    reply = read(clickhouse, sql.format(db=filled), database=filled)
    assert reply.status == 200, reply.text


@pytest.mark.parametrize("sql", REFUSED)
def test_nothing_else_is(clickhouse: ClickHouse, filled: str, sql: str) -> None:
    reply = read(clickhouse, sql.format(db=filled), database=filled)
    assert reply.status >= 400, reply.text
    assert "somebody" not in reply.text
    assert "reader reads views" in reply.text or "refuses" in reply.text or "Syntax error" in reply.text, reply.text


def test_a_name_as_a_parameter_and_a_filter_in_the_url_are_no_way_around(clickhouse: ClickHouse, filled: str) -> None:
    assert read(clickhouse, "SELECT * FROM {t:Identifier}", database=filled, param_t="ui_events").status >= 400
    reply = read(
        clickhouse, "SELECT k FROM v_floor", database=filled,
        additional_result_filter="(SELECT count() FROM ui_events WHERE actor = 'somebody') = 1",
    )  # fmt: skip
    assert reply.status >= 400


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_table_that_a_request_brings_along_holds_what_it_brings(
    clickhouse: ClickHouse, filled: str, structure: str
) -> None:
    client = clickhouse.client(filled, reader=True)
    table = ExternalData(data=b"x\n", file_name="sent", fmt="TSV", structure=[structure.format(db=filled)])
    with pytest.raises(ClickHouseError, match="in the structure of an external table"):
        client.query("SELECT * FROM sent", external_data=table)


def test_the_owner_reads_tables(clickhouse: ClickHouse, filled: str) -> None:
    assert ask(clickhouse, "SELECT actor FROM ui_events", database=filled).text == "somebody\n"
