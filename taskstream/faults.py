"""Where an exception came from, as text that may be logged: its message may hold values, its place cannot."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

FRAMES: Final = 12
"""Innermost frames named at most."""


def place_of(error: BaseException) -> str:
    """The type of ``error``, and file, line and function of each frame, the innermost first; never its message."""
    frames = [
        f"{_short(frame.f_code.co_filename)}:{line} in {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    innermost = frames[: -FRAMES - 1 : -1]
    return f"{type(error).__name__} at {' < '.join(innermost) or 'an unknown place'}"


def _short(filename: str) -> str:
    """The last three parts of a path: enough to find the file, and no folder of this machine."""
    return "/".join(Path(filename).parts[-3:])


class SaidOnce:
    """Faults that were logged already: each place is logged once, and counted from then on. Bounded."""

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._seen: set[str] = set()

    def is_new(self, place: str) -> bool:
        """Whether ``place`` has not been said before; it counts as said from now on."""
        if place in self._seen:
            return False
        if len(self._seen) >= self._most:
            self._seen.clear()
        self._seen.add(place)
        return True
