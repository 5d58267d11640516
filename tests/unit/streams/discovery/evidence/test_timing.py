"""Medians, their intervals, and the sensitivity to the idle limit."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.discovery.evidence.timing import active_at, median, median_interval, quantile
from streams.discovery.grouping.execution import from_segment
from tests.unit.streams.discovery.routine_samples import INVOICE, segment


@pytest.mark.parametrize(
    ("values", "middle", "p90"),
    [([], 0, 0), ([7], 7, 7), ([1, 3], 2, 3), ([3, 1, 2], 2, 3), (list(range(1, 11)), 5, 9)],
)
def test_median_and_quantile(values: list[int], middle: int, p90: int) -> None:
    assert median(values) == middle
    assert quantile(values, 0.9) == p90


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=400))
def test_the_interval_encloses_the_median(values: list[int]) -> None:
    low, high = median_interval(values)
    assert low <= median(values) <= high


def test_the_interval_covers_the_true_median_as_often_as_it_says() -> None:
    draw = random.Random(3)
    hits = 0
    for _ in range(400):
        low, high = median_interval([round(1000 * draw.expovariate(1)) for _ in range(40)])
        hits += low <= 693 <= high
    assert hits >= 0.93 * 400


def test_active_time_by_idle_limit() -> None:
    done = segment(INVOICE, step_ms=50_000)
    execution = from_segment(done, tuple(INVOICE), (), (), 0, 1.0)
    assert active_at(execution, 30_000) == 8 * 30_000
    assert active_at(execution, 60_000) == 8 * 50_000
