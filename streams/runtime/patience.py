"""How long something has not moved, in time during which this process ran.

A machine that sleeps, a paused process and a long garbage collection are no reason to give up: nobody could have made
progress in them. And what begins to wait now has waited for no time, however long it was quiet before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Final

STRIDE_S: Final = 5.0
"""What passes between two readings counts up to this (seconds); the worker reads about twenty times a second."""


class AttendedTime:
    """Seconds in which this process ran. ``clock`` is a monotonic clock; tests give their own."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._attended = 0.0

    def read(self) -> float:
        """Attended seconds so far. Call it often: a gap between two calls counts up to :data:`STRIDE_S`."""
        now = self._clock()
        self._attended += min(max(now - self._last, 0.0), STRIDE_S)
        self._last = now
        return self._attended


class Stuck:
    """For how long something is wanted and has not moved. Times in attended seconds."""

    def __init__(self) -> None:
        self._mark: Hashable = None
        self._since = 0.0

    def seconds(self, wanted: bool, mark: Hashable, now: float) -> float:
        """Seconds since something is wanted, or since ``mark`` (not None) last changed, whichever is less."""
        if not wanted:
            self._mark = None
            return 0.0
        if mark != self._mark:
            self._mark, self._since = mark, now
        return now - self._since
