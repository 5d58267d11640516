"""How a curve grows."""

from __future__ import annotations

import math

import pytest

from benchmarks.soak.slope import after_warm_up, percent_per_hour

TIMES = [36.0 * n for n in range(201)]
"""Two hours."""


def test_growth_is_percent_of_the_mean_an_hour() -> None:
    assert percent_per_hour(TIMES, [100 + 10 * time / 3600 for time in TIMES]) == pytest.approx(
        10 / 111 * 100, rel=0.01
    )
    assert percent_per_hour(TIMES, [100.0] * 201) == pytest.approx(0)


def test_the_warm_up_is_not_looked_at() -> None:
    values = [min(time, 720.0) for time in TIMES]
    assert percent_per_hour(TIMES, values) == pytest.approx(0, abs=1e-9)
    assert after_warm_up(TIMES, values)[0][0] == 720.0


def test_a_saw_tooth_is_level() -> None:
    assert abs(percent_per_hour(TIMES, [100 + n % 10 for n in range(201)])) < 0.5


def test_too_few_samples_tell_nothing() -> None:
    assert math.isnan(percent_per_hour([], []))
    assert math.isnan(percent_per_hour([0, 1], [5, 5]))
    assert percent_per_hour([0, 1, 2, 3, 4], [0] * 5) == 0
