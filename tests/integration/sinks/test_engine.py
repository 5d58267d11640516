"""What the engine reads back, what it refuses, and what its migrations and views do."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sinks.clickhouse.blocks import native
from sinks.clickhouse.blocks.event_block import EventBlock
from sinks.clickhouse.dead_letters import Letter
from sinks.clickhouse.feeds import FEEDS, builder, layout
from sinks.clickhouse.joint import BlockPart, join
from sinks.clickhouse.migrate import migrate, migrations, status
from sinks.clickhouse.ranges import Range, TopicPartition
from sinks.clickhouse.store import Store
from sinks.clickhouse.writer import Writer
from taskstream import records
from taskstream.errors import ServiceError
from taskstream.events import MAX_SEQ, EventBatch, UiEvent, encode
from tests.fixtures.clean import any_event, message
from tests.fixtures.clickhouse import ClickHouse
from tests.integration.sinks.stage import batches

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def database(clickhouse: Any) -> Iterator[Any]:
    """A client of a database with the schema."""
    name = f"e{uuid.uuid4().hex[:8]}"
    migrate(clickhouse.client(), name, k=3)
    client = clickhouse.client(name)
    yield client
    client.command(f"DROP DATABASE {name}")


def test_migrations_are_applied_once_and_tell_where_they_stand(clickhouse: Any) -> None:
    client = clickhouse.client()
    assert {row.state for row in status(client, "m1")} == {"pending"}
    planned = migrate(client, "m1", dry_run=True)
    assert len(planned) == len(migrations())
    assert client.query("SELECT count() FROM system.databases WHERE name = 'm1'").result_rows == [(0,)]
    assert migrate(client, "m1", k=4) == planned
    assert migrate(client, "m1", k=4) == []
    assert {row.state for row in status(client, "m1")} == {"applied"}
    salt = client.query("SELECT DISTINCT salt FROM m1.parameters").result_rows
    migrate(client, "m1", k=9)
    assert client.query("SELECT k FROM m1.v_floor").result_rows == [(9,)]
    assert client.query("SELECT DISTINCT salt FROM m1.parameters").result_rows == salt
    client.insert(
        "schema_migrations", [(2, "ui_events", "other")], column_names=["number", "name", "checksum"], database="m1"
    )
    with pytest.raises(ServiceError, match="0002_ui_events was applied by another version"):
        migrate(client, "m1")


def test_without_parameters_the_views_show_nothing(database: Any) -> None:
    rows = database.query("SELECT k, salt FROM parameters").result_rows
    database.command("TRUNCATE TABLE parameters")
    assert database.query("SELECT k FROM v_floor").result_rows == [(4_294_967_295,)]
    database.insert("parameters", rows, column_names=["k", "salt"])


def test_no_view_has_a_column_for_a_person_or_a_desktop(database: Any) -> None:
    rows = database.query(
        "SELECT table, name FROM system.columns WHERE database = currentDatabase() "
        "AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View') "
        "AND NOT startsWith(table, 'i_')"  # internal: no reader may ask them
    ).result_rows
    assert len({table for table, _ in rows}) >= 14
    assert not [row for row in rows if row[1] in {"actor", "agent", "segment", "id:person", "org:resource", "salt"}]
    assert ("event_log", "case:concept:name") in rows
    assert ("event_log", "concept:name") in rows
    assert ("event_log", "time:timestamp") in rows


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_NUMBERS = {
    "UInt8": st.integers(0, 2**8 - 1), "UInt16": st.integers(0, 2**16 - 1), "UInt32": st.integers(0, 2**32 - 1),
    "UInt64": st.integers(0, 2**64 - 1), "Int32": st.integers(-(2**31), 2**31 - 1),
    "Int64": st.integers(-(2**63), 2**63 - 1), "Float64": st.floats(allow_nan=False), "Bool": st.booleans(),
}  # fmt: skip
_KINDS: dict[str, st.SearchStrategy[Any]] = {
    **_NUMBERS,
    "String": _TEXT,
    "LowCardinality(String)": _TEXT,
    "Array(String)": st.lists(_TEXT, max_size=3),
    "Array(LowCardinality(String))": st.lists(_TEXT, max_size=3),
    "Array(UInt64)": st.lists(_NUMBERS["UInt64"], max_size=3),
    "Array(Array(String))": st.lists(st.lists(_TEXT, max_size=2), max_size=2),
    "Map(String, Float64)": st.dictionaries(_TEXT, _NUMBERS["Float64"], max_size=3),
}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_the_engine_reads_back_what_was_written(database: Any, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 6))
    values = {
        f"c{n}": data.draw(st.lists(strategy, min_size=count, max_size=count))
        for n, strategy in enumerate(_KINDS.values())
    }
    created = ", ".join(f"c{n} {kind}" for n, kind in enumerate(_KINDS))
    database.command(f"CREATE OR REPLACE TABLE p ({created}, place UInt32) ENGINE = Memory")
    columns = [native.column(f"c{n}", kind, values[f"c{n}"]) for n, kind in enumerate(_KINDS)]
    columns.append(native.column("place", "UInt32", list(range(count))))
    database.raw_insert(
        "p", insert_block=native.block(columns, len(columns), count), fmt="Native", settings={"async_insert": 0}
    )
    read = database.query("SELECT * FROM p ORDER BY place").result_columns
    for n, kind in enumerate(_KINDS):
        assert list(read[n]) == values[f"c{n}"], kind


def test_dictionaries_beyond_every_index_width(database: Any) -> None:
    database.command("CREATE TABLE w (a LowCardinality(String)) ENGINE = Memory")
    for distinct in (1, 256, 257, 65_536, 65_537):
        names = [f"n{n}" for n in range(distinct)]
        column = native.column("a", "LowCardinality(String)", [*names, *names[::-1]])
        database.command("TRUNCATE TABLE w")
        database.raw_insert("w", insert_block=native.block([column], 1, 2 * distinct), fmt="Native")
        assert database.query("SELECT count(), uniqExact(a) FROM w").result_rows == [(2 * distinct, distinct)]


_EVENTS = any_event(_TEXT)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    made=st.lists(
        st.tuples(st.integers(0, MAX_SEQ - 10), st.lists(_EVENTS, min_size=1, max_size=4)), min_size=1, max_size=4
    ),
    alone=st.integers(0, 3),
)
def test_ui_events_read_back(database: Any, made: list[tuple[int, list[UiEvent]]], alone: int) -> None:
    sent, expected = list[EventBatch](), []
    for n, (first, events) in enumerate(made):
        batch = EventBatch(1, "t", "m", "p", f"a{n}", first, tuple(events), policy="x", sent_ms=n)
        sent.append(batch)
        expected += [
            (
                f"a{n}",
                first + i,
                e.at_ms,
                e.kind,
                e.app,
                e.screen,
                e.element,
                e.active_ms,
                e.shortcut,
                e.injected,
                e.missing,
                n,
                e.keys.letter if e.keys else 0,
                e.keys.shortcut if e.keys else 0,
                e.value.digest if e.value else 0,
                e.value.form if e.value else "",
                [o.kind for o in e.objects],
                [o.digest for o in e.objects],
            )
            for i, e in enumerate(events)
        ]
    block = EventBlock()
    for together in (sent[:alone], sent[alone:]):
        if together:
            block.add(message(*together))
    block.seal()
    assert not block.refused
    database.command("TRUNCATE TABLE ui_events")
    Store(database).insert("ui_events", block.build(), uuid.uuid4().hex)
    read = database.query(
        "SELECT agent, seq, toUnixTimestamp64Milli(at_ms), kind, app, screen, element, active_ms, shortcut, injected, "
        "missing, toUnixTimestamp64Milli(sent_ms), letter, shortcuts, value_digest, value_form, objects.kind, "
        "objects.digest FROM ui_events"
    ).result_rows
    assert sorted(read) == sorted(expected)


def _any_record(kind: Any) -> Any:
    """A value of ``kind`` with every field set to something that is not its default."""
    if hasattr(kind, "__metadata__"):  # a number with bounds, a text with a length
        return _any_record(kind.__origin__)
    text = str(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind(**{field.name: _any_record(field.type) for field in msgspec.structs.fields(kind)})
    origin = getattr(kind, "__origin__", None)
    arguments: Any = getattr(kind, "__args__", ())
    if origin is tuple:
        return (_any_record(arguments[0]), _any_record(arguments[0]))
    if origin is dict:
        return {"key": _any_record(arguments[1])}
    if "Literal" in text:
        return arguments[-1]
    return {bool: False, int: 7, float: 0.5, str: "word"}[kind]


@pytest.mark.parametrize("feed", [feed for feed in FEEDS if feed.key], ids=lambda feed: feed.table)
def test_every_record_is_stored_as_it_is(database: Any, feed: Any) -> None:
    store = Store(database)
    columns = store.columns(feed.table)
    database.command(f"TRUNCATE TABLE {feed.table}")
    record = _any_record(getattr(records, feed.topic.record))
    block = builder(layout(feed, columns))
    block.add(encode(record))
    block.seal()
    assert block.rows == 1, block.refused
    store.insert(feed.table, block.build(), uuid.uuid4().hex)
    names = [column.name for column in columns]
    told = ", ".join(
        f"toUnixTimestamp64Milli(`{c.name}`)" if c.type.startswith("DateTime64") else f"`{c.name}`" for c in columns
    )
    (row,) = database.query(f"SELECT {told} FROM {feed.table}").result_rows
    for name, value in zip(names, row, strict=True):
        outer, _, inner = name.partition(".")
        wanted = getattr(record, outer)
        wanted = [getattr(item, inner) for item in wanted] if inner else wanted
        if feed.recounted and name == feed.key:
            value = value.rpartition(":")[0]
        assert _plain(value) == _plain(wanted), name


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("rows", [3, 25_000])
def test_a_token_is_taken_once_a_month_whatever_is_in_the_block(database: Any, rows: int) -> None:
    """What joint blocks rest on: after a part was inserted under the block's token nothing else of its months is."""

    def block(*parts: tuple[str, int]) -> bytes:
        made = EventBlock()
        for agent, month in parts:
            for first in range(0, rows, 1_000):
                numbers = range(first, min(first + 1_000, rows))
                at_ms = 1_760_000_000_000 + month * 30 * 86_400_000
                events = tuple(UiEvent(at_ms + n, "click") for n in numbers)
                made.add(message(EventBatch(1, "t", "m", "p", f"{agent}{month}", first, events)))
        made.seal()
        assert not made.refused
        return made.build()

    store = Store(database)

    def stored(token: str, *blocks: bytes) -> dict[str, int]:
        database.command("TRUNCATE TABLE ui_events")
        for one in blocks:
            store.insert("ui_events", one, token)
        found = database.query("SELECT agent, count() FROM ui_events GROUP BY agent").result_rows
        return {str(agent): int(count) for agent, count in found}

    of_p, of_q = [("p", 1)], [("q", 1), ("q", 2)]
    whole, p, q = block(*of_p, *of_q), block(*of_p), block(*of_q)
    assert stored("a", whole, p, q, whole) == {"p1": rows, "q1": rows, "q2": rows}
    assert stored("b", p, whole) == {"p1": rows, "q2": rows}
    assert stored("c", p, q, whole) == {"p1": rows, "q2": rows}
    assert stored("d", q, p, whole) == {"q1": rows, "q2": rows}
    database.command("OPTIMIZE TABLE ui_events FINAL")
    store.insert("ui_events", whole, "d")
    assert database.query("SELECT count() FROM ui_events").result_rows == [(2 * rows,)]


