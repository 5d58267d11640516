"""Whole logs explained: what is found, that nothing is lost, and what bad logs do."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.discovery.semimarkov import interleaving, whole
from streams.discovery.semimarkov.step_log import cuts_of
from streams.discovery.semimarkov.whole import FoundExecution, executions
from tests.unit.streams.discovery.semimarkov.logs import log_of, steps_of, two_tasks


def found_in(acts: list[int], gaps: list[int] | None = None, sessions: list[int] | None = None) -> list[FoundExecution]:
    return [one for _, found in executions(steps_of(acts, gaps=gaps, sessions=sessions)) for one in found]


def test_tasks_in_random_turn_are_told_apart() -> None:
    acts, cases, gaps = two_tasks(1)
    found = found_in(acts, gaps)
    assert len(found) == 60
    assert all(len({cases[place] for place in one.places}) == 1 for one in found)
    assert len({one.routine for one in found}) == 2


def test_a_task_that_follows_itself_is_cut_once_a_round() -> None:
    found = found_in([0, 1, 2, 3, 4, 5, 6] * 50)
    lengths = Counter(len(one.places) for one in found)
    assert lengths[7] >= 48
    assert {one.routine for one in found if len(one.places) == 7} == {0}


def test_a_repeated_opening_is_a_loop_and_no_execution() -> None:
    rng = random.Random(3)
    acts: list[int] = []
    for _ in range(80):
        acts += [0, 1, 2] * (2 if rng.random() < 0.15 else 1) + [3, 4, 5, 6, 7, 8]
    found = [one for one in found_in(acts) if one.routine >= 0]
    assert len(found) == 80
    assert {acts[one.places[0]] for one in found} == {0}


def test_random_clicks_are_no_routine() -> None:
    rng = random.Random(5)
    found = found_in([rng.randrange(40) for _ in range(600)])
    held = sum(len(one.places) for one in found if one.routine >= 0)
    assert held <= 200


def test_a_large_log_is_learned_from_a_sample_and_explained_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    acts, cases, gaps = two_tasks(2, executions=300)
    sessions = [case // 10 for case in cases]
    whole_log = found_in(acts, gaps, sessions)
    monkeypatch.setattr(whole, "LEARN", 400)
    monkeypatch.setattr(whole, "CHUNK", 300)
    sampled = found_in(acts, gaps, sessions)
    assert [one.places for one in sampled] == [one.places for one in whole_log]


def test_what_is_left_out_as_idle_says_of_which_routine_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    acts, cases, gaps = two_tasks(2, executions=300)
    steps = steps_of(acts, gaps=gaps, sessions=[case // 10 for case in cases])
    steps.works[5:] = False
    for learn in (20_000, 400):
        monkeypatch.setattr(whole, "LEARN", learn)
        found = [one for _, some in executions(steps) for one in some]
        kept = [one for _, some in executions(steps, keep_idle=True) for one in some]
        assert [one.places for one in found] == [one.places for one in kept]
        assert [max(one.routine, one.idle) for one in found] == [one.routine for one in kept]
        assert all((one.routine < 0) == (one.idle >= 0) == (acts[one.places[0]] >= 5) for one in found)
        assert {one.idle for one in kept} == {-1}


def test_the_chain_of_a_whole_log_is_that_of_all_its_routines() -> None:
    """By which the steps of a large log of interleaved work are dealt into lanes."""
    acts, cases, _ = two_tasks(2)
    log = log_of(acts)
    borders = [place for place in range(len(acts)) if not place or cases[place] != cases[place - 1]]
    segments = list(zip(borders, [*borders[1:], len(acts)], strict=True))
    by_task = cuts_of([(start, end, int(acts[start] > 4)) for start, end in segments])
    as_one = cuts_of([(start, end, 0) for start, end in segments])
    found, expected = interleaving.whole_chain(log, by_task), interleaving.whole_chain(log, as_one)
    assert (found.pairs, found.rest, found.start, found.end) == (
        expected.pairs, expected.rest, expected.start, expected.end,
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 6), max_size=60), st.randoms(use_true_random=False))
def test_every_step_is_in_one_segment_and_no_session_is_crossed(acts: list[int], rng: random.Random) -> None:
    sessions = np.cumsum([rng.random() < 0.1 for _ in acts]).astype(int).tolist()
    found = found_in(acts, None, sessions)
    assert sorted(place for one in found for place in one.places) == list(range(len(acts)))
    assert all(len({sessions[place] for place in one.places}) == 1 for one in found)


@pytest.mark.parametrize(
    "acts",
    [[], [0], [0] * 5_000, list(range(3_000)), [k // 4 * 4 + k % 4 for k in range(4_000)]],
    ids=["empty", "one step", "one endless activity", "nothing recurs", "a thousand tasks once each"],
)
def test_logs_without_routines_do_not_fail(acts: list[int]) -> None:
    found = found_in(acts)
    assert sorted(place for one in found for place in one.places) == list(range(len(acts)))


@pytest.mark.parametrize("gap", [0, -1_000])
def test_times_that_stand_still_or_run_backwards_say_nothing(gap: int) -> None:
    acts, cases, _ = two_tasks(4)
    found = found_in(acts, [gap] * len(acts))
    # Without any cue two tasks that often follow each other are also taken for one.
    assert sum(len({cases[place] for place in one.places}) == 1 for one in found) >= 0.6 * len(found)


def test_the_same_log_gives_the_same_result() -> None:
    acts, _, gaps = two_tasks(6)
    assert found_in(acts, gaps) == found_in(acts, gaps)
