"""How much there is in a week, and how sure that is."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.discovery.grouping.days import Days
from streams.discovery.ranking.weekly import calendar_of, rounded, weekly
from taskstream.settings import Settings

SETTINGS = Settings()
HOUR = 3_600_000
DAY = 24 * HOUR


def worked(hours: list[float], begin: int = 9, executions: int = 20) -> Days:
    """So many hours a day, in ``executions`` executions that begin through a working day."""
    days = Days()
    for day, spent in enumerate(hours):
        for i in range(executions):
            days.add(day * DAY + (begin * HOUR) + i * 8 * HOUR // executions, 1, round(spent * HOUR / executions))
    return days


@pytest.mark.parametrize("begin", range(24))
def test_five_days_are_five_wherever_midnight_lies(begin: int) -> None:
    days = worked([1.0] * 5, begin)
    assert calendar_of(days).working == 5
    assert weekly(days, 100, calendar_of(days), SETTINGS).hours == pytest.approx(5.0, rel=0.01)


@pytest.mark.parametrize(("resolution_ms", "told"), [(60_000, "the minute"), (15_000, "15 seconds")])
def test_coarse_times_widen_the_interval_and_are_said(resolution_ms: int, told: str) -> None:
    random_ = random.Random(3)
    days, spent_ms = Days(), 0
    for i in range(500):
        at_ms = i // 100 * DAY + 9 * HOUR + i % 100 * 200_000 + random_.randrange(60_000)
        steps = [at_ms + step * 3_000 for step in range(random_.randrange(5, 25))]
        spent_ms += steps[-1] - steps[0]
        seen = [step // resolution_ms * resolution_ms for step in steps]
        days.add(seen[0], 1, sum(min(after - one, 30_000) for one, after in pairwise(seen)))
    week = weekly(days, 500, calendar_of(days), SETTINGS, resolution_ms)
    assert week.low <= spent_ms / HOUR <= week.high
    assert week.preliminary == f"times are told to {told} alone, which leaves open how long an execution takes"
    fine = weekly(days, 500, calendar_of(days), SETTINGS)
    assert (fine.hours, fine.preliminary) == (week.hours, "")
    assert week.high - week.low > fine.high - fine.low


def test_times_to_the_second_make_little_of_an_hour_uncertain() -> None:
    days = worked([1.0] * 5)
    week = weekly(days, 100, calendar_of(days), SETTINGS, 1_000)
    assert week.preliminary == ""
    assert week.high == pytest.approx(weekly(days, 100, calendar_of(days), SETTINGS).high, rel=0.01)


def test_a_day_with_little_work_counts_in_part() -> None:
    days = worked([1.0] * 5)
    days.add(5 * DAY + 10 * HOUR, 2, HOUR // 10)
    assert calendar_of(days).working == pytest.approx(5.1)


def test_the_interval_of_a_week_covers_the_truth_as_often_as_it_says() -> None:
    draw = random.Random(5)
    hits = 0
    for _ in range(600):
        days = worked([max(0.01, draw.gauss(2.0, 0.4)) for _ in range(draw.choice((4, 5, 8, 15)))])
        week = weekly(days, 100, calendar_of(days), SETTINGS)
        hits += week.low <= 10.0 <= week.high
    assert 0.92 * 600 <= hits <= 0.98 * 600


def test_fewer_than_five_days_and_a_rate_that_drifts_are_preliminary() -> None:
    def doubt(hours: list[float]) -> str:
        days = worked(hours)
        return weekly(days, 100, calendar_of(days), SETTINGS).preliminary

    steady = [2.0, 2.1, 1.9, 2.0, 2.05, 1.95, 2.0, 2.1, 1.9, 2.0]
    assert doubt(steady) == ""
    assert doubt(steady[:4]) == "4 working days observed, fewer than 5"
    assert doubt(steady[:1]) == "1 working day observed, fewer than 5"
    assert doubt([h + 0.2 * i for i, h in enumerate(steady)]) == "its hours a day are growing"
    assert doubt([h + 2 - 0.2 * i for i, h in enumerate(steady)]) == "its hours a day are falling"


def test_fewer_days_give_a_wider_interval() -> None:
    hours = [2.0, 2.4, 1.7, 2.2, 1.8, 2.3, 1.9, 2.1]
    widths = []
    for n in (3, 5, 8):
        days = worked(hours[:n])
        week = weekly(days, 100, calendar_of(days), SETTINGS)
        widths.append(week.high - week.low)
    assert widths == sorted(widths, reverse=True)


@given(st.floats(0, 1e6), st.floats(0.001, 1e5))
def test_no_figure_has_more_digits_than_its_interval_allows(value: float, half: float) -> None:
    for found, given_ in zip(
        rounded(value, value - half, value + half), (value, value - half, value + half), strict=True
    ):
        assert abs(found - given_) <= 0.051 * half * 1.0001 + 1e-9
    assert rounded(378.4321, 258.1, 447.3) == (378.0, 258.0, 447.0)
    assert rounded(8.6312, 7.31, 9.94) == (8.6, 7.3, 9.9)
