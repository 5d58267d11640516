"""The clock of one column: written time → milliseconds since the epoch, fast, and with all that was assumed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from itertools import pairwise, zip_longest
from typing import Final, NoReturn

from collectors.importers.times.day_numbers import WORDS, DayNumbers, day_numbers, wall_of_day
from collectors.importers.times.forms import (
    NUMBER,
    UNIT_WORDS,
    Unit,
    read_digits,
    read_number,
    resolution_of,
    unit_of,
    written_out,
)
from collectors.importers.times.orders import Orders
from collectors.importers.times.wall import DATE_ORDERS, DAY_MS, DateOrder, Wall, date_of, numeric, read_wall
from collectors.importers.times.zones import Folds, instants
from taskstream.errors import InputError
from taskstream.events import MAX_TIME_MS

REMEMBERED: Final = 131_072
"""Minutes and ends of times (seconds, fraction, zone) that are remembered at most, and parts of these."""
_SAMPLE: Final = 5_000
"""Values from which unit, resolution and direction are told; the order of day and month is told by all."""
_MIN_READABLE: Final = 0.5
"""Share of the sampled times that must be readable; below, the column is refused."""
_CLOCK_BACK: Final = (20 * 60_000, 60 * 60_000)
"""A single step back of this size is a clock set back in autumn (milliseconds)."""
_RISING: Final = 0.95
"""Share of steps in one direction from which on a file counts as in that order."""
_HALVES: Final = re.compile(r"\d[\d./-]{9}[T ]\d\d:\d\d:\d\d[^AaPpMm]*$")
"""Times whose first 17 characters name the minute and whose rest is the same in every minute. The first 10 name the
day, the next 7 the minute of it, the next 2 the second."""
_FRACTION: Final = re.compile(r"\d+[.,]\d*[1-9]\d*")
_SECONDS: Final = {f"{second:02}": 1_000 * second for second in range(60)}


class LogClock:
    """Reads the times of one column (or of a date and a time column joined by a blank)."""

    def __init__(self, column: str, *, zone: tzinfo | None = None, order: DateOrder | None = None) -> None:
        self.column = column
        self.orders = Orders()
        self.folds = Folds(1)
        self.resolution_ms = 1
        """The finest difference the way of writing can tell; see :meth:`observe`."""
        self.named_zone = False
        """Whether times name their zone themselves."""
        self.set_back = ""
        """The time after which local times of no named zone step back by about an hour, once: clocks were set back."""
        self._finest = 86_400_000
        self._zone = zone
        self._given = order
        self._unit: Unit | None = None
        self._order: DateOrder = order or "day-first"
        self._whole_days = False
        """All numbers are whole days: no time of day is told, or they count seconds since midnight."""
        self._of_day: DayNumbers | None = None
        """How numbers beside a date tell the time of day, where they do."""
        self._heads: dict[str, int] = {}
        self._tails: dict[str, int] = {}
        self._tails_name_zone: bool | None = None
        self._days: dict[str, int] = {}
        self._minutes: dict[str, int] = {}
        self._fractions: dict[str, int] = {}

    def learn(self, texts: Sequence[str], rows: int) -> None:
        """Tell from a sample of non-empty values how the column is written.

        Args:
            texts: values in file order, without outer blanks.
            rows: how many rows the sample was taken from.

        Raises:
            InputError: no value, or too few of them, are times.
        """
        if not texts:
            raise InputError(f"column {self.column!r} should hold the times, but all its {rows:,} values are empty")
        texts = [written_out(text) for text in texts]
        units = Counter(unit_of(text) for text in texts if NUMBER.fullmatch(text))
        self._unit = units.most_common(1)[0][0] if units else None
        self._whole_days = self._unit == "days" and not any(_FRACTION.fullmatch(text) for text in texts)
        self.orders.look(texts)
        if self._given is None:
            found = self.orders
            if (told := found.closest() if found.short else None) and told[0] == "year-first":
                self._order = "year-first"
            elif found.month_first and not found.day_first:
                self._order = "month-first"
        texts = texts[:_SAMPLE]
        self._of_day = day_numbers(texts, self.column)
        self._refuse_unreadable(texts)
        if self._unit in ("days", "s"):
            self.resolution_ms = min(resolution_of(text, self._unit) for text in texts if NUMBER.fullmatch(text))
        walls = [(wall, text) for text in texts if (wall := self._wall(text)) is not None]
        steps = [b.ms - a.ms for (a, _), (b, _) in pairwise(walls) if a.ms != b.ms]
        back = [a for (one, a), (two, _) in pairwise(walls) if -_CLOCK_BACK[1] <= two.ms - one.ms <= -_CLOCK_BACK[0]]
        if (
            len(back) == 1
            and self._zone is None
            and not self.named_zone
            and all(wall.zone is None for wall, _ in walls)
        ):
            self.set_back = back[0]
        rising = sum(step > 0 for step in steps) / len(steps) if steps else 1.0
        self.folds.direction = 1 if rising >= _RISING else -1 if rising <= 1 - _RISING else 0

    def _refuse_unreadable(self, texts: Sequence[str]) -> None:
        walls = [self._wall(text) for text in texts]
        good = sum(wall is not None and wall.day and wall.clock for wall in walls)
        if good >= _MIN_READABLE * len(texts) and good:
            return
        bad, wall = next((t, w) for t, w in zip(texts, walls, strict=True) if w is None or not (w.day and w.clock))
        where = (
            f"column {self.column!r} holds {{}} (such as {bad[:60]!r}, {len(texts) - good:,} of {len(texts):,} values)"
        )
        if wall is None:
            what = "values that are no times known here"
            help_ = "name the column of the times with --map time=COLUMN"
        elif not wall.day:
            what = "times of day without a date"
            help_ = "name the date's column with --map date=COLUMN, or the day with --date 2024-03-05"
        else:
            what = "dates without a time of day"
            if self._whole_days:
                what += ", as serial days of a spreadsheet, or seconds since midnight without a date"
            help_ = "name the column of the times of day with --map time=COLUMN (and --map date=… for this one)"
        raise InputError(f"{where.format(what)}: {help_}")

    def has_dates(self, texts: Iterable[str], days: Iterable[str] = ()) -> bool:
        """Whether most of these values name a day themselves.

        ``days`` are the dates beside them: a number names a day where it is a time of that one. What counts from
        midnight is as large as a day of a spreadsheet or a second of 1976.
        """
        named = total = 0
        for text, day in zip_longest(map(written_out, texts), days, fillvalue=""):
            total += 1
            if NUMBER.fullmatch(text):
                named += _same_day(text, day) if day else unit_of(text) is not None
            else:
                wall = read_wall(text, self._order)
                named += wall is not None and wall.day
        return 2 * named > total

    def rough(self, text: str) -> int:
        """A time for ordering within the column, without its zone; 0 for what is no time."""
        wall = self._wall(text.strip())
        return wall.ms if wall is not None else 0

    def settle(self) -> None:
        """Decide the order of day and month by all evidence.

        Raises:
            InputError: the values contradict each other, or leave it open over several dates.
        """
        found = self.orders
        if self._given is not None:
            return
        if found.day_first and found.month_first:
            raise InputError(
                f"column {self.column!r} writes dates in two orders: {found.day_first!r} has the day first, "
                f"{found.month_first!r} the month; say which rows to trust with --date-order day-first or month-first"
            )
        told = found.closest() if found.short and not (found.dots and found.one_date) else None
        if told is not None and told[0] == "year-first":
            self._order = "year-first"
            return
        self._order = "month-first" if found.month_first else "day-first"
        if found.open and not (found.month_first or found.day_first):
            if found.one_date and not found.dots:
                self._order = "month-first" if found.twelve_hours else "day-first"
            elif not found.dots or found.scattered("day-first", "month-first"):
                self._refuse_open(found.open, "day-first", "month-first")
        if found.short and not found.one_date and told is None:
            self._refuse_open(found.short, self._order, "year-first")

    def _refuse_open(self, text: str, *orders: DateOrder) -> NoReturn:
        first, second = (_day(text, order) for order in orders)
        raise InputError(
            f"column {self.column!r}: {text!r} can be {first} or {second}, and no other value tells which: "
            f"say --date-order {orders[0]} or --date-order {orders[1]}"
        )

    def doubt(self) -> str:
        """In words, how else the one date of all rows could be read; "" where there is one reading or several dates."""
        found = self.orders
        if self._given is not None or not found.one_date or found.dots:
            return ""
        text, others = found.open, [order for order in DATE_ORDERS[:2] if order != self._order]
        if found.short and (told := found.closest()):
            text, others = found.short, [told[1]]
        if not text or not _day(text, others[0]):
            return ""
        return (
            f"all rows are of one date, {text!r}, which is taken as {_day(text, self._order)}; it could be "
            f"{_day(text, others[0])}, which would change nothing but the date (--date-order)"
        )

    def read_all(self, texts: Sequence[str], people: Sequence[int]) -> list[int]:
        """Milliseconds since the epoch of each text, -1 for what is no time of this column.

        ``people`` numbers whose rows they are: within the hour that comes twice, a person's rows before decide.
        """
        heads, tails, read = self._heads, self._tails, self._read
        out = []
        for number, text in enumerate(texts):
            try:
                out.append(heads[text[:17]] + tails[text[17:]])
            except KeyError:
                out.append(
                    read(text.strip(), people[number]) if self._unknown(text) else heads[text[:17]] + tails[text[17:]]
                )
        return out

    def _unknown(self, text: str) -> bool:
        """Whether a text cannot be put together from parts of those that were read; if it can, it is."""
        heads, tails = self._heads, self._tails
        head, tail = text[:17], text[17:]
        if head not in heads:
            day, minute = self._days.get(head[:10]), self._minutes.get(head[10:])
            if day is None or minute is None:
                return True
            self._keep(heads, head, day + minute)
        if tail not in tails:
            second, fraction = _SECONDS.get(tail[:2]), self._fractions.get(tail[2:])
            if second is None or fraction is None:
                return True
            self._keep(tails, tail, second + fraction)
        return False

    @staticmethod
    def _keep(memory: dict[str, int], text: str, ms: int) -> None:
        if len(memory) >= REMEMBERED:
            memory.clear()
        memory[text] = ms

    def read(self, text: str, person: int = 0) -> int:
        """As :meth:`read_all`, of one text."""
        return self.read_all([text], [person])[0]

    def _read(self, text: str, person: int) -> int:
        wall = self._wall(text)
        if wall is None or not (wall.day and wall.clock):
            return -1
        at_ms = self._instant(wall, person)
        if not 0 <= at_ms <= MAX_TIME_MS:
            return -1
        if self._unit is None and _HALVES.match(text):
            self._remember(text, wall, at_ms)
        return at_ms

    def _remember(self, text: str, wall: Wall, at_ms: int) -> None:
        """Keep an ISO time in two halves, the minute and the rest: most rows repeat both."""
        names = wall.zone is not None
        if self._tails_name_zone is None:
            self._tails_name_zone = names
        if names is not self._tails_name_zone or len(text) > 40:
            return
        rest = wall.ms % 60_000
        minute = wall.ms - rest
        if names:
            head, tail = minute, at_ms - minute
        else:
            first, second = (minute, minute) if self._zone is None else instants(minute, self._zone)
            if first != second or (self._zone is not None and at_ms != first + rest):
                return
            head, tail = first, rest
        if names and not isinstance(wall.zone, int):
            return  # the offset of a named zone is not the same in every minute
        keep, whole = self._keep, _SECONDS.get(text[17:19])
        keep(self._heads, text[:17], head)
        keep(self._tails, text[17:], tail)
        if self._zone is None and whole is not None:
            keep(self._days, text[:10], head - head % DAY_MS)
            keep(self._minutes, text[10:17], head % DAY_MS)
            keep(self._fractions, text[19:], tail - whole)

    def _wall(self, text: str) -> Wall | None:
        text = written_out(text) if "e+" in text else text
        if self._unit is not None and NUMBER.fullmatch(text):
            if unit_of(text) != self._unit:
                return None
            if self._unit == "digits":
                return read_digits(text)
            ms = read_number(text, self._unit)
            return Wall(ms, None if self._unit == "days" else 0, clock=not self._whole_days)
        if self._of_day is not None and (wall := self._of_day.read(text, self._order)) is not None:
            return wall
        return read_wall(text, self._order)

    def time_of_day(self, text: str) -> str:
        """A time of day without its date, in hours and minutes where the column counts it otherwise."""
        return text if self._of_day is None else self._of_day.clock(text)

    def _instant(self, wall: Wall, person: int) -> int:
        zone = wall.zone
        if zone is None:
            zone = self._zone or UTC
        elif self._unit is None:
            self.named_zone = True
        if isinstance(zone, int):
            return wall.ms - zone * 1000
        if zone is UTC:
            return wall.ms
        first, second = instants(wall.ms, zone)
        if first == second:
            self.folds.seen(person, first)
            return first
        return self.folds.choose(person, first, second)

    def observe(self, times: Sequence[int]) -> None:
        """Narrow down the resolution by times that were read: full minutes alone tell no seconds."""
        for size in (60_000, 1_000, 100, 10, 1):
            if self._finest <= size:
                return
            if not any(at_ms % size for at_ms in times):
                self._finest = min(self._finest, size)
                return

    def finish(self) -> int:
        """The resolution of what was read, in milliseconds."""
        return max(self.resolution_ms, min(self._finest, 60_000))

    @property
    def form(self) -> str:
        """In words, how the column writes its times."""
        if self._unit is not None:
            return UNIT_WORDS[self._unit]
        found = self.orders
        dates = "year first, or with names"
        if found.day_first or found.month_first or found.open or found.short:
            dates = self._order.replace("-", " ")
        return dates if self._of_day is None else f"{dates}; {WORDS[self._of_day.count]}"

    @property
    def zone(self) -> str:
        """In words, in which zone the times were read."""
        if self._unit not in (None, "days", "digits"):
            return "UTC (epoch)"
        if self.named_zone:
            return "named in the times"
        return str(self._zone) if self._zone is not None else "none named, read as UTC (give --timezone)"


def _same_day(number: str, day: str) -> bool:
    """Whether a number is a time on the day beside it, or on the next to it, as of another zone."""
    unit = unit_of(number)
    wall = None if unit is None else read_digits(number) if unit == "digits" else Wall(read_number(number, unit))
    dates = [wall_of_day(day, order) or read_wall(day, order) for order in DATE_ORDERS]
    return wall is not None and any(one is not None and abs(wall.ms // DAY_MS - one.ms // DAY_MS) <= 1 for one in dates)


def _day(text: str, order: DateOrder) -> str:
    parts = numeric(text)
    day = date_of(parts, order) if parts is not None else None
    return f"{day:%d %B %Y}".lstrip("0") if day is not None else ""
