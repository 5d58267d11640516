"""Memory settings of a busy process: few malloc arenas, rare garbage collection."""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import Final

_M_ARENA_MAX: Final = -8
"""glibc's name (malloc.h)."""
HEAPS: Final = 8


def few_arenas() -> None:
    """Let the C library keep a few heaps instead of one for each of the many client threads.

    Fewer take less memory (two: a fifth less), but then the threads wait for each other: 5 % of a worker's rate.
    """
    _mallopt(_M_ARENA_MAX, HEAPS)


def rare_collections() -> None:
    """Collect garbage rarely: the hot loops make no reference cycles, and scanning a large state again and again
    doubled the cost of an event."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def _mallopt(name: int, value: int) -> None:
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries than glibc have no such settings
        if mallopt is not None:
            mallopt(name, value)
