"""Numbers and verdicts in words that people read at a glance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from math import floor, log10
from typing import Final, Literal

from taskstream.records import NEVER_MONTHS, NOT_WORTH_IT, WORTH_IT

_JUDGED: Final[dict[str, Literal["good", "bad"]]] = {WORTH_IT: "good", NOT_WORTH_IT: "bad"}


def judged(verdict: str) -> Literal["good", "bad", "unsure"]:
    """How a verdict is shown; one that this version does not know counts as unsure."""
    return _JUDGED.get(verdict, "unsure")


_LEAST_IN_HALF: Final = 3.55
"""Half an interval in units of the last digit told, at least (the Particle Data Group's rule)."""
_finest_ms: ContextVar[int] = ContextVar("finest_ms", default=1)


@contextmanager
def finest(resolution_ms: int) -> Iterator[None]:
    """While this lasts, :func:`duration` claims nothing below the resolution of the times it is of (milliseconds)."""
    token = _finest_ms.set(resolution_ms)
    try:
        yield
    finally:
        _finest_ms.reset(token)


def duration(ms: float) -> str:
    """A time per execution: ``850 ms``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``; see :func:`finest`."""
    least = _finest_ms.get()
    if least >= 1_000:
        if ms < least:
            return f"under {_spelt(least)}"
        ms = round(ms / least) * least
    return _spelt(ms)


def rough_duration(ms: float, low_ms: float, high_ms: float) -> str:
    """A time with the digits that an interval supports, as :func:`rough`: ``3 min 20 s`` for 3 min 18 s between 2 min
    40 s and 4 min. Steps are those by which times are told."""
    allowed = (high_ms - low_ms) / 2 / _LEAST_IN_HALF
    step = max((step for step in _STEPS_MS if step <= allowed), default=1)
    return duration(rounded) if (rounded := floor(ms / step + 0.5) * step) or not ms else f"under {duration(step)}"


_STEPS_MS: Final = (1, 10, 100, 1_000, 10_000, 60_000, 600_000, 3_600_000)


def _spelt(ms: float) -> str:
    if ms < 1_000:
        return f"{ms:.0f} ms"
    seconds = round(ms / 1_000)
    if seconds < 60:
        return f"{ms / 1_000:.1f} s".replace(".0 s", " s") if ms < 10_000 else f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def count(number: float) -> str:
    """A count: ``950``, ``12,300``, ``4.56 M``."""
    if number >= 10_000_000:
        return f"{number / 1e6:.1f} M"
    return f"{number:,.0f}"


def counted(number: int, one: str, many: str = "") -> str:
    """A number of things: ``1 person``, ``3 people``; ``many`` where an s would be wrong."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def hours(number: float) -> str:
    """Hours: ``0 h``, ``0.4 h``, ``12 h``, ``1,240 h``."""
    return f"{number:.1f} h".replace("0.0 h", "0 h") if number < 9.95 else f"{number:,.0f} h"


def money(number: float) -> str:
    """An amount in the user's own currency, of which no interval is known, in two significant digits or three:
    ``1,200``, ``23 k``, ``1.2 M``."""
    if abs(number) >= 999_500:
        return f"{number / 1e6:,.1f} M"
    if abs(number) >= 9_950:
        return f"{number / 1e3:,.0f} k"
    return f"{round(number, -2 if abs(number) >= 995 else -1 if abs(number) >= 100 else 0):,.0f}"


def rough(value: float, low: float, high: float) -> str:
    """A number with the digits that its interval supports: ``380`` for 378 between 258 and 447.

    Half the interval keeps two digits where they are below 35, and one above (the Particle Data Group's rule).
    """
    half = (high - low) / 2
    if half <= 0:
        return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
    digits = -floor(log10(half))
    digits += half * 10**digits < _LEAST_IN_HALF
    return f"{round(value, digits) + 0.0:,.{max(0, digits)}f}"


def interval(low: float, high: float) -> str:
    """Both ends of an interval, with the digits that it allows: ``260 to 450``."""
    return " to ".join(rough(end, low, high) for end in (low, high))


def observed(first_ms: int, last_ms: int, working_days: float, people: int, known: int) -> str:
    """What figures rest on: ``2026-01-05 to 2026-01-09, 5 working days, 8 of 15 people``."""
    first, last = (datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d") for ms in (first_ms, last_ms))
    when = first if first == last else f"{first} to {last}"
    days = f"{working_days:.3g} working day{'' if working_days == 1 else 's'}"
    return f"{when}, {days}, {people:,} of {counted(known, 'person', 'people')}"


def reasons(why: Mapping[str, float], low: float, high: float) -> str:
    """What the hours saved are the product of: ``380 h a year spent × 90 % can be automated × …``.

    ``low``, ``high``  the interval of the hours spent, which says how many of their digits are told
    """
    return " × ".join(
        f"{rough(value, low, high)} h a year spent" if name == "hours a year spent" else f"{value:.0%} {name}"
        for name, value in why.items()
    )


def share(number: float) -> str:
    """A share: ``37 %``."""
    return f"{number * 100:.0f} %"


def activity(name: str) -> str:
    """An activity as people read it: ``excel|edit|sheet1|cell:c`` becomes ``excel · sheet1 · edit cell c``."""
    parts = [part.strip() for part in name.split("|")]
    if len(parts) == 4:
        app, kind, screen, element = parts
        parts = [app, screen, f"{kind} {element.replace(':', ' ')}".strip()]
    return " · ".join(part for part in parts if part)


def payback(value: float, low: float, high: float) -> str:
    """A time to pay back with its interval, whose lower half counts where it has no end: ``27 months (9 to never)``."""
    if low >= NEVER_MONTHS:
        return "never"
    end = high if high < NEVER_MONTHS else 2 * value - low if value < NEVER_MONTHS else 3 * low
    middle = "never" if value >= NEVER_MONTHS else f"{rough(value, low, end)} months"
    return f"{middle} ({rough(low, low, end)} to {'never' if high >= NEVER_MONTHS else rough(high, low, end)})"
