"""Rows and events come back by time whatever their order, also from disk."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.importers.order import event_runs, runs
from collectors.importers.order.event_runs import EventRuns, Placed
from collectors.importers.order.file_order import MAX_GAP_MS, Mended
from collectors.importers.order.repeats import MIN_TIMES, Repeats
from collectors.importers.order.runs import Row, Runs
from taskstream.events import UiEvent


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "RUN", 8)
    monkeypatch.setattr(runs, "_BLOCK", 3)
    monkeypatch.setattr(event_runs, "RUN", 8)
    monkeypatch.setattr(event_runs, "_BLOCK", 3)


_times = st.lists(st.integers(0, 50), max_size=60)


def _filled(times: list[int], blocks: int, *, backwards: bool = False, sort: bool = True) -> Runs:
    made = Runs(sort=sort, backwards=backwards)
    for start in range(0, len(times), blocks):
        part = times[start : start + blocks]
        ranks = [-n if backwards else n for n in range(start, start + len(part))]
        made.add(part, ranks, [1] * len(part), [(abs(n), 7) for n in ranks], [(n, 2) for n in part])
    return made


@settings(max_examples=150, deadline=None)
@given(_times, st.integers(1, 12), st.sampled_from(["any", "rising", "falling"]))
def test_rows_by_time_then_by_place(times: list[int], blocks: int, shape: str) -> None:
    times = times if shape == "any" else sorted(times, reverse=shape == "falling")
    made = _filled(times, blocks)
    assert [(row[0], row[1], row[5]) for row in chain.from_iterable(made)] == sorted(
        (at, n, at) for n, at in enumerate(times)
    )
    assert made.rows == len(times)
    made.close()


@settings(max_examples=100, deadline=None)
@given(_times, st.integers(1, 12))
def test_a_file_that_runs_backwards_is_turned_round(times: list[int], blocks: int) -> None:
    falling = sorted(times, reverse=True)
    made = _filled(falling, blocks, backwards=True)
    assert [-row[1] for row in chain.from_iterable(made)] == list(range(len(times)))[::-1]
    made.close()


@given(_times)
def test_unsorted_rows_stay(times: list[int]) -> None:
    made = _filled(times, 5, sort=False)
    assert [row[0] for row in chain.from_iterable(made)] == times
    made.close()


@settings(max_examples=100, deadline=None)
@given(_times)
def test_own_events_by_time(times: list[int]) -> None:
    made = EventRuns()
    for position, at_ms in enumerate(times):
        made.add(Placed(at_ms, position, 0, UiEvent(at_ms=at_ms, kind="click")))
    found = list(made)
    assert [(one.at_ms, one.position) for one in found] == sorted((at, n) for n, at in enumerate(times))
    assert all(one.event.at_ms == one.at_ms for one in found)
    made.close()


def test_mended_times_never_step_back() -> None:
    mended = Mended()
    steps = [1_000, 2_000, -1, 1_500, 1_700, 1_700 + 2 * MAX_GAP_MS, 1_800 + 2 * MAX_GAP_MS]
    assert [mended.time(at_ms) for at_ms in steps] == [1_000, 2_000, 2_000, 2_000, 2_200, 2_200, 2_300]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 10**6), unique=True, min_size=1, max_size=80).map(sorted),
    st.integers(0, 80),
    st.integers(0, 80),
    st.integers(1, 30),
)
def test_a_stretch_that_is_there_twice_is_given_once(times: list[int], start: int, length: int, size: int) -> None:
    rows: list[Row] = [(at_ms, n, 0, n % 5, 0, 0, 0) for n, at_ms in enumerate(times)]
    again: list[Row] = [(row[0], row[1] + 1_000, *row[2:]) for row in rows[start : start + length]]
    both = sorted([*rows, *again])
    repeats = Repeats(both[n : n + size] for n in range(0, len(both), size))
    found = list(repeats)
    if len(again) >= MIN_TIMES:
        assert found == rows
        assert repeats.count == len(again)
    else:
        assert found == sorted([*rows, *again])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 1)), max_size=160),
    st.integers(0, 3),
    st.integers(1, 40),
)
def test_looking_only_where_copies_can_be_changes_nothing(steps: list[tuple[int, int]], far: int, size: int) -> None:
    rows = sorted((at * (1 + far * (at % 3)), n, 0, what, 0, 0, 0) for n, (at, what) in enumerate(steps))
    plain = Repeats([])
    expected = [*plain._looked_at(rows), *plain._given_up()]
    repeats = Repeats(rows[n : n + size] for n in range(0, len(rows), size))
    assert list(repeats) == expected
    assert repeats.count == plain.count
