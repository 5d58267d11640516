"""What automating a routine would save: what is uncertain is drawn at random again and again, seeded by its id."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from streams.discovery.evidence.timing import quantile
from streams.discovery.grouping.hashing import hash64
from streams.discovery.ranking.weekly import NORMAL, Weekly
from taskstream.records import NEVER_MONTHS
from taskstream.settings import Settings

DRAWS: Final = 1_000
EXCEPTION_SPREAD: Final = 0.25
"""One sigma of the share of exceptions, as a share of itself."""

SAVED, NET, PAYBACK = range(3)
"""What is drawn: hours saved a year, money saved over the horizon after all cost, months until the cost is earned."""

Interval = tuple[float, float, float]
"""Quantiles: 2.5 %, 50 %, 97.5 %."""
Savings = tuple[Interval, Interval, Interval]


def simulate(
    routine: str, week: Weekly, possible: float, exceptions: float, cost: float, settings: Settings
) -> Savings:
    """The distributions of ``SAVED``, ``NET`` and ``PAYBACK``. Uncertain are hours, cost, and exceptions.

    ``possible``  share of the hours that is saved where no exception comes
    """
    draw = random.Random(hash64(routine))
    spread = (week.high - week.hours) / NORMAL  # the lower half may be cut at 0
    saved, nets, paybacks = [], [], []
    for _ in range(DRAWS):
        failing = min(1.0, max(0.0, draw.gauss(exceptions, EXCEPTION_SPREAD * exceptions)))
        hours = max(0.0, draw.gauss(week.hours, spread)) * settings.weeks_per_year * possible * (1 - failing)
        built = cost * max(0.25, draw.gauss(1, settings.build_spread))
        yearly = hours * settings.hourly_cost - settings.maintenance_share * built
        saved.append(hours)
        nets.append(yearly * settings.horizon_years - built)
        paybacks.append(min(NEVER_MONTHS, 12 * built / yearly) if yearly > 0 else NEVER_MONTHS)
    return _quantiles(saved, 1000), _quantiles(nets, 1), _quantiles(paybacks, 10)


def _quantiles(values: Sequence[float], scale: int) -> Interval:
    whole = [round(value * scale) for value in values]
    low, middle, high = (round(quantile(whole, share) / scale, 3) for share in (0.025, 0.5, 0.975))
    return low, middle, high
