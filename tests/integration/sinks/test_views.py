"""Every view about people shows only what at least k people share, whatever the data."""

from __future__ import annotations

import itertools
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from sinks.clickhouse.feeds import FEEDS, builder, layout
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.store import Store
from taskstream.events import encode
from taskstream.records import ActivityWindow, Assignment, Segment, Step, Transfer

pytestmark = pytest.mark.integration

K = 3
START = 1_760_000_000_000


@pytest.fixture(scope="module")
def database(clickhouse: Any) -> Iterator[Any]:
    """A client of a database with the schema and the floor K."""
    name = f"v{uuid.uuid4().hex[:8]}"
    migrate(clickhouse.client(), name, k=K)
    client = clickhouse.client(name)
    yield client
    client.command(f"DROP DATABASE {name}")


def _fill(client: Any, table: str, rows: Iterable[Struct]) -> None:
    """Replace what ``table`` holds."""
    store = Store(client)
    feed = next(feed for feed in FEEDS if feed.table == table)
    block = builder(layout(feed, store.columns(table)))
    for row in rows:
        block.add(encode(row))
    block.seal()
    assert not block.refused
    client.command(f"TRUNCATE TABLE {table}")
    if block.rows:
        store.insert(table, block.build(), uuid.uuid4().hex)


def _segment(number: int, person: int, activities: list[str]) -> Segment:
    steps = tuple(Step(activity, n, n * 1_000, 500) for n, activity in enumerate(activities))
    agent = f"agent{person}"
    return Segment(
        f"{agent}:{number}", "t", "m", f"p{person}", agent, number, number + 9, START, START + 9_000, 5_000 + person,
        4_000, steps, ("excel",),
    )  # fmt: skip


# person, routine (0: none), variant, activities
_EXECUTIONS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(0, 2),
        st.integers(0, 1),
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=4),
    ),
    max_size=25,
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(executions=_EXECUTIONS)
def test_executions(database: Any, executions: list[tuple[int, int, int, list[str]]]) -> None:
    segments, assignments = [], []
    people: dict[Any, set[int]] = defaultdict(set)
    for n, (person, routine, variant, activities) in enumerate(executions):
        segment = _segment(n * 10, person, activities)
        segments.append(segment)
        named = f"r{routine}" if routine else ""
        assignments.append(Assignment(segment.id, "t", "m", "r9", "v9", 1.0, START, 1, 0))  # replaced by the next
        assignments.append(Assignment(segment.id, "t", "m", named, f"v{variant}", 1.0, START, 1, 1))
        for step in itertools.pairwise(activities):
            people["transition", named, *step].add(person)
        if named:
            people["routine", named].add(person)
            for activity in activities:
                people["activity", named, activity].add(person)
    _fill(database, "segments", segments)
    _fill(database, "routine_assignments", assignments)

    def many(*key: str) -> bool:
        return len(people[key]) >= K

    shown = database.query("SELECT routine, source, target, people FROM v_transitions").result_rows
    wanted = {key[1:] for key in list(people) if key[0] == "transition" and many(*key)}
    assert {row[:3] for row in shown} == wanted
    for _, people_of_bar in database.query("SELECT routine, people FROM v_task_time_distribution").result_rows:
        assert people_of_bar >= K
    log = database.query('SELECT "case:concept:name", "concept:name", "case:routine" FROM event_log').result_rows
    for case, activity, routine in log:
        assert many("routine", routine)
        assert activity == "(rare)" or many("activity", routine, activity)
        assert "agent" not in case
    in_common = [a for _, r, _, activities in executions if r and many("routine", f"r{r}") for a in activities]
    assert len(log) == len(in_common)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    moves=st.lists(st.tuples(st.integers(0, 5), st.sampled_from("xy"), st.sampled_from("yz")), max_size=30),
    minutes=st.lists(st.tuples(st.sampled_from("xy"), st.integers(1, 6)), max_size=10),
)
def test_transfers_and_activity(
    database: Any, moves: list[tuple[int, str, str]], minutes: list[tuple[str, int]]
) -> None:
    people: dict[tuple[str, str], set[int]] = defaultdict(set)
    rows = []
    for n, (person, source, target) in enumerate(moves):
        people[source, target].add(person)
        rows.append(
            Transfer(
                f"a{person}:{n}",
                "t",
                "m",
                f"p{person}",
                f"a{person}",
                n,
                0,
                START,
                5,
                "paste",
                "text",
                source,
                "s",
                "e",
                target,
                "s",
                "e",
            )
        )
    _fill(database, "transfers", rows)
    windows = [
        ActivityWindow(f"{n}", "t", "m", START, app, "click", 5, 5, count) for n, (app, count) in enumerate(minutes)
    ]
    _fill(database, "activity_1m", windows)
    wanted = {pair: len(found) for pair, found in people.items() if len(found) >= K}
    for view in ("v_transfers", "v_transfer_fields"):
        shown = database.query(f"SELECT source_app, target_app, people FROM {view}").result_rows
        assert {row[:2]: row[2] for row in shown} == wanted
    shown = database.query("SELECT app, events, people FROM v_activity").result_rows
    kept = [(app, count) for app, count in minutes if count >= K]
    assert {row[0]: row[1] for row in shown} == {app: 5 * sum(a == app for a, _ in kept) for app, _ in kept}
    assert all(row[2] >= K for row in shown)


@pytest.mark.parametrize(("people", "withdrawn", "seen"), [(2, False, 0), (3, False, 1), (9, True, 0)])
def test_opportunities_and_routines(database: Any, people: int, withdrawn: bool, seen: int) -> None:
    for table in ("opportunities", "routines"):
        database.command(f"TRUNCATE TABLE {table}")
        rows = [("o", "t", "old", 9, False, 1), ("o", "t", "new", people, withdrawn, 2)]
        columns = ["id", "tenant", "name", "people", "withdrawn", "version"]
        database.insert(table, rows[:1], column_names=columns)
        database.insert(table, rows[1:], column_names=columns)
        assert database.query(f"SELECT name FROM v_{table}").result_rows == [("new",)] * seen
    assert database.query("SELECT name FROM v_task_times").result_rows == [("new",)] * seen


def test_variants_of_fewer_than_k_people_are_not_shown(database: Any) -> None:
    database.command("TRUNCATE TABLE routines")
    columns = ["id", "tenant", "people", "version", "variants.id", "variants.steps", "variants.executions",
               "variants.share", "variants.people", "variants.active_median_ms", "variants.active_p90_ms",
               "variants.merged"]  # fmt: skip
    for routine, people in (("few", K - 1), ("many", K)):
        row = [routine, "t", people, 1, ["a", "b"], [["x"], ["y"]], [5, 6], [0.5, 0.5], [K, K - 1], [1, 1], [2, 2],
               [[], []]]  # fmt: skip
        database.insert("routines", [row], column_names=columns)
    shown = database.query("SELECT routine, variant, steps, people FROM v_routine_variants").result_rows
    assert shown == [("many", "a", ["x"], K)]
