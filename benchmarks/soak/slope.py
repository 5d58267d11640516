"""How a curve grows once it has warmed up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

WARM_UP: Final = 0.1
"""This share of the time is not looked at."""


def after_warm_up(times_s: Sequence[float], values: Sequence[float]) -> tuple[list[float], list[float]]:
    """The samples after the first tenth of the time."""
    if not times_s:
        return [], []
    begin = times_s[0] + WARM_UP * (times_s[-1] - times_s[0])
    kept = [(time, value) for time, value in zip(times_s, values, strict=True) if time >= begin]
    return [time for time, _ in kept], [value for _, value in kept]


def percent_per_hour(times_s: Sequence[float], values: Sequence[float]) -> float:
    """Growth in percent of the mean an hour, by least squares over the samples after the first tenth.

    A saw-tooth, as restarts and compaction make, adds next to nothing. NaN where there are too few samples to tell.
    """
    times, kept = after_warm_up(times_s, values)
    if len(kept) < 3 or times[0] == times[-1]:
        return math.nan
    middle, mean = sum(times) / len(times), sum(kept) / len(kept)
    if not mean:
        return 0.0
    covariance = sum((time - middle) * (value - mean) for time, value in zip(times, kept, strict=True))
    variance = sum((time - middle) ** 2 for time in times)
    return covariance / variance / mean * 3600 * 100
