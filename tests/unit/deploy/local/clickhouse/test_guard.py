"""The guard of statements: what it lets through, what it refuses, and that dressing makes no difference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.clickhouse.failures import ACCESS_DENIED, READONLY, SYNTAX_ERROR, Failure
from deploy.local.clickhouse.guard import Guard, Known
from deploy.local.clickhouse.lexer import tokens

GUARD = Guard(
    Known(
        table_functions=frozenset({"file", "url", "s3", "remote", "python", "executable", "eval", "numbers", "view"}),
        engines=frozenset({"file", "url", "kafka", "s3", "mysql", "sqlite", "mergetree", "memory", "filesystem"}),
        functions=frozenset({"file", "length", "aigenerate", "tuple"}),
    )
)

FORBIDDEN = [
    "SELECT * FROM file ( 'x.csv' )",
    "SELECT file ( 'x' )",
    "SELECT `file` ( 'x' )",
    "SELECT * FROM \"url\" ( 'http://x' )",
    "SELECT arrayMap ( file , [ 'x' ] )",
    "WITH file AS f SELECT arrayMap ( f , [ 'x' ] )",
    "SELECT * APPLY file FROM t",
    "SELECT * APPLY ( file ) FROM t",
    "SELECT aiGenerate ( 'x' )",
    "SELECT * FROM t WHERE a IN ( SELECT b FROM ( SELECT * FROM s3 ( 'x' ) ) )",
    "SELECT * FROM eval ( 'SELECT 1' )",
    "SELECT * FROM python ( 'x' )",
    "SELECT 1 INTO OUTFILE 'x'",
    "SELECT 1 UNION ALL SELECT 2 INTO OUTFILE 'x'",
    "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
    "INSERT INTO FUNCTION file ( 'x' ) SELECT 1",
    "INSERT INTO TABLE FUNCTION remote ( 'x' ) VALUES ( 1 )",
    "INSERT INTO FUNCTION null ( 'a Int8' ) VALUES ( 1 )",
    "INSERT INTO t SELECT * FROM url ( 'http://x' )",
    "CREATE TABLE t ( a Int8 ) ENGINE = File ( CSV )",
    "CREATE TABLE t ( a Int8 ) ENGINE = `URL` ( 'http://x' )",
    "CREATE TABLE t ( a Int8 ) ENGINE Kafka",
    "CREATE OR REPLACE TABLE t ENGINE = S3 ( 'x' ) AS SELECT 1",
    "CREATE TABLE t AS url ( 'http://x' )",
    "CREATE TABLE t ( a Int8 ) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk ( type = local )",
    "CREATE DATABASE d ENGINE = MySQL ( 'h' )",
    "CREATE DATABASE d ENGINE = Filesystem ( '/' )",
    "CREATE MATERIALIZED VIEW v ENGINE = File ( CSV ) AS SELECT 1",
    "CREATE DICTIONARY d ( a UInt64 ) PRIMARY KEY a SOURCE ( HTTP ( url 'http://x' ) ) LAYOUT ( FLAT ( ) )",
    "CREATE DICTIONARY d ( a UInt64 ) PRIMARY KEY a SOURCE ( CLICKHOUSE ( host 'x' table 't' ) ) LAYOUT ( FLAT ( ) )",
    "CREATE USER u",
    "CREATE FUNCTION f AS ( x ) -> x",
    "CREATE NAMED COLLECTION c AS a = 1",
    "BACKUP TABLE t TO File ( 'x' )",
    "RESTORE TABLE t FROM File ( 'x' )",
    "ATTACH TABLE t FROM '/x' ( a Int8 )",
    "DETACH DATABASE default",
    "GRANT ALL ON t TO u",
    "EXECUTE IMMEDIATE 'SELECT 1'",
    "SYSTEM SHUTDOWN",
    "SYSTEM RELOAD CONFIG",
]
ALLOWED = [
    ("SELECT 'file(x)', \"into outfile\" FROM t /* INTO OUTFILE 'x' */ -- file('x')", "read"),
    ("SELECT t.file FROM t", "read"),
    ("select file_name, profile(a) from t", "read"),
    ("(SELECT 1) UNION ALL (SELECT 2)", "read"),
    ("WITH 1 AS x SELECT x", "read"),
    ("SELECT * FROM numbers(3);", "read"),
    ("SELECT $a$ into outfile 'x' $a$", "read"),
    ("SELECT 'it''s \\' file(1)'", "read"),
    ("SHOW CREATE TABLE t", "read"),
    ("SELECT engine FROM system.tables", "read"),
    ("INSERT INTO t VALUES (1, 'SELECT * FROM file()')", "insert"),
    ("INSERT INTO t (a, function) SETTINGS async_insert = 0 FORMAT JSONEachRow", "insert"),
    ("INSERT INTO t SELECT 1", "command"),
    ("CREATE TABLE t (a UInt8) ENGINE = ReplacingMergeTree(a) ORDER BY a", "command"),
    ("CREATE OR REPLACE VIEW v AS SELECT engine, name FROM system.tables", "command"),
    (
        "CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(TABLE 't')) LAYOUT(FLAT()) LIFETIME(1)",
        "command",
    ),
    ("ALTER TABLE t ADD COLUMN b UInt8", "command"),
    ("SYSTEM FLUSH LOGS", "command"),
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_refuses_what_leaves_the_database(sql: str) -> None:
    with pytest.raises(Failure) as error:
        GUARD.judge(sql.encode(), readonly=False)
    assert error.value.code == ACCESS_DENIED


@pytest.mark.parametrize(("sql", "kind"), ALLOWED)
def test_lets_ordinary_statements_through(sql: str, kind: str) -> None:
    assert GUARD.judge(sql.encode(), readonly=False).kind == kind


@given(
    sql=st.sampled_from(FORBIDDEN),
    gaps=st.lists(
        st.sampled_from([" ", "\n", "\t", " /* x */ ", "/**/ ", " -- x\n", " # it's\n", " // '\n"]), min_size=40
    ),
    case=st.lists(st.sampled_from([str.upper, str.lower, str.swapcase, str]), min_size=40),
    ends=st.sampled_from(["", ";", " ;\n-- done", " SETTINGS max_threads = 1"]),
)
def test_dressing_makes_no_difference(sql: str, gaps: list[str], case: list[object], ends: str) -> None:
    words = sql.split(" ")
    changed = [f(word) if "'" not in word else word for word, f in zip(words, case * 2, strict=False)]  # type: ignore[operator]
    text = "".join(a + b for a, b in zip(changed, gaps * 2, strict=False)) + ends
    with pytest.raises(Failure):
        GUARD.judge(text.encode(), readonly=False)


@given(st.sampled_from(FORBIDDEN[:12]), st.integers(1, 5))
def test_nesting_makes_no_difference(sql: str, depth: int) -> None:
    for _ in range(depth):
        sql = f"SELECT * FROM ( {sql} ) AS x"
    with pytest.raises(Failure):
        GUARD.judge(sql.encode(), readonly=False)


@given(st.binary(max_size=300))
def test_any_bytes_give_a_statement_or_a_failure(data: bytes) -> None:
    try:
        statement = GUARD.judge(data, readonly=True)
    except Failure:
        return
    assert statement.kind == "read"
    assert statement.sql


@pytest.mark.parametrize(
    "sql",
    ["SELECT 1; SELECT 2", "SELECT 1;; DROP TABLE t", "SELECT 'x", "SELECT /* x", "SELECT 1 /* a /* b */", "",
     "SELECT `a", "SELECT a$b$ ' $b$ '", "SELECT x'\\' , file('/etc/passwd')", "SELECT \u2018a\u2019", "SELECT 1\x00"],
)  # fmt: skip
def test_refuses_what_can_be_read_in_two_ways(sql: str) -> None:
    with pytest.raises(Failure) as error:
        GUARD.judge(sql.encode(), readonly=False)
    assert error.value.code in (SYNTAX_ERROR, ACCESS_DENIED)


@pytest.mark.parametrize(
    "sql",
    ["INSERT INTO t VALUES (1)", "DROP TABLE t", "SET readonly = 0", "KILL QUERY WHERE 1", "USE d", "SYSTEM FLUSH LOGS",
     "SELECT 1 SETTINGS max_execution_time = 0", "SELECT 1 SETTINGS `max_memory_usage` = 0"],
)  # fmt: skip
def test_a_reader_only_reads_within_bounds(sql: str) -> None:
    with pytest.raises(Failure) as error:
        GUARD.judge(sql.encode(), readonly=True)
    assert error.value.code == READONLY


@pytest.mark.parametrize(
    ("head", "settings"),
    [
        ("INSERT INTO t (a)", "SETTINGS x = 1, y = 'FORMAT'"),
        ("INSERT INTO settings", "settings x=1"),
        ("INSERT INTO d.settings (settings)", "SETTINGS settings = 1"),
        ("INSERT INTO `SETTINGS`", ""),
    ],
)
def test_the_settings_of_an_insert_are_told_apart(head: str, settings: str) -> None:
    statement = GUARD.judge(f"{head} {settings} FORMAT TSV\n1".encode(), readonly=False)
    assert (statement.sql, statement.settings, statement.format) == (head.encode(), settings.encode(), "TSV")


def test_the_data_of_an_insert_are_not_read_as_sql() -> None:
    sql = b"INSERT INTO t (a)\nFORMAT JSONEachRow\n{\"a\": 'unfinished \x00 file('}"
    statement = GUARD.judge(sql, readonly=False)
    assert (statement.sql, statement.format) == (b"INSERT INTO t (a)", "JSONEachRow")
    assert sql[statement.data_at :].startswith(b'{"a"')


def test_what_runs_is_what_was_judged() -> None:
    statement = GUARD.judge(b"SELECT /* one */ 1 -- two\n, 2 /**/;", readonly=False)
    assert statement.sql == b"SELECT 1 , 2"


@pytest.mark.parametrize(
    ("sql", "form"),
    [("SELECT 1 FORMAT CSV", "CSV"), ("SELECT format FROM t", ""), ("SELECT 1 FORMAT JSON SETTINGS a = 1", "JSON"),
     ("SELECT 'FORMAT CSV'", ""), ("SELECT 1 format Native;", "Native")],
)  # fmt: skip
def test_finds_the_format(sql: str, form: str) -> None:
    assert GUARD.judge(sql.encode(), readonly=True).format == form


def test_quoted_names_are_read_without_their_quotes() -> None:
    assert [token.text for token in tokens(b'`fi\\`le` "a""b" x')] == ["fi`le", 'a"b', "x"]
