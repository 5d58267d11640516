"""Whether a compacted topic was read in so short a time that no deletion in it can have been missed.

Kafka removes a tombstone once it was kept for ``delete.retention.ms``. Who reads from the beginning to the end in less
has met it, or nothing of its key. Over a longer reading, with an outage or the sleep of the machine in it, an old value
may have been met at the beginning, and the tombstone have gone before its turn came.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from taskstream.topics import Topic

SHARE: Final = 0.5
"""Of the time that tombstones are kept; the rest is for clocks that differ, and for what was under way."""


class WholeReading:
    """A reading that begins now. The wall clock passes while a machine sleeps; the other one cannot be set back."""

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clocks = [(clock, clock()) for clock in (wall, monotonic)]

    def has_all_of(self, topic: Topic) -> bool:
        """Whether what was read from the beginning of ``topic`` until now lacks no deletion."""
        return max(clock() - began for clock, began in self._clocks) * 1000 < SHARE * topic.tombstones_ms
