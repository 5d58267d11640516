"""One written time → what a clock on a wall showed, and the zone if one is named."""

from __future__ import annotations

import re
import warnings
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, Literal, NamedTuple
from unicodedata import normalize

from dateutil import parser as dateutil_parser

from collectors.importers.times import time_words
from collectors.importers.times.zones import OFFSETS, zone_named

EPOCH: Final = datetime(1970, 1, 1)
DAY_MS: Final = 86_400_000
DateOrder = Literal["day-first", "month-first", "year-first"]
DATE_ORDERS: Final[tuple[DateOrder, ...]] = ("day-first", "month-first", "year-first")


class Wall(NamedTuple):
    """A reading of a clock. ``ms`` counts from 1970 as if the clock showed UTC; ``zone`` is an offset in seconds or a
    zone where the text names one. ``day`` is false where a date is missing, ``clock`` where a time of day is."""

    ms: int
    zone: int | tzinfo | None = None
    day: bool = True
    clock: bool = True


class Numeric(NamedTuple):
    """The parts of a date written in numbers alone, in the order in which they stand."""

    first: int
    second: int
    third: int
    separator: str
    year_first: bool
    twelve_hours: bool
    short: bool
    """Each part has two digits, so that the year may be the first as well as the last."""


_DATE = r"(?P<a>\d{1,4})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<c>\d{4}|\d{1,2})"
_TIME = (
    r"(?P<h>\d{1,2})(?P<ts>[:.])(?P<mi>\d{2})(?:(?P=ts)(?P<sec>\d{2})(?:[.,:](?P<f>\d{1,18}))?)?"
    r"\s*(?P<ap>[AaPp]\.?\s?[Mm]\.?)?"
)
_ZONE = (
    r"\s*(?P<z>[Zz]|[+\-−]\d{2}(?::?\d{2}){0,2}|(?:UTC|GMT)\s?[+\-−]\d{1,2}(?::?\d{2}){0,2}|[A-Z]{2,5}|[A-Z][A-Za-z]+(?:/[A-Za-z_+\-]+)+)?"
    r"(?:\s*\[(?P<iana>[A-Za-z_/+\-]+)\])?"
)
_FULL: Final = re.compile(rf"{_DATE}(?:(?:\s*[Tt,_]\s*|\s+(?:[-–@|]\s+)?|-){_TIME}{_ZONE})?\.?")
_TURNED: Final = re.compile(rf"{_TIME}{_ZONE}(?:\s*,\s*|\s+(?:[-–@|]\s+)?){_DATE}")
"""The time of day before the date."""
_CLOCK: Final = re.compile(_TIME + _ZONE)
_COMPACT: Final = re.compile(
    r"(?P<a>\d{4})(?P<b>\d{2})(?P<c>\d{2})[T ](?P<h>\d{2})(?P<mi>\d{2})(?:(?P<sec>\d{2})(?:[.,]?(?P<f>\d{1,9}))?)?"
    + _ZONE
)
_COMPACT_DAY: Final = re.compile(r"(?P<a>\d{4})(?P<b>\d{2})(?P<c>\d{2})(?:\s*[Tt,_]\s*|\s+|-)" + _TIME + _ZONE)
_ANY_DATE: Final = re.compile(rf"(?<![\d\-/.]){_DATE}(?![\d\-/])")
_OFFSET: Final = re.compile(r"([+\-−])(\d{1,2}?)(?::?(\d{2}))?(?::?(\d{2}))?")
_MAX_OFFSET: Final = 14 * 3600
"""No zone is further from UTC; behind a time, what is more is the other end of a range."""


_NO_DAYS: Final = frozenset([(1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1904, 1, 1), (1, 1, 1)])
"""Days on which Access, Excel and .NET put a time of day that has no date."""


def joined(day: str, clock: str) -> str:
    """The date of one cell and the time of day of another, each of which may name both: ``05.03.2024 00:00:00`` beside
    ``30.12.1899 08:00:00``."""
    return f"{_date_part(day)} {_clock_part(clock)}"


@lru_cache(maxsize=4_096)
def _date_part(text: str) -> str:
    match = _FULL.fullmatch(text)
    return text[: match.end("c")] if match is not None else text


@lru_cache(maxsize=4_096)
def _clock_part(text: str) -> str:
    """Of a time on a day zero the time of day; any other date stays, as it contradicts the cell beside it."""
    match = _FULL.fullmatch(text)
    if match is None or not match["h"]:
        return text
    walls = (read_wall(text, order) for order in DATE_ORDERS)
    return text[match.start("h") :] if any(wall is not None and not wall.day for wall in walls) else text


