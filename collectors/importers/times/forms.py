"""What the numbers of a column count, told by their size."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, Literal

from collectors.importers.times.wall import DAY_MS, Wall, read_wall

Unit = Literal["s", "ms", "us", "ns", "days", "digits", "ticks", "filetime", "webkit"]

NUMBER: Final = re.compile(r"\d+(?:[.,]\d*)?")
_FLOAT: Final = re.compile(r"(\d)\.(\d+)e\+(1[6-8])")
"""Python writes floats from 1e16 on with an exponent, and all digits they have. What Excel writes so (``1.7E+12``) has
lost digits."""
_PER_MS: Final = {"ms": 1, "us": 1_000, "ns": 1_000_000, "ticks": 10_000, "filetime": 10_000, "webkit": 1_000}
_SINCE_1601_MS: Final = 11_644_473_600_000
_BEFORE_1970_MS: Final = {"ticks": 62_135_596_800_000, "filetime": _SINCE_1601_MS, "webkit": _SINCE_1601_MS}
"""From where a unit counts to 1970."""
UNIT_WORDS: Final[dict[str, str]] = {
    "s": "seconds since 1970", "ms": "milliseconds since 1970", "us": "microseconds since 1970",
    "ns": "nanoseconds since 1970", "ticks": "ticks of .NET (100 ns since year 1)",
    "filetime": "times of Windows files (100 ns since 1601)", "webkit": "microseconds since 1601",
    "days": "serial days of a spreadsheet", "digits": "date and time as digits",
}  # fmt: skip
_SERIAL_EPOCH_DAYS: Final = 25_569
"""1970-01-01 as a serial day of Excel's 1900 system."""
_RANGES: Final[tuple[tuple[float, float, Unit], ...]] = (
    (20_000, 80_000, "days"),  # 1954 to 2119
    (1e8, 1e10, "s"),  # 1973 to 2286
    (1e11, 1e13, "ms"),
    (1e14, 1.2e16, "us"),
    (1.2e16, 1.6e16, "webkit"),  # 1981 to 2108
    (1.2e17, 1.6e17, "filetime"),  # 1981 to 2108; nanoseconds since 1970 would be of 1973 to 1975
    (6.2e17, 6.6e17, "ticks"),  # 1965 to 2092; ... of 1989 and 1990
    (9e17, 1e19, "ns"),  # 1998 to 2286
)


def written_out(text: str) -> str:
    """A float that Python wrote with an exponent as the whole number it is; any other text as it is."""
    match = _FLOAT.fullmatch(text)
    return str(int(Decimal(text))) if match is not None else text


def unit_of(text: str) -> Unit | None:
    """What a number counts, told by its size; None when it is no time."""
    whole = re.split(r"[.,]", text)[0]
    if whole == text and len(text) in {12, 14, 17} and read_digits(text) is not None:
        return "digits"
    size = float(whole)
    return next((unit for low, high, unit in _RANGES if low <= size < high), None)


def read_digits(text: str) -> Wall | None:
    """``20240305080002`` (also without seconds, or with milliseconds) as a reading of a clock."""
    if not text.startswith(("19", "20")):
        return None
    spaced = f"{text[:8]}T{text[8:14]}" + (f".{text[14:]}" if len(text) > 14 else "")
    return read_wall(spaced, "day-first")


def read_number(text: str, unit: Unit) -> int:
    """Milliseconds since 1970 of a number of ``unit`` (not "digits")."""
    whole, _, fraction = text.replace(",", ".").partition(".")
    if unit == "days":
        return round((float(f"{whole}.{fraction or 0}") - _SERIAL_EPOCH_DAYS) * DAY_MS)
    if unit == "s":
        return int(whole) * 1000 + round(float(f"0.{fraction or 0}") * 1000)
    return int(whole) // _PER_MS[unit] - _BEFORE_1970_MS.get(unit, 0)


def resolution_of(text: str, unit: Unit) -> int:
    """Milliseconds that the last digit of a number stands for, at least 1."""
    decimals = len(text.replace(",", ".").partition(".")[2])
    size = {"days": DAY_MS, "s": 1000}.get(unit, 1)
    return max(1, round(size * 10.0**-decimals))
