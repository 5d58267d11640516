"""The callback by which long-running work reports its progress."""

from __future__ import annotations

from collections.abc import Callable

# (what is being done, units done, units in all; 0 in all: unknown)
Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Reports to nobody."""
    del what, done, total
