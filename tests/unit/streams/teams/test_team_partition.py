"""Phase 2: released when every source has spoken, and never below the floor."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.operator import InputRecord, Output
from streams.teams import team_partition
from streams.teams.team_partition import TeamPartitionState
from taskstream.events import MAX_ADVANCE_MS, encode
from taskstream.records import ActivityPartial, PartialCell, WindowMark
from tests.unit.streams.build import of, pick

MINUTE = 60_000


def partial(window: int, *actors: str, late: bool = False, release: int | None = None) -> InputRecord:
    cell = PartialCell(window * MINUTE, "excel", "click", 2, 100, late, tuple(range(len(actors))))
    release_ms = (window if release is None else release) * MINUTE
    message = ActivityPartial(id="x", tenant="t", team="red", release_ms=release_ms, actors=actors, cells=(cell,))
    return InputRecord(0, 0, b"t/red", encode(message))


def mark(source: int, window: int) -> InputRecord:
    headers = (("ce_type", b"taskstream.mark"),)
    return InputRecord(0, 0, None, encode(WindowMark(source=source, before_ms=window * MINUTE)), headers)


def run(operator: TeamPartitionState, *records: InputRecord) -> list[dict[str, Any]]:
    outputs: list[Output] = []
    for record in records:
        outputs += operator.apply(record)
    return of(outputs, "activity")


def test_a_window_waits_for_every_source() -> None:
    operator = TeamPartitionState(0, 2, 3)
    assert run(operator, partial(5, "a", "b"), mark(0, 6), partial(5, "b", "c"), partial(6, "a")) == []
    assert operator.missing() == [1]
    rows = run(operator, mark(1, 6))
    assert pick(rows, "window_start_ms", "events", "active_ms", "people", "late") == [(5 * MINUTE, 4, 200, 3, False)]
    assert "actors" not in rows[0]
    assert list(operator.waiting) == [6]
    assert operator.reached_ms == 6 * MINUTE


def test_late_partials_pass_the_floor_with_those_of_the_same_release() -> None:
    operator = TeamPartitionState(0, 1, 2)
    run(operator, partial(5, "a", "b"), mark(0, 6))
    late = [partial(5, name, late=True, release=9) for name in "cd"]
    rows = run(operator, *late, partial(9, "a"), mark(0, 10))
    assert pick(rows, "window_start_ms", "people", "late", "team") == [(5 * MINUTE, 2, True, "red")]


def test_windows_that_no_longer_fit_are_let_out_before_their_last_source_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(team_partition, "MAX_WAITING_CELLS", 3)
    operator = TeamPartitionState(0, 2, 2)
    rows = run(operator, *(partial(window, "a", "b") for window in range(5)))
    assert len(rows) == operator.early == 2


def test_marks_never_go_back() -> None:
    operator = TeamPartitionState(0, 1, 1)
    run(operator, mark(0, 9), mark(0, 5))
    assert operator.marks == {0: 9}


def test_no_mark_takes_event_time_further_than_the_broker_allows() -> None:
    """Other partitions follow the furthest mark; their events would all have been late."""
    operator = TeamPartitionState(0, 2, 1)
    now, year = 100 * 1_440, 365 * 1_440
    operator.apply(mark(0, now + year)._replace(timestamp=now * MINUTE))
    assert operator.reached_ms == now * MINUTE + MAX_ADVANCE_MS
    operator.apply(mark(1, now + 1_440)._replace(timestamp=now * MINUTE))
    assert operator.marks[1] == now + 1_440, "as of a heartbeat that closes a day"


def test_foreign_records_go_to_the_dead_letters() -> None:
    operator = TeamPartitionState(0, 1, 1)
    outputs = [
        *operator.apply(InputRecord(3, 0, b"k", b"{}")),
        *operator.apply(InputRecord(4, 0, b"k", None)),
        *operator.apply(InputRecord(5, 0, b"k", b'{"tenant":"\xff"}')),
        *operator.apply(InputRecord(6, 0, b"k", b'{"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}")),
        *operator.apply(mark(7, 1)),
    ]
    assert pick(of(outputs, "dead-letter"), "reason", "source_topic", "source_offset") == [
        ("foreign", "activity.partial", offset) for offset in (3, 4, 5, 6)
    ]
    assert operator.marks == {}


def tail(operator: TeamPartitionState) -> TeamPartitionState:
    """Another operator that goes on from what ``operator`` stores."""
    other = TeamPartitionState(0, 1, 1)
    other.load({name: data for name, data in operator.snapshot() if data is not None})
    return other


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**63])
@pytest.mark.parametrize("field", ["before_ms", "release_ms", "window", "events", "active_ms", "who"])
def test_integers_that_no_snapshot_can_hold_are_foreign(field: str, number: int) -> None:
    operator = TeamPartitionState(0, 1, 1)
    if field == "before_ms":
        record = mark(0, 1)._replace(value=b'{"source":0,"before_ms":%d}' % number)
    else:
        found = msgspec.json.decode(partial(5, "a").value or b"")
        cell = found["cells"][0]
        if field == "release_ms":
            found[field] = number
        else:
            place = {"window": 0, "events": 3, "active_ms": 4, "who": 6}[field]
            cell[place] = [number] if field == "who" else number
        record = partial(5)._replace(value=msgspec.json.encode(found))
    assert pick(of(operator.apply(record), "dead-letter"), "reason") == [("foreign",)]
    assert tail(operator).count == 0


def test_counts_that_are_added_up_for_long_can_still_be_stored() -> None:
    operator = TeamPartitionState(0, 1, 1)
    cells = tuple([PartialCell(5 * MINUTE, "excel", "click", 2**40, -(2**40), False, (0,))] * 10_000)
    message = ActivityPartial(id="x", tenant="t", team="red", release_ms=5 * MINUTE, actors=("a",), cells=cells)
    for _ in range(3):
        operator.apply(InputRecord(0, 0, b"t/red", encode(message)))
    (row,) = run(tail(operator), mark(0, 6))
    assert (row["events"], row["active_ms"]) == (2**53, -(2**53))


def test_a_partial_whose_cells_name_nobody_is_refused_as_a_whole() -> None:
    """Half of one would be counted, and not even be part of the next snapshot."""
    for places in ((1,), (-1,)):
        operator = TeamPartitionState(0, 1, 1)
        cells = tuple(PartialCell(5 * MINUTE, "excel", "click", 1, 1, False, who) for who in ((0,), places))
        message = ActivityPartial(id="x", tenant="t", team="red", release_ms=5 * MINUTE, actors=("a",), cells=cells)
        outputs = operator.apply(InputRecord(0, 0, b"t/red", encode(message)))
        assert pick(of(outputs, "dead-letter"), "reason") == [("foreign",)]
        assert (operator.count, operator.waiting) == (0, {})
