"""A task in the midst of another: it is an execution of its own, and its caller's execution stays one."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.discovery.semimarkov import asides, whole
from streams.discovery.semimarkov.step_log import cuts_of
from streams.discovery.semimarkov.whole import executions
from tests.unit.streams.discovery.semimarkov.logs import log_of, steps_of

CALLER, CALLED = range(10), range(10, 16)


def calls(seed: int, rounds: int, at: list[int], share: float, alone: float) -> tuple[list[int], list[int], list[int]]:
    """Executions of the caller, a ``share`` of them with a call at one of the places ``at``; behind the others the
    called task on its own with the probability ``alone``. Activities, cases, gaps (milliseconds)."""
    rng = random.Random(seed)
    acts: list[int] = []
    cases: list[int] = []
    gaps: list[int] = []
    case = 0

    def do(task: range, number: int, first_ms: int) -> None:
        acts.extend(task)
        cases.extend([number] * len(task))
        gaps.extend([first_ms, *(rng.randint(700, 2_000) for _ in task[1:])])

    for _ in range(rounds):
        pause = rng.randint(20_000, 60_000)
        if rng.random() < share:
            place = rng.choice(at)
            do(CALLER[:place], case, pause)
            do(CALLED, case + 1, rng.randint(700, 2_000))
            do(CALLER[place:], case, rng.randint(700, 2_000))
            case += 2
        else:
            do(CALLER, case, pause)
            case += 1
            if rng.random() < alone:
                do(CALLED, case, rng.randint(20_000, 60_000))
                case += 1
    return acts, cases, gaps


def right(acts: list[int], cases: list[int], gaps: list[int], sessions: list[int] | None = None) -> float:
    """Share of the true executions that were found as they are."""
    true: dict[int, list[int]] = {}
    for place, case in enumerate(cases):
        true.setdefault(case, []).append(place)
    found = {
        tuple(one.places) for _, some in executions(steps_of(acts, gaps=gaps, sessions=sessions)) for one in some
        if one.routine >= 0
    }  # fmt: skip
    return sum(tuple(places) in found for places in true.values()) / len(true)


@pytest.mark.parametrize(
    ("at", "share", "alone"),
    [
        ([3, 4, 5, 6, 7], 0.1, 0.5),  # now and then: the caller's chain could learn it by heart
        ([2, 5, 8], 0.5, 0.5),
        ([4], 0.3, 0.5),  # always at the same place
        ([3, 4, 5], 0.5, 1.0),  # behind each caller that did not call: never without one
    ],
)
def test_a_call_is_an_execution_of_its_own(at: list[int], share: float, alone: float) -> None:
    assert right(*calls(1, 120, at, share, alone)) >= 0.95


def test_a_large_log_is_explained_by_a_sample_with_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    acts, cases, gaps = calls(2, 300, [3, 4, 5, 6, 7], 0.2, 0.5)
    sessions = [case // 10 for case in cases]
    for place in range(1, len(sessions)):
        sessions[place] = max(sessions[place], sessions[place - 1])
    monkeypatch.setattr(whole, "LEARN", 1_500)
    monkeypatch.setattr(whole, "CHUNK", 700)
    assert right(acts, cases, gaps, sessions) >= 0.9


def test_what_is_never_done_alone_is_a_part_of_its_task() -> None:
    acts, _, gaps = calls(3, 120, [5], 0.4, 0.0)
    found = [one for _, some in executions(steps_of(acts, gaps=gaps)) for one in some if one.routine >= 0]
    assert len({one.routine for one in found}) == 1
    assert sum(len(one.places) in (10, 16) for one in found) >= 0.95 * 120
    assert not any(one.woven for one in found)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_an_order_holds_each_step_once(data: st.DataObject) -> None:
    acts = data.draw(st.lists(st.integers(0, 7), min_size=2, max_size=60))
    marks = data.draw(st.lists(st.booleans(), min_size=len(acts), max_size=len(acts)))
    borders = [0, *(place for place in range(1, len(acts)) if marks[place])]
    rows = [(a, b, data.draw(st.integers(-1, 2))) for a, b in zip(borders, [*borders[1:], len(acts)], strict=True)]
    log = log_of(acts)
    order, cuts = asides.reorder(log, cuts_of(rows), leave=0.5)
    assert int(cuts.start[0]) == 0
    assert cuts.start[1:].tolist() == cuts.end[:-1].tolist()
    assert int(cuts.end[-1]) == len(acts)
    places = list(range(len(acts))) if order is None else order.tolist()
    assert sorted(places) == list(range(len(acts)))
    for start, end in zip(cuts.start.tolist(), cuts.end.tolist(), strict=True):
        assert places[start:end] == sorted(places[start:end])
