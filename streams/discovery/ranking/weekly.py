"""How much of a routine there is in a working week, with its interval, from the days on which it was observed."""

from __future__ import annotations

from math import floor, log10, sqrt
from statistics import fmean, median, stdev
from typing import Final

from msgspec import Struct

from streams.discovery.evidence.timing import IDLE_LIMITS_MS
from streams.discovery.grouping.days import Days, Worked
from taskstream.settings import Settings

HOUR_MS: Final = 3_600_000
PART: Final = 0.5
"""A day with less than this share of a usual day's executions was worked, or recorded, in part."""
FIRM: Final = 5
"""Working days below which figures are preliminary."""
MEASURED: Final = 0.01
"""Standard deviation of the hours found beside the true ones, as a share: where an execution begins and which pauses
count is told from the outside. 0.8 to 1.0 % over 40 simulated offices (``benchmarks.figures``, 9000 to 9019 and 9200 to
9219); to refit it, take the root of the mean square of the errors of "hours a week" there."""
FINE_MS: Final = 1_000
"""Times that are told finer than this make no duration uncertain."""
BY_DAYS: Final = 3
"""Full days from which their own variation tells how sure the mean is."""
DRIFT: Final = 0.25
"""Share of the mean by which a trend must have changed a day's hours from the first to the last day."""
SURE: Final = 2.5
"""... and its slope in standard errors, times the Student quantile over the normal one."""
NORMAL: Final = 1.96
STUDENT: Final = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""97.5 % quantiles of Student's distribution with 1 to 30 degrees of freedom."""
COARSE: Final = 0.1
"""Share of the hours from which on it is said that the times' resolution makes them uncertain."""
_NONE: Final = Worked(0, 0)


class Calendar(Struct, frozen=True):
    """The days observed: when they begin (a quarter of the UTC day), and how much of a working day each was."""

    begin: int
    shares: dict[int, float]

    @property
    def working(self) -> float:
        """Working days observed; 1 at least."""
        return max(1.0, round(sum(self.shares.values()), 2))

    @property
    def full(self) -> list[int]:
        """The days that count whole, in their order."""
        return [day for day, share in sorted(self.shares.items()) if share == 1.0]


class Weekly(Struct, frozen=True):
    """Executions and hours in a working week; ``low`` and ``high``: the 95 % interval of the hours.

    ``preliminary``  why not to rely on them yet; empty where there is no such reason
    """

    executions: float
    hours: float
    low: float
    high: float
    preliminary: str


def student(freedom: int) -> float:
    """The 97.5 % quantile of Student's distribution."""
    return STUDENT[freedom - 1] if freedom <= len(STUDENT) else NORMAL + 2.5 / freedom


def calendar_of(days: Days) -> Calendar:
    """The working days among those observed: a day with few executions, such as a weekend's, counts in part."""
    begin = days.begin()
    counts = {day: worked.executions for day, worked in days.by_day(begin).items()}
    usual = median(counts.values()) if counts else 0
    if not usual:
        return Calendar(begin, {})
    return Calendar(begin, {day: 1.0 if n >= PART * usual else n / usual for day, n in counts.items()})


def weekly(days: Days, executions: int, calendar: Calendar, settings: Settings, resolution_ms: int = 1) -> Weekly:
    """A working week of the routine that was done on ``days``, ``executions`` times in all.

    The interval is Student's for the mean of the full days: their own variation holds that of frequency and of time
    together, beside the error of measuring. Where there are fewer than ``BY_DAYS`` of them, the setting
    ``day_variation`` and the counting error stand in for it. What the times' resolution leaves open comes on top: it is
    no chance that averages out.
    """
    by_day = days.by_day(calendar.begin)
    counted = sum([worked.executions for worked in by_day.values()])
    total_ms = sum([worked.active_ms for worked in by_day.values()])
    per_week = settings.workdays_per_week / calendar.working
    hours = total_ms * per_week / HOUR_MS
    full = [by_day.get(day, _NONE).active_ms for day in calendar.full]
    if len(full) >= BY_DAYS:
        spread = student(len(full) - 1) * stdev(full) / sqrt(len(full)) * settings.workdays_per_week / HOUR_MS
        spread = max(spread, hours / sqrt(max(1, counted)))  # days that happen to be alike are not that sure
    else:
        variation = settings.day_variation**2 / calendar.working + 1 / max(1, counted)
        spread = NORMAL * sqrt(variation) * hours
    spread = sqrt(spread**2 + (NORMAL * MEASURED * hours) ** 2)
    off_ms = off_by(resolution_ms, counted, total_ms)
    spread += off_ms * per_week / HOUR_MS
    coarse = f"times are told to {_unit(resolution_ms)} alone, which leaves open how long an execution takes"
    doubts = (coarse if off_ms > COARSE * total_ms else "", _doubt(calendar.working, full))
    return Weekly(
        min(executions, counted) * per_week, hours, max(0.0, hours - spread), hours + spread,
        "; ".join(filter(None, doubts)),
    )  # fmt: skip


def off_by(resolution_ms: int, executions: int, total_ms: int) -> float:
    """By how much the active time of all may be off because times are told no finer than that (milliseconds).

    An execution's begin and end may be off by as much; and a pause that counts in part only may have been none.
    """
    if resolution_ms < FINE_MS:
        return 0.0
    return max(float(executions * resolution_ms), total_ms * (resolution_ms / IDLE_LIMITS_MS[0] - 1))


def _unit(resolution_ms: int) -> str:
    """A resolution in words."""
    for size, unit in ((3_600_000, "hour"), (60_000, "minute"), (1_000, "second")):
        if resolution_ms >= size:
            return f"the {unit}" if resolution_ms == size else f"{resolution_ms / size:.3g} {unit}s"
    return f"{resolution_ms} ms"


def _doubt(working: float, full: list[int]) -> str:
    """Why the rate is not to be relied on yet; empty where there is no such reason."""
    if working < FIRM:
        return f"{working:.2g} working day{'s' if working > 1 else ''} observed, fewer than {FIRM}"
    slope, error = _trend(full)
    change = slope * (len(full) - 1)
    if abs(change) > DRIFT * fmean(full) and abs(slope) > SURE * error * student(len(full) - 2) / NORMAL:
        return "its hours a day are growing" if slope > 0 else "its hours a day are falling"
    return ""


def _trend(full: list[int]) -> tuple[float, float]:
    """Least-squares slope a day, and its standard error; no slope in fewer than ``FIRM`` days."""
    n = len(full)
    if n < FIRM:
        return 0.0, 0.0
    middle, mean = (n - 1) / 2, fmean(full)
    squares = sum([(day - middle) ** 2 for day in range(n)])
    slope = sum([(day - middle) * value for day, value in enumerate(full)]) / squares
    rest = sum([(value - mean - slope * (day - middle)) ** 2 for day, value in enumerate(full)])
    return slope, sqrt(rest / (n - 2) / squares)


def rounded(value: float, low: float, high: float) -> tuple[float, float, float]:
    """The three with no more digits than two of half their interval's width."""
    half = (high - low) / 2
    digits = 1 - floor(log10(half)) if half > 0 else 3
    return round(value, digits) + 0.0, round(low, digits) + 0.0, round(high, digits) + 0.0
