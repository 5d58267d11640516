"""Keeps the file's order where a log's times cannot be trusted: impossible steps between times count as none."""

from __future__ import annotations

from typing import Final

MAX_GAP_MS: Final = 600_000
"""Longest gap between two rows of such a log that counts (milliseconds)."""


class Mended:
    """Row by row: a step back counts as no time, a step forward of more than MAX_GAP_MS as none either."""

    def __init__(self) -> None:
        self._now = 0
        self._before: int | None = None

    def time(self, at_ms: int) -> int:
        """The mended time of the next row; ``at_ms`` is -1 where it has none."""
        if at_ms >= 0:
            if self._before is None:
                self._now = at_ms
            elif 0 < at_ms - self._before <= MAX_GAP_MS:
                self._now += at_ms - self._before
            self._before = at_ms
        return self._now
