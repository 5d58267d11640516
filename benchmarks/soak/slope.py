"""How a curve grows once it has warmed up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

WARM_UP: Final = 0.1
"""This share of the time is not looked at; nor is as much of what follows a restart, where a process warms up again."""


def percent_per_hour(times_s: Sequence[float], values: Sequence[float], restarts_s: Sequence[float] = ()) -> float:
    """Growth in percent of the mean an hour, by least squares over the samples after the first tenth.

    Between two restarts a process has a level of its own, all lives have one slope: a restart hides no growth, and what
    it takes to warm up again is none. NaN where there are too few samples to tell.
    """
    if not times_s:
        return math.nan
    times, found = np.array(times_s), np.array(values, np.float64)
    warm_up = WARM_UP * (times[-1] - times[0])
    begins = [times[0], *sorted(restarts_s)]
    rise = spread = total = 0.0
    count = 0
    for begin, end in zip(begins, [*begins[1:], math.inf], strict=True):
        own = (times >= begin + warm_up) & (times < end)
        if own.sum() >= 3:
            apart = times[own] - times[own].mean()
            rise += float(apart @ (found[own] - found[own].mean()))
            spread += float(apart @ apart)
            total += float(found[own].sum())
            count += int(own.sum())
    if not spread:
        return math.nan
    return rise / spread / (total / count) * 3600 * 100 if total else 0.0


def averaged(times_s: Sequence[float], values: Sequence[float], window_s: float) -> tuple[list[float], list[float]]:
    """The mean of the window behind each sample, where there is a whole one: without what goes up and down in it."""
    times, found = np.array(times_s), np.array(values, np.float64)
    kept = [at for at, time in enumerate(times) if time - times[0] >= window_s]
    means = [float(found[(times > times[at] - window_s) & (times <= times[at])].mean()) for at in kept]
    return [float(times[at]) for at in kept], means
