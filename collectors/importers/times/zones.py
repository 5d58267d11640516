"""Time zones: by name, by abbreviation where it means one zone, and the hour that comes twice in autumn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from taskstream.errors import UsageError

_HOUR: Final = 3600
OFFSETS: Final[dict[str, int]] = {
    "UTC": 0, "GMT": 0, "UT": 0, "WET": 0, "WEST": _HOUR, "CET": _HOUR, "MEZ": _HOUR, "CEST": 2 * _HOUR,
    "MESZ": 2 * _HOUR, "EET": 2 * _HOUR, "EEST": 3 * _HOUR, "MSK": 3 * _HOUR, "EST": -5 * _HOUR, "EDT": -4 * _HOUR,
    "CST": -6 * _HOUR, "CDT": -5 * _HOUR, "MST": -7 * _HOUR, "MDT": -6 * _HOUR, "PST": -8 * _HOUR, "PDT": -7 * _HOUR,
    "JST": 9 * _HOUR, "AEST": 10 * _HOUR, "AEDT": 11 * _HOUR, "NZST": 12 * _HOUR, "NZDT": 13 * _HOUR,
}  # fmt: skip
"""Abbreviation → seconds east of UTC. The American ones are those of RFC 5322 (section 4.3); abbreviations that several
zones use (IST, BST) are left out: a time with one of them is refused."""

LATE_MS: Final = 5 * 60_000
"""Rows are late by at most this; a longer step back within the repeated hour begins its second pass (milliseconds)."""


@lru_cache(maxsize=64)
def zone_named(name: str) -> tzinfo | None:
    """The zone of the IANA database with this name, or None."""
    if "/" not in name and name != "UTC":
        return None
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_given(name: str) -> tzinfo:
    """The zone a user names.

    Raises:
        UsageError: there is no such zone.
    """
    zone = zone_named(name)
    if zone is None:
        raise UsageError(f"there is no time zone {name!r}: give a name such as Europe/Berlin, America/New_York or UTC")
    return zone


def instants(wall_ms: int, zone: tzinfo) -> tuple[int, int]:
    """The moments (ms since the epoch) at which clocks of ``zone`` show ``wall_ms``: twice the same, or first and
    second pass of the hour that comes twice. A time that clocks leap over in spring is moved on by the leap."""
    wall = datetime(1970, 1, 1) + timedelta(milliseconds=wall_ms)
    offsets = [wall.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
    first, second = (wall_ms - round(offset.total_seconds() * 1000) for offset in offsets)
    return (first, second) if first <= second else (first, first)


class Folds:
    """Chooses between the two passes of an hour by the order of a person's rows in the file."""

    def __init__(self, direction: int) -> None:
        self.direction = direction
        """1: times rise in the file, -1: they fall, 0: neither, and then the first pass is taken."""
        self.doubtful = 0
        """Rows of such an hour that were taken as the first pass because the file is in no order."""
        self.second = 0
        """Rows taken as of the second pass."""
        self._last: dict[int, int] = {}

    def seen(self, person: int, at_ms: int) -> None:
        """Remember a row whose time is certain."""
        self._last[person] = at_ms

    def choose(self, person: int, first: int, second: int) -> int:
        """The pass that continues what the person did before."""
        last = self._last.get(person)
        if self.direction == 0:
            self.doubtful += 1
            return first
        if self.direction > 0:
            chosen = second if last is not None and first < last - LATE_MS else first
        else:
            chosen = first if last is not None and second > last + LATE_MS else second
        self._last[person] = chosen
        self.second += chosen == second
        return chosen
