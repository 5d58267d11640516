"""What is being waited for, and for how long. Written by those who wait, read by the display, in any thread."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator


class Waits:
    """The parts that are waited for, in the order in which the waiting began."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._since_s: dict[str, float] = {}

    @contextlib.contextmanager
    def on(self, part: str) -> Iterator[None]:
        """Within the block ``part`` is waited for."""
        self._since_s[part] = self._clock_s()
        try:
            yield
        finally:
            self._since_s.pop(part, None)  # a start and the stop that ends it may wait for the same part

    def seconds(self) -> dict[str, float]:
        """Each part, and how many seconds it has been waited for."""
        now_s = self._clock_s()
        return {part: now_s - since_s for part, since_s in self._since_s.copy().items()}
