"""List, page, `routine` and SQL tell the same at the same moment, after merges and many refinements too."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from sinks.clickhouse.feeds import FEEDS, builder, layout
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.store import Store
from sinks.dashboard import listing
from sinks.dashboard.page_data import Snapshot
from sinks.dashboard.poller import LOOKS
from sinks.results import opportunities, routine, standing, words
from sinks.results.database import rows
from sinks.results.opportunities import ListedOpportunity
from sinks.results.routine import ListedVariant
from streams.discovery.catalogue import Catalogue
from taskstream.events import encode
from taskstream.records import Assignment, RoutineVariant, Segment
from taskstream.settings import Settings
from tests.unit.streams.discovery.routine_samples import INVOICE, LOOKUP, TICKET, office

pytestmark = pytest.mark.integration

K = 3
_EACH_ON_PAGE = 5
HOURS = (
    *(
        name + end
        for name in ("hours_per_week", "hours_spent_per_year", "hours_saved_per_year", "yearly_saving", "net_saving")
        for end in ("", "_low", "_high")
    ),
    "executions_per_week",
    "payback_months",
)


@pytest.fixture
def database(clickhouse: Any) -> Iterator[Any]:
    """A client of a database with the schema and the floor K."""
    name = f"t{uuid.uuid4().hex[:8]}"
    migrate(clickhouse.client(), name, k=K)
    client = clickhouse.client(name)
    yield client
    client.command(f"DROP DATABASE {name}")


def _store(client: Any, table: str, records: Iterable[Struct]) -> None:
    store = Store(client)
    feed = next(feed for feed in FEEDS if feed.table == table)
    block = builder(layout(feed, store.columns(table)))
    for record in records:
        block.add(encode(record))
    block.seal()
    assert not block.refused
    if block.rows:
        store.insert(table, block.build(), uuid.uuid4().hex)


@pytest.fixture
def told(database: Any) -> Catalogue:
    """The catalogue whose every word is in the database: variants changed under way, of three tasks."""
    catalogue = Catalogue("acme", k=K)
    long = [*INVOICE[:4], "erp|edit|invoice/new|field:note", "erp|click|invoice/new|button:check", *INVOICE[4:]]
    short = [INVOICE[0], INVOICE[2], INVOICE[3], INVOICE[4], INVOICE[7]]
    work = [
        *(one for one, _ in office([INVOICE, TICKET, LOOKUP], people=6, each=8, seed=1, noise=0.35)),
        *(_later(one, 1) for one, _ in office([long, TICKET], people=6, each=12, seed=2)),
        *(_later(one, 2) for one, _ in office([short, LOOKUP], people=6, each=20, seed=3)),
    ]
    assignments: list[Assignment] = []
    for number, segment in enumerate(work, 1):
        assignments += catalogue.add(segment)
        if number % 40 == 0 or number == len(work):
            changes = catalogue.refine()
            assignments += changes.assignments
            _store(database, "routines", changes.routines)
            _store(database, "opportunities", catalogue.changed_opportunities(Settings()))
    _store(database, "segments", work)
    _store(database, "routine_assignments", assignments)
    return catalogue


def _later(segment: Segment, times: int) -> Segment:
    shift = 100_000 * times
    steps = tuple(replace(step, seq=step.seq + shift) for step in segment.steps)
    first = segment.first_seq + shift
    return replace(
        segment, id=f"{segment.agent}:{first}", first_seq=first, last_seq=segment.last_seq + shift, steps=steps,
        start_ms=segment.start_ms + times * 7 * 86_400_000, end_ms=segment.end_ms + times * 7 * 86_400_000,
    )  # fmt: skip


def _page(database: Any) -> Snapshot:
    """What the page has to show, by the questions that it asks."""
    found = {
        one.field: rows(database, one.query, one.kind, k=K, **one.parameters)
        for one in LOOKS
        if one.field in {"opportunities", "routines", "variants"}
    }
    return replace(Snapshot(), **found)


def _way(way: RoutineVariant | ListedVariant) -> tuple[Any, ...]:
    name = way.id if isinstance(way, RoutineVariant) else way.variant
    return name, way.steps, way.executions, way.people, way.active_median_ms, way.active_p90_ms


def _texts(row: dict[str, Any]) -> dict[str, Any]:
    """The figures that a row of the page shows."""
    facts = {each["what"]: each["value"] for each in row["facts"]}
    told = ("people", "executions_text", "week_text", "median_text", "p90_text", "hours_text", "saving_text")
    wanted = ("active time of all runs seen", "hours spent a year", "saving a year, net of upkeep")
    return {name: row[name] for name in told} | {name: facts[name] for name in wanted}


def _texts_of(one: ListedOpportunity) -> dict[str, Any]:
    """The same figures of a row of the list, in the list's words."""

    def figure(name: str) -> str:
        return words.rough(*(getattr(one, name + end) for end in ("", "_low", "_high")))

    def interval(name: str) -> str:
        return words.interval(getattr(one, f"{name}_low"), getattr(one, f"{name}_high"))

    return {
        "people": one.people, "executions_text": f"{one.executions} seen",
        "week_text": opportunities.runs_a_week(one),
        "median_text": opportunities.active(one, one.active_median_ms),
        "p90_text": f"90 % under {opportunities.active(one, one.active_p90_ms)}",
        "hours_text": f"{figure('hours_per_week')} h", "saving_text": f"{figure('hours_saved_per_year')} h",
        "active time of all runs seen": words.duration(one.active_total_ms),
        "hours spent a year": f"{figure('hours_spent_per_year')} ({interval('hours_spent_per_year')})",
        "saving a year, net of upkeep":
            f"{figure('yearly_saving')} {one.currency} ({interval('yearly_saving')})",
    }  # fmt: skip


