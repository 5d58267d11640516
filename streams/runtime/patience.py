"""How long something has made no progress, counting only time in which this process ran.

While the machine sleeps, the process is paused or Kafka is away, nothing can make progress, so that time does not
count. Nor does the quiet time before something began to wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Final

STRIDE_S: Final = 5.0
"""What passes between two readings counts up to this (seconds); the worker reads about twenty times a second."""


class AttendedTime:
    """Seconds in which this process ran, and ``counts()`` was true. ``clock`` is monotonic; tests give their own.

    ``now``  the last reading; may be looked at by any thread
    """

    def __init__(self, counts: Callable[[], bool] = lambda: True, clock: Callable[[], float] = time.monotonic) -> None:
        self.now = 0.0
        self._clock = clock
        self._counts = counts
        self._last = clock()

    def read(self) -> float:
        """Attended seconds so far. Call it often: a gap between two calls counts up to :data:`STRIDE_S`."""
        now = self._clock()
        if self._counts():
            self.now += min(max(now - self._last, 0.0), STRIDE_S)
        self._last = now
        return self.now


class Stuck:
    """For how long something has been wanted without progress. Times in attended seconds."""

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
