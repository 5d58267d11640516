"""How a curve grows."""

from __future__ import annotations

import math

import pytest

from benchmarks.soak.slope import averaged, percent_per_hour

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


def test_a_restart_hides_no_growth_and_its_warm_up_is_none() -> None:
    lives = [(0.0, 2_000.0), (2_000.0, 4_500.0), (4_500.0, 7_201.0)]
    grows = [next(100 + 0.002 * (time - begin) for begin, end in lives if time < end) for time in TIMES]
    warms = [next(100 + min(time - begin, 700.0) / 7 for begin, end in lives if time < end) for time in TIMES]
    restarts = [2_000.0, 4_500.0]
    assert abs(percent_per_hour(TIMES, grows)) < 1.5
    assert percent_per_hour(TIMES, grows, restarts) == pytest.approx(7, rel=0.05)
    assert percent_per_hour(TIMES, warms, restarts) == pytest.approx(0, abs=1e-9)


def test_what_goes_up_and_down_within_a_window_is_averaged_out() -> None:
    times, means = averaged(TIMES, [100.0 + n % 20 for n in range(201)], 20 * 36.0)
    assert (times[0], times[-1]) == (720.0, 7_200.0)
    assert set(means) == {109.5}


def test_a_saw_tooth_is_level() -> None:
    assert abs(percent_per_hour(TIMES, [100 + n % 10 for n in range(201)])) < 0.5


def test_too_few_samples_tell_nothing() -> None:
    assert math.isnan(percent_per_hour([], []))
    assert math.isnan(percent_per_hour([0, 1], [5, 5]))
    assert percent_per_hour([0, 1, 2, 3, 4], [0] * 5) == 0
