"""How a busy process treats its memory: few heaps, memory that is kept, and rare looks for reference cycles."""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
"""glibc's names (malloc.h)."""
_LARGEST_MMAP_THRESHOLD: Final = 32 << 20
"""What glibc takes at most."""


def few_arenas() -> None:
    """Let the C library keep two heaps instead of one for each of the many client threads: a fifth less memory."""
    _mallopt(_M_ARENA_MAX, 2)


def keep_freed(limit: int) -> None:
    """Let the C library keep up to ``limit`` freed bytes for the next block instead of giving them back.

    Where blocks of a few megabytes come and go, the kernel's clearing of pages given back and asked for again was a
    third of the CPU.
    """
    _mallopt(_M_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
    _mallopt(_M_TRIM_THRESHOLD, limit)


def rare_collections() -> None:
    """Look for reference cycles rarely: the hot loops make none, and walking a large state again and again doubled the
    cost of an event."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def _mallopt(name: int, value: int) -> None:
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries than glibc have no such settings
        if mallopt is not None:
            mallopt(name, value)
