"""Chunks of cells that a snapshot did not store, in a form that could be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streams.operator import Operator
from streams.stages.snapshot_format import HEAD
from streams.teams.team_partition import TeamPartitionState
from tests.unit.streams.build import batch, event, run, state
from tests.unit.streams.teams.test_team_partition import partial

MANY_S = 90_000.0
Phase = Callable[[], tuple[Operator, Operator, dict[str, bytes]]]


def phase_1() -> tuple[Operator, Operator, dict[str, bytes]]:
    """An operator, a new one, and what the first has stored: an open window, and late cells."""
    operator = state()
    run(operator, [batch(0, [event(0)]), batch(0, [event(MANY_S)], "b"), batch(1, [event(2)])])
    return operator, state(), kept(operator)


def phase_2() -> tuple[Operator, Operator, dict[str, bytes]]:
    operator, other = (TeamPartitionState(0, 2, 1) for _ in range(2))
    operator.apply(partial(5, "a", "b"))
    operator.apply(partial(7, "a"))
    return operator, other, kept(operator)


def kept(operator: Operator) -> dict[str, bytes]:
    return {name: data for name, data in operator.snapshot() if data is not None}


def forged(items: dict[str, bytes]) -> dict[str, bytes]:
    """Each chunk under names that are none of the snapshot's: further ones, other windows, other ways to write one."""
    found: dict[str, bytes] = {}
    for name, data in items.items():
        kind, _, rest = name.partition(":")
        if kind == "w":
            window, _, _ = rest.partition(":")
            names = [f"w:{window}:1", f"w:{int(window) + 1}:0", f"w:{window}:00", f"w:0{window}:0", f"w:+{window}:0"]
        elif kind == "l":
            names = ["l:1", "l:00", "l:x", "l:"]
        else:
            continue
        found |= dict.fromkeys((name for name in names if name not in items), data)
    return found


@pytest.mark.parametrize("phase", [phase_1, phase_2])
@pytest.mark.parametrize("head_first", [True, False])
def test_a_chunk_that_the_snapshot_did_not_store_is_passed_over(phase: Phase, head_first: bool) -> None:
    operator, other, items = phase()
    wrong = forged(items)
    assert {name[0] for name in wrong} == {name[0] for name in items if name[0] in "wl"}
    both = sorted((items | wrong).items(), key=lambda item: (item[0] != HEAD) is head_first)
    assert set(other.load(dict(both))) == set(wrong)
    other.save_all()
    operator.save_all()
    assert kept(other) == kept(operator) == items


@pytest.mark.parametrize("phase", [phase_1, phase_2])
def test_without_the_head_nothing_tells_what_is_foreign(phase: Phase) -> None:
    _, other, items = phase()
    assert other.load({name: data for name, data in items.items() if name != HEAD}) == {}
