"""What is restarted when."""

from __future__ import annotations

import itertools

from benchmarks.soak.nights import AT_MS, DAY_MS, PROCESSES, SERVERS, due, restart_of, times_of


def test_each_part_has_its_turn() -> None:
    assert {restart_of(day) for day in range(42)} == {*PROCESSES, *SERVERS, None}
    assert [restart_of(5), restart_of(26)] == list(SERVERS)


def test_two_weeks_of_three_pass_without_a_restart() -> None:
    assert {restart_of(day) for day in range(7, 21)} == {None}


def test_every_night_is_due_once_however_often_one_looks() -> None:
    moments = [n * 3_600_000.0 for n in range(24 * 30 + 1)]
    found = [name for before, now in itertools.pairwise(moments) for name in due(before, now)]
    assert found == [name for day in range(30) if (name := restart_of(day))]
    assert due(0, AT_MS - 1) == []
    assert due(0, 3 * DAY_MS) == [restart_of(day) for day in range(3)]


def test_the_times_of_a_part_are_when_it_was_due() -> None:
    until = 60 * DAY_MS
    every = [(at, name) for name in (*PROCESSES, *SERVERS) for at in times_of(name, until)]
    assert [name for _, name in sorted(every)] == due(0, until)
    assert [at % DAY_MS for at, _ in every] == [AT_MS] * len(every)
