"""Numbers beside a date that tell the time of day: digits of a clock or a count since midnight, told by all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal

from msgspec import Struct

from collectors.importers.times.forms import read_number, unit_of
from collectors.importers.times.wall import DATE_ORDERS, DAY_MS, DateOrder, Wall, read_wall
from taskstream.errors import InputError

Count = Literal["digits", "digits-ms", "minutes", "s", "ms", "share"]
WORDS: Final[dict[Count, str]] = {
    "digits": "hours, minutes and seconds as digits", "digits-ms": "hours to milliseconds as digits",
    "minutes": "hours and minutes as digits", "s": "seconds since midnight", "ms": "milliseconds since midnight",
    "share": "shares of a day",
}  # fmt: skip
_WIDTHS: Final[dict[int, Count]] = {6: "digits", 9: "digits-ms", 4: "minutes"}
"""Digits of a clock, where each number has all of them."""
_NUMBER: Final = re.compile(r"\d{1,9}(?:[.,]\d{1,18})?")
_JOINED: Final = re.compile(rf"(.+\S) ({_NUMBER.pattern})")
_MOST: Final = 0.5
"""Share of the values of a column that must be of this kind."""
_RISING: Final = 0.95
"""Share of the steps within a day that must go one way in a count since midnight: what else is a number may go any."""
_WRONG: Final = 0.01
"""Share of the numbers that may be none of the kind that the others are; their rows are skipped."""
_EVIDENCE: Final = 12
"""Different numbers that must all be able to be digits of a clock to be taken for these: a third of seconds is."""


class DayNumbers(Struct, frozen=True):
    """How a column of times of day counts, beside a column of dates."""

    count: Count

    def read(self, text: str, order: DateOrder) -> Wall | None:
        """The reading that date and number mean together; None where the text is of no such kind, or no time."""
        match = _JOINED.fullmatch(text)
        day = wall_of_day(match[1], order) if match is not None else None
        clock = milliseconds(match[2], self.count) if match is not None else None
        return day._replace(ms=day.ms + clock, clock=True) if day is not None and clock is not None else None

    def clock(self, text: str) -> str:
        """A time of day without its date, as a clock shows it; what is no number of this kind as it is."""
        ms = milliseconds(text, self.count) if _NUMBER.fullmatch(text) else None
        if ms is None:
            return text
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def milliseconds(number: str, count: Count) -> int | None:
    """Milliseconds since midnight, or None where the number cannot count so."""
    number = number.replace(",", ".")
    if count in {"s", "ms", "share"}:
        ms = round(Decimal(number) * {"s": 1_000, "ms": 1, "share": DAY_MS}[count])
        return ms if ms < DAY_MS else None
    whole, _, fraction = number.partition(".")
    width = next(width for width, name in _WIDTHS.items() if name == count)
    if len(whole) > width or (fraction and count != "digits"):
        return None
    digits = whole.zfill(width).ljust(6, "0")
    hour, minute, second = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    if hour > 23 or minute > 59 or second > 59:
        return None
    return ((hour * 60 + minute) * 60 + second) * 1_000 + int(((digits[6:] or fraction) + "000")[:3])


def day_numbers(texts: Sequence[str], column: str) -> DayNumbers | None:
    """What the numbers beside dates count; None where most texts are no date with a number behind it.

    Args:
        texts: date and number with a blank between them, in the order of the file.

    Raises:
        InputError: they can be several, or a count since midnight that does not rise within a day.
    """
    found = [(match[1], match[2]) for text in texts if (match := _JOINED.fullmatch(text))]
    if len(found) <= _MOST * len(texts) or not any(Decimal(number.replace(",", ".")) for _, number in found):
        return None
    days = {day for day, _ in found}
    known = {day for day in days if any(wall_of_day(day, order) is not None for order in DATE_ORDERS)}
    found = [(day, number) for day, number in found if day in known]
    if len(found) <= _MOST * len(texts):
        return None
    numbers = list(dict.fromkeys(number for _, number in found))
    fits = _fits(numbers)
    if not fits:
        return None
    sample = next((number for number in numbers if number.strip("0")), numbers[0])
    if len(fits) > 1:
        readings = " or ".join(f"{DayNumbers(count).clock(sample)[:8]} ({WORDS[count]})" for count in fits)
        raise InputError(
            f"column {column!r}: beside its date, {sample!r} can be {readings}, and the other values do not tell "
            "which: write the times of day with colons, or name another column of times with --map time=COLUMN"
        )
    if fits[0] in {"s", "ms"} and not _goes_one_way(found, fits[0]):
        raise InputError(
            f"column {column!r} holds numbers beside a date (such as {sample!r}, {len(found):,} of {len(texts):,} "
            f"values) that could be {WORDS[fits[0]]}, but they do not rise within a day: name the column of the times "
            "of day with --map time=COLUMN"
        )
    return DayNumbers(fits[0])


def _fits(numbers: Sequence[str]) -> list[Count]:
    """What the numbers can count: one by size and width, several where these leave it open."""
    widths = {len(re.split(r"[.,]", number)[0]) for number in numbers}
    padded = any(number[0] == "0" and number[1:2].isdigit() for number in numbers)

    def fit(count: Count) -> bool:
        return sum(milliseconds(number, count) is None for number in numbers) <= _WRONG * len(numbers)

    if len(widths) == 1 and (count := _WIDTHS.get(min(widths))) and (padded or count == "minutes") and fit(count):
        return [count]
    if padded:
        return []
    if fit("share"):
        return ["share"]
    largest = max(float(number.replace(",", ".")) for number in numbers)
    possible: list[Count] = [count for count in ("digits", "minutes", "s") if fit(count)]
    if not possible:
        return [count for count in ("digits-ms", "ms") if largest >= 240_000 and fit(count)]
    if "s" in possible and "digits" in possible and len(numbers) >= _EVIDENCE:
        possible.remove("s")
    return possible


def _goes_one_way(found: Sequence[tuple[str, str]], count: Count) -> bool:
    """Whether the count rises within a day, or falls, as in a log that begins with the latest. A day that was given for
    all rows may end between two of them."""
    at = [(day, milliseconds(number, count) or 0) for day, number in found]
    steps = [two - one for (day, one), (other, two) in pairwise(at) if day == other and one != two]
    rising = sum(step > 0 or step < -DAY_MS // 2 for step in steps)
    falling = sum(step < 0 or step > DAY_MS // 2 for step in steps)
    return bool(steps) and max(rising, falling) >= _RISING * len(steps)


def wall_of_day(text: str, order: DateOrder) -> Wall | None:
    """A date alone."""
    if re.fullmatch(r"(?:19|20)\d{6}", text):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    elif re.fullmatch(r"\d{5}(?:[.,]0+)?", text) and unit_of(text) == "days":
        return Wall(read_number(text, "days"), clock=False)
    wall = read_wall(text, order)
    return wall if wall is not None and wall.day and not wall.clock else None
