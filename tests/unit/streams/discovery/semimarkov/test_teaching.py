"""What is learned goes on from what was learned before."""

from __future__ import annotations

import pytest

from streams.discovery.semimarkov.served import ServedTables, load_tables
from streams.discovery.semimarkov.tables_record import TaughtStep
from streams.discovery.semimarkov.teaching import of_version, teach
from streams.discovery.semimarkov.undecided import Undecided, in_order
from tests.unit.streams.discovery.semimarkov.taught import person

ROUND = [f"app|click|screen|{letter}" for letter in "abcdefgh"]


def rounds(times: int, begin: int = 0) -> list[TaughtStep]:
    """One task again and again, at even times: nothing tells where it begins but where the recording does."""
    names = [*ROUND[begin:], *ROUND * times]
    return [(name, 1_000 * at, 0) for at, name in enumerate(names)]


def first_steps(tables: ServedTables, steps: list[TaughtStep]) -> set[str]:
    """With which steps executions begin, the first one aside."""
    window = Undecided(
        [tables.number(name) for name, _, _ in steps],
        [at_ms for _, at_ms, _ in steps],
        [0] * len(steps),
        [0] * len(steps),
        [""] * len(steps),
    )
    return {steps[start][0] for start, _, _ in in_order(tables, window)[1:]}


@pytest.mark.parametrize("begin", [0, 3])
def test_a_task_is_cut_where_it_was_where_new_work_tells_nothing_else(begin: int) -> None:
    known = teach("t", 1, [rounds(30, begin)])
    assert first_steps(load_tables(known), rounds(20)) == {ROUND[begin]}
    again = load_tables(teach("t", 2, [rounds(40), rounds(40, begin=3)], known))
    assert first_steps(again, rounds(20)) == {ROUND[begin]}


def test_new_tasks_are_learned_beside_known_ones() -> None:
    known = teach("t", 1, [rounds(30)])
    both = load_tables(teach("t", 2, [rounds(30), *[person(seed)[0] for seed in range(3)]], known))
    assert len(both.routines) == 3


def test_equal_tables_of_another_version_are_equal_but_for_it() -> None:
    one, other = teach("t", 1, [rounds(30)]), teach("t", 2, [rounds(30)])
    assert of_version(other, 1) == one != other
