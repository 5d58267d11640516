"""How sure executions are: probabilities of segments are those of all explanations, and less order is less sure."""

from __future__ import annotations

import random
from itertools import pairwise
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.discovery.semimarkov.decoder import Tables, doubts
from streams.discovery.semimarkov.whole import executions
from tests.unit.streams.discovery.semimarkov.logs import steps_of, two_tasks

SMALL = st.floats(-3, 0)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_probabilities_are_the_shares_of_all_explanations(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 6))
    acts = data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    step = data.draw(st.lists(st.lists(SMALL, min_size=2, max_size=2), min_size=n, max_size=n))
    start = data.draw(st.lists(st.lists(SMALL, min_size=2, max_size=2), min_size=2, max_size=2))
    end = data.draw(st.lists(st.lists(SMALL, min_size=2, max_size=2), min_size=2, max_size=2))
    cues = data.draw(st.lists(SMALL, min_size=n, max_size=n))
    tables = Tables(step, start, [[0, 1], [0, 1]], end, -1, [0.0, 1.0], 120, 1_000.0)
    fresh = [True] + [False] * (n - 1)
    found = doubts(tables, acts, list(range(n)), fresh, cues, [-1] * n, [0.0] * 2, [1.0] * n)

    def segment(a: int, b: int) -> float:
        own = sum(
            exp(start[acts[a]][k] + sum(step[row][k] for row in range(a + 1, b)) + end[acts[b - 1]][k])
            for k in range(2)
        )
        return own * exp((cues[a] if a else 0.0) - (1.0 if b - a == 1 else 0.0))

    total = 0.0
    share: dict[tuple[int, int], float] = {}
    for mask in range(2 ** (n - 1)):
        cuts = [0, *[k + 1 for k in range(n - 1) if mask >> k & 1], n]
        value = float(np.prod([segment(a, b) for a, b in pairwise(cuts)]))
        total += value
        for one in pairwise(cuts):
            share[one] = share.get(one, 0.0) + value
    told: dict[tuple[int, int], float] = {}
    for a, b, likely in found:
        told[a, b] = told.get((a, b), 0.0) + likely
    for one, value in share.items():
        assert told.get(one, 0.0) == pytest.approx(value / total, abs=2e-3)


def mean_sure(acts: list[int], gaps: list[int]) -> float:
    found = [one for _, chunk in executions(steps_of(acts, gaps=gaps)) for one in chunk if one.routine >= 0]
    assert all(0 <= one.sure <= 1 for one in found)
    return float(np.mean([one.sure for one in found]))


def test_what_is_done_in_order_with_pauses_is_surer_than_what_is_not() -> None:
    acts, _, gaps = two_tasks(1)
    rng = random.Random(1)
    stirred = list(acts)
    for place in range(0, len(acts) - 1, 3):
        if rng.random() < 0.7:
            stirred[place], stirred[place + 1] = stirred[place + 1], stirred[place]
    assert mean_sure(acts, gaps) > 0.8
    assert mean_sure(stirred, [1_000] * len(acts)) < mean_sure(acts, gaps) - 0.05
