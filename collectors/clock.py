"""The desktop's clock: wall time that is never set back, and how long something took, sleep included."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

_NS: Final = 1_000_000


class SteadyClock:
    """Wall time where it goes forward, and the time that passed where it was set back.

    If a wall clock is set back by an hour, an hour of events would get the same time, and every timer would stop for as
    long. This clock goes on. The streams see from the hand-over time how far it is ahead, and correct it. A jump
    forward, as after sleep, is followed.
    """

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, steady_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._wall_ns = wall_ns
        self._steady_ns = steady_ns
        self._steady = steady_ns()
        self._now = wall_ns()
        self._lock = threading.Lock()

    def now_ms(self) -> int:
        """Milliseconds since the epoch; never less than before. Safe from any thread."""
        with self._lock:
            steady = self._steady_ns()
            self._now = max(self._now + steady - self._steady, self._wall_ns())
            self._steady = steady
            return self._now // _NS


class Stopwatch:
    """Seconds since it was made, by whichever of the two clocks went on further.

    The steady clock stands still while the machine sleeps, and the wall clock may be set back.
    """

    __slots__ = ("_steady_s", "_wall_s")

    def __init__(self) -> None:
        self._wall_s = time.time()
        self._steady_s = time.monotonic()

    @property
    def passed_s(self) -> float:
        """Seconds that have passed."""
        return max(time.time() - self._wall_s, time.monotonic() - self._steady_s)


_CLOCK: Final = SteadyClock()


def now_ms() -> int:
    """This process's clock, in milliseconds since the epoch."""
    return _CLOCK.now_ms()