def numeric(text: str) -> Numeric | None:
    """The date in ``text`` as numbers, or None when it is written otherwise."""
    match = _FULL.fullmatch(text) or _TURNED.fullmatch(text)
    if match is None:
        text = plain(text)
        match = _FULL.fullmatch(text) or _TURNED.fullmatch(text) or _numbers(text)
    if match is None:
        return None
    a, b, c = match["a"], match["b"], match["c"]
    year_first = len(a) == 4 or int(a) > 31
    return Numeric(
        int(a),
        int(b),
        int(c),
        match["s"],
        year_first,
        match.groupdict().get("ap") is not None,
        len(a) == len(b) == len(c) == 2,
    )


def date_of(parts: Numeric, order: DateOrder) -> date | None:
    """The date that the numbers mean in this order, or None."""
    a, b, c = parts[:3]
    year, month, day = (a, b, c) if order == "year-first" else (c, b, a) if order == "day-first" else (c, a, b)
    try:
        return date(_century(year), month, day)
    except ValueError:
        return None


def read_wall(text: str, order: DateOrder) -> Wall | None:
    """The reading that ``text`` (without outer blanks) means, or None when it is no time.

    Numbers alone (epochs, spreadsheet serials) are not read here. ``order`` decides ``05/03/2024``, and ``24-03-05``.
    """
    form = _form(text)
    bare = text
    if form is None:
        if len(text) > _LONGEST or not (_LETTER.search(text) or _YEAR_DAY.match(text)):
            return None
        bare = plain(text)
        form = _form(bare) if bare != text else None
    return _words(bare, order) if form is None else _in_numbers(form, order)


def _form(text: str) -> re.Match[str] | None:
    """The text as one of the ways to write a time in numbers."""
    for form in (_FULL, _TURNED, _COMPACT, _CLOCK, _COMPACT_DAY):
        if match := form.fullmatch(text):
            return match
    return None


def _in_numbers(match: re.Match[str], order: DateOrder) -> Wall | None:
    if match.re is _CLOCK:
        wall = _assemble(match, 1970, 1, 1)
        return wall and wall._replace(day=False)
    if match.re in (_COMPACT, _COMPACT_DAY):
        return _assemble(match, int(match["a"]), int(match["b"]), int(match["c"]))
    return _assemble(match, *_date(match, order))


def _date(match: re.Match[str], order: DateOrder) -> tuple[int, int, int]:
    """Year, month and day."""
    a, b, c = match["a"], int(match["b"]), int(match["c"])
    if len(a) == 4 or int(a) > 31 or (order == "year-first" and len(match["c"]) < 4):
        return int(a) if len(a) == 4 else _century(int(a)), b, c
    year = c if len(match["c"]) == 4 else _century(c)
    return (year, b, int(a)) if order != "month-first" else (year, int(a), b)


def _century(year: int) -> int:
    """A year of two digits as spreadsheets read it: 00 to 29 are of this century, 30 to 99 of the last."""
    return year if year > 99 else year + (2000 if year < 30 else 1900)


def _assemble(match: re.Match[str], year: int, month: int, day: int) -> Wall | None:
    try:
        days = (datetime(year, month, day) - EPOCH).days
    except ValueError:
        return None
    if match["h"] is None:
        return Wall(days * DAY_MS, clock=False)
    hour, minute, second = int(match["h"]), int(match["mi"]), int(match["sec"] or 0)
    half = match.groupdict().get("ap")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "Pp" else 0)
    if hour > 23 or minute > 59 or second > 60:
        return None
    fraction = int(((match["f"] or "") + "000")[:3])
    zone: int | tzinfo | None = None
    name = match["iana"] or match["z"]
    if name:
        zone = zone_of(name)
        if zone is None:
            return None
    clock = ((hour * 60 + minute) * 60 + second) * 1000 + fraction
    if (year, month, day) in _NO_DAYS:
        return Wall(clock, zone, day=False)
    return Wall(days * DAY_MS + clock, zone)


def zone_of(name: str) -> int | tzinfo | None:
    """Offset in seconds, or the zone; None for a name that is unknown or means several zones."""
    if name in {"Z", "z"}:
        return 0
    bare = name.removeprefix("UTC").removeprefix("GMT").lstrip()
    if not bare:
        return 0
    if bare[0] in "+-−":
        match = _OFFSET.fullmatch(bare)
        if match is None:
            return None
        seconds = sum(int(part or 0) * size for part, size in zip(match.groups()[1:], (3600, 60, 1), strict=True))
        if seconds > _MAX_OFFSET:
            return None
        return seconds if bare[0] == "+" else -seconds
    if name in OFFSETS:
        return OFFSETS[name]
    return zone_named(name)


