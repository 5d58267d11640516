"""Times of day without a date: the day moves on where they step back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final

from collectors.importers.times.wall import joined, read_wall

BACK_MS: Final = 30 * 60_000
"""A step back of more than this is no row that came late but a new day (milliseconds)."""
_LOOK: Final = 3
"""Rows that must stay behind a step back; where fewer do, they came late."""
_NONE: Final = -1


class DayTurns:
    """Puts dates before times of day, in the order of the file.

    Args:
        day: of the first row.
        grouped: each person's rows stand together, and each begins on ``day`` again.
    """

    def __init__(self, day: str, *, grouped: bool) -> None:
        self.after = ""
        """The time behind which the first new day begins."""
        self.days = 1
        self._first = date.fromisoformat(day)
        self._grouped = grouped
        self._reached: dict[int, tuple[int, int]] = {}
        """Person (0 for all where they are not grouped) → days passed, and the latest time on the last of them."""

    def dated(self, texts: Sequence[str], people: Sequence[int]) -> list[str]:
        """The times with their dates; people number whose they are."""
        clocks = [_clock(text) for text in texts]
        out = []
        for number, (text, clock) in enumerate(zip(texts, clocks, strict=True)):
            whose = people[number] if self._grouped else 0
            passed, latest = self._reached.get(whose, (0, 0))
            if clock != _NONE:
                if clock < latest - BACK_MS and self._stays(clocks, people, number, latest - BACK_MS):
                    self.after = self.after or texts[number - 1 if number else number]
                    passed, latest = passed + 1, clock
                    self.days = max(self.days, passed + 1)
                self._reached[whose] = passed, max(latest, clock)
            out.append(joined(str(self._first + timedelta(days=passed)), text) if text else "")
        return out

    def _stays(self, clocks: Sequence[int], people: Sequence[int], number: int, below: int) -> bool:
        return all(
            clocks[n] < below
            for n in range(number, min(number + _LOOK, len(clocks)))
            if not self._grouped or people[n] == people[number]
        )

    def told(self) -> str:
        """In words, that days were counted on; "" where all rows are of the first."""
        if self.days == 1:
            return ""
        last = self._first + timedelta(days=self.days - 1)
        return (
            f"times of day step back behind {self.after!r}, each time taken as the next day: "
            f"the rows are of {self.days:,} days, {self._first} to {last}"
        )


@lru_cache(maxsize=65_536)
def _clock(text: str) -> int:
    wall = read_wall(text, "day-first")
    return wall.ms if wall is not None and wall.clock and not wall.day else _NONE


def steps_forward(texts: Sequence[str]) -> int:
    """How often times that fall step forward as at the turn of a day."""
    clocks = [clock for text in texts if (clock := _clock(text)) != _NONE]
    return sum(two - one > BACK_MS for one, two in pairwise(clocks))