def test_the_writer_sets_aside_the_rows_that_the_engine_names(clickhouse: ClickHouse) -> None:
    name = f"t{uuid.uuid4().hex[:8]}"
    migrate(clickhouse.client(), name)
    client = clickhouse.client(name)
    client.command("ALTER TABLE ui_events ADD CONSTRAINT odd CHECK seq NOT IN (3, 5)")
    block = EventBlock()
    values = batches(2, 2, 10)
    for value in values:
        block.add(value)
    letters: list[Letter] = []

    def read_again(topic: str, partition: int, offsets: Sequence[int]) -> dict[int, bytes]:
        assert (topic, partition) == ("t", 0)
        return {offset: values[offset] for offset in offsets}

    def send(sent: list[Letter]) -> bool:
        letters.extend(sent)
        return True

    writer = Writer(Store(client), send, read_again, threading.Event(), lambda: 0)
    source = TopicPartition("t", 0)
    made = join(FEEDS[0], [BlockPart(source, Range(0, 3), block, [0, 1, 2, 3], "c:1")])
    assert writer.store(made) == {source: 36}
    assert client.query("SELECT count(), uniqExact(agent, seq) FROM ui_events").result_rows == [(36, 36)]
    assert (
        sorted((letter.offset, letter.reason) for letter in letters)
        == [(0, "unstorable")] * 2 + [(1, "unstorable")] * 2
    )
    assert all(letter.value == values[letter.offset] for letter in letters)
    assert sorted(letter.detail.rpartition(": ")[0][:4] for letter in letters) == ["a0:3", "a0:5", "a1:3", "a1:5"]
    assert writer.store(made) == {source: 36}  # repeated, as after a kill: the same token
    assert client.query("SELECT count() FROM ui_events").result_rows == [(36,)]
    made.parts[0].check = True
    client.command("ALTER TABLE ui_events MODIFY SETTING non_replicated_deduplication_window = 0")
    assert writer.store(made) == {source: 36}  # repeated when the token is forgotten: it asks
    assert client.query("SELECT count() FROM ui_events").result_rows == [(36,)]
    client.command(f"DROP DATABASE {name}")
