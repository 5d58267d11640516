"""Evidence on the order of day, month and year in the dates of a column that are written in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Final

from collectors.importers.times.wall import DATE_ORDERS, DateOrder, Numeric, date_of, numeric, weekday

_CLOSER: Final = 2
"""How many times as long a stretch of days must be under one reading as under another for the other to be right: a
year that changes daily stretches it by hundreds."""


class Orders:
    """Gathers what the dates of a column tell of their order.

    A number above 12 is no month, and the name of a weekday fits one reading. Where the year has two digits it may
    stand first as well; then the reading in which the dates lie closer together is taken.
    """

    def __init__(self) -> None:
        self.day_first: str = ""
        """The first text that can only be day first."""
        self.month_first: str = ""
        self.open: str = ""
        """The first text that can be both."""
        self.dots = False
        self.twelve_hours = False
        self.short: str = ""
        """The first text whose year may stand first although nothing shows it; "" as soon as one's cannot."""
        self._never_year_first = False
        self._dashes = False
        self._dates: set[tuple[int, int, int]] = set()
        self._spans: dict[DateOrder, tuple[date, date]] = {}
        self._exist: Counter[DateOrder] = Counter()
        """Dates told that exist in each order."""
        self._told = 0

    def look(self, texts: Iterable[str]) -> None:
        """Take in values of the column."""
        for text in texts:
            parts = numeric(text)
            if parts is not None and not parts.year_first:
                self._add(text, parts)

    def _add(self, text: str, parts: Numeric) -> None:
        if parts[:3] not in self._dates or (weekday(text) is not None and not self.decided):
            self._tell(text, parts)
        if len(self._dates) < 1_000:
            self._dates.add(parts[:3])

    def _tell(self, text: str, parts: Numeric) -> None:
        readings = {order: day for order in DATE_ORDERS if (day := date_of(parts, order)) is not None}
        self._told += 1
        self._exist.update(readings.keys())
        for order, day in readings.items():
            low, high = self._spans.get(order, (day, day))
            self._spans[order] = min(low, day), max(high, day)
        if not (parts.short and "year-first" in readings) or parts.twelve_hours:
            self._never_year_first, self.short = True, ""
        elif not self._never_year_first:
            self.short = self.short or text
            self._dashes = self._dashes or parts.separator == "-"
        named = weekday(text)
        fits = {order for order, day in readings.items() if day.weekday() == named} if named is not None else set()
        day_first, month_first = "day-first" in readings, "month-first" in readings
        if fits and "year-first" not in fits:
            self._never_year_first, self.short = True, ""
        if day_first and month_first and len(fits & {"day-first", "month-first"}) == 1:
            day_first, month_first = "day-first" in fits, "month-first" in fits
        if day_first and not month_first:
            self.day_first = self.day_first or text
        elif month_first and not day_first:
            self.month_first = self.month_first or text
        elif parts.first != parts.second and day_first:
            self.open = self.open or text
            self.dots = self.dots or parts.separator == "."
            self.twelve_hours = self.twelve_hours or parts.twelve_hours

    @property
    def decided(self) -> bool:
        """Whether nothing is left to find out."""
        return bool(self.day_first or self.month_first or not self.open) and not self.short

    @property
    def one_date(self) -> bool:
        """Whether all dates seen are the same, so that their order matters little."""
        return len(self._dates) == 1

    def scattered(self, order: DateOrder, other: DateOrder) -> bool:
        """Whether the dates lie further apart when they are read in ``order`` than in ``other``."""
        return self._days(order) > _CLOSER * max(1, self._days(other))

    def closest(self) -> tuple[DateOrder, DateOrder] | None:
        """Where the year may stand first: the order that the dates tell, and the next likely one; None where none is
        clearly likelier. Of one date the later reading is taken, as logs are of late."""
        likely: DateOrder = "month-first" if self.month_first and not self.day_first else "day-first"
        if not (self.day_first or self.month_first) and self.scattered("day-first", "month-first"):
            likely = "month-first"
        if 2 * self._exist[likely] <= self._told:
            return "year-first", likely
        if self.one_date:
            first, second = self._spans["year-first"][0], self._spans[likely][0]
            year_first = first > second or (self._dashes and first.year == second.year)
            return ("year-first", likely) if year_first else (likely, "year-first")
        if self.scattered(likely, "year-first"):
            return "year-first", likely
        return (likely, "year-first") if self.scattered("year-first", likely) else None

    def _days(self, order: DateOrder) -> int:
        span = self._spans.get(order)
        return (span[1] - span[0]).days if span else 0