def test_list_page_routine_and_sql_tell_the_same(database: Any, told: Catalogue) -> None:
    known = {one.id: one for one in told.routines()}
    listed = opportunities.read(database, 100)
    assert len(listed) == 3
    page = _page(database)
    shown = {row["id"]: row for row in listing.rows(page)}
    on_page = {one.id: one for one in page.opportunities}
    evidence_on_page = {one.id: one for one in page.routines}
    ways_on_page: defaultdict[str, list[ListedVariant]] = defaultdict(list)
    for way in page.variants:
        ways_on_page[way.routine].append(way)
    hours = {row["id"]: row for row in database.query("SELECT * FROM v_opportunities").named_results()}
    database_ways: defaultdict[str, list[ListedVariant]] = defaultdict(list)
    for line in database.query("SELECT * FROM v_routine_variants").named_results():
        database_ways[line["routine"]].append(msgspec.convert(line, ListedVariant))
    times = {row["routine"]: row for row in database.query("SELECT * FROM v_task_times").named_results()}
    for one in listed:
        record, row, sql = known[one.id], shown[one.id], times[one.id]
        evidence = routine.read(database, one.id)
        held, seen = on_page[one.id], evidence_on_page[one.id]
        for figure in ("determinism", "transfer_share", "transferred_values"):
            assert len({getattr(told_by, figure) for told_by in (record, one, evidence, held, seen)}) == 1, figure
        for figure in ("executions", "people", "active_median_ms", "active_p90_ms", "active_total_ms"):
            said = {getattr(told_by, figure) for told_by in (record, one, evidence, held, seen)} | {sql[figure]}
            assert len(said) == 1, (figure, said)
        for figure in HOURS:
            assert getattr(one, figure) == getattr(held, figure) == hours[one.id][figure], figure
        assert _texts(row) == _texts_of(one)
        ways = sorted(map(_way, record.variants))
        assert ways == sorted(map(_way, evidence.variants))
        assert sorted(map(_way, database_ways[one.id])) == ways
        assert len(ways_on_page[one.id]) == min(_EACH_ON_PAGE, len(ways))
        assert {_way(way) for way in ways_on_page[one.id]} <= set(ways)
        assert one.variants == held.variants == len(ways)
        assert [(way["share"], way["time"]) for way in row["variants"]] == [
            (words.share(way.share), opportunities.active(one, way.active_median_ms)) for way in evidence.variants[:4]
        ]
        assert sum(way.executions for way in evidence.variants) <= one.executions + len(ways)


def test_every_execution_leads_to_a_variant_with_steps(database: Any, told: Catalogue) -> None:
    found = database.query(
        "SELECT i_executions.routine, variant, count(), countIf(notEmpty(steps)) FROM i_executions "
        "LEFT JOIN v_routine_variants AS v ON v.routine = i_executions.routine AND v.variant = i_executions.variant "
        "GROUP BY 1, 2"
    ).result_rows
    assert found
    assert {row[0] for row in found} == {one.id for one in told.routines()}
    assert [row for row in found if row[2] != row[3]] == []


def test_what_was_said_of_a_variant_that_is_gone_is_said_of_the_one_that_took_it_over(
    database: Any, told: Catalogue
) -> None:
    one, variant = next((one, way) for one in told.routines() for way in one.variants if way.merged)
    old = Assignment("p0-pc:1", "acme", "m", one.id, variant.merged[0], 1.0, 0, 1, 1)
    _store(database, "routine_assignments", [old])
    found = database.query("SELECT routine, variant FROM i_assignments WHERE segment = 'p0-pc:1'").result_rows
    assert found == [(one.id, variant.id)]


def test_what_there_is_is_told_without_persons(database: Any, told: Catalogue) -> None:
    there = standing.read(database)
    assert (there.events, there.people, there.floor) == (0, 0, K)
    assert there.segments > 0
    assert there.routines >= len(told.routines())