class _Names(dateutil_parser.parserinfo):
    """Names and jump words of dates in all languages known here."""

    MONTHS = time_words.MONTHS
    WEEKDAYS = time_words.WEEKDAYS
    JUMP = [*dateutil_parser.parserinfo.JUMP, *time_words.JUMPS]  # noqa: RUF012


_parser: Final = dateutil_parser.parser(_Names())
_DEFAULTS: Final = (datetime(1971, 2, 3), datetime(1976, 5, 6, 7, 8, 9, 10))
"""Two default dates: parts that differ between the two results were not in the text."""
_LETTER: Final = re.compile(r"[^\W\d_]")
_EXPLAINED: Final = re.compile(r"([+\-−]\d{1,2}(?::?\d{2})?|\b[A-Z]{1,5})\s*\([^()]*\)$")
"""JavaScript's name of the zone in words, in brackets behind its offset."""
_HOUR_SIGN: Final = re.compile(r"(?<!\d)(\d{1,2})\s?h\s?(\d{2})(?:\s?(?:m|min|mn|')?\s?(\d{2})\s?s?)?(?![\d\w])")
_UTC_OFFSET: Final = re.compile(r"(?<=[\d\sMm])(?:UTC|GMT)\s?([+\-−]\d{1,2}(?::?\d{2})?)(?!\d)")
_NAMED_OFFSET: Final = re.compile(r":\d\d[\d.,]*\s*(?![AaPp][Mm])[A-Za-z]{2,5}\s?[+\-−]\d")
_POINTED_CLOCK: Final = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{2})\.(\d{2})(?!\d)")
_YEAR_DAY: Final = re.compile(r"\d{4}-\d{3} ")
_LONGEST: Final = 128


@lru_cache(maxsize=4_096)
def plain(text: str) -> str:
    """``text`` without what tells nothing of the time (a weekday, ``Uhr``, the name of the zone behind its offset), a
    numbered week or day as a date, and with colons in the time of day."""
    text = time_words.without_fillers(_EXPLAINED.sub(r"\1", time_words.numbered_day(normalize("NFC", text))))
    if ":" not in text and time_words.names_month(text):
        text = _POINTED_CLOCK.sub(r"\1:\2:\3", text)
    text = _HOUR_SIGN.sub(lambda match: ":".join(part for part in match.groups() if part), text)
    return " ".join(time_words.without_weekday(text, dated=_ANY_DATE.search(text) is not None).split())


def weekday(text: str) -> int | None:
    """The weekday that ``text`` names, Monday is 0; None where it names none."""
    found = time_words.find_weekday(text, dated=_ANY_DATE.search(text) is not None) if _LETTER.search(text) else None
    return found and found[2]


def _numbers(text: str) -> re.Match[str] | None:
    """The date in numbers that stands anywhere in a text without a name of a month."""
    return None if time_words.names_month(text) else _ANY_DATE.search(text)


@lru_cache(maxsize=65_536)
def _words(text: str, order: DateOrder) -> Wall | None:
    """Dates with names of months, by dateutil; only where it finds a whole date and at least hour and minute.

    ``dayfirst`` turns even dates with the year in front: there it must be off. dateutil takes an offset behind a name
    of a zone as POSIX does, with the sign reversed: behind UTC and GMT the name is dropped, others are refused.
    """
    if not _LETTER.search(text):
        return None
    found = _numbers(text)
    if found is None and not time_words.names_month(text):
        return None
    year_first = found is not None and (len(found["a"]) == 4 or int(found["a"]) > 31)
    if found is not None and order == "year-first" and not year_first:
        return None
    day_first = not year_first and order != "month-first"
    text = _UTC_OFFSET.sub(r" \1", text)
    if _NAMED_OFFSET.search(text):
        return None
    readings: list[datetime] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", dateutil_parser.UnknownTimezoneWarning)
            for default in _DEFAULTS:
                readings.append(_parser.parse(text, default=default, dayfirst=day_first, tzinfos=_tzinfo))
    except (ValueError, OverflowError, TypeError, AttributeError, dateutil_parser.UnknownTimezoneWarning):
        return None
    first, second = (reading.replace(tzinfo=None) for reading in readings)
    if first.date() != second.date():
        return None
    clock = (first.hour, first.minute) == (second.hour, second.minute)
    offset = readings[0].utcoffset()
    zone = None if offset is None else round(offset.total_seconds())
    if not clock:
        return Wall((first - EPOCH).days * DAY_MS, zone, clock=False)
    return Wall((first - EPOCH) // timedelta(milliseconds=1), zone)


def _tzinfo(name: str | None, offset: int | None) -> int | tzinfo | None:
    """For dateutil, which takes None as no zone at all: a name that means no one zone must fail."""
    if offset is not None:
        return offset
    zone = zone_of(name) if name else None
    if name and zone is None:
        raise ValueError(f"zone {name!r}")
    return zone
