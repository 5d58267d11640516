"""Memory of a busy process: few malloc arenas, rare garbage collection, freed memory given back; how much there is."""

from __future__ import annotations

import ctypes
import gc
import sys
from pathlib import Path
from typing import Final

import psutil

_M_ARENA_MAX: Final = -8
"""glibc's name (malloc.h)."""
HEAPS: Final = 8
_LIMITS: Final = ("memory.max", "memory/memory.limit_in_bytes")
"""Where Linux tells what the process's container may take, in version 2 and 1 of control groups."""


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


def give_back() -> None:
    """Return memory that is freed but held to the operating system, where the C library can (glibc).

    Threads have heaps of their own: without this a worker keeps for ever what a restore or a catch-up needed for a
    moment, and is larger after each restart.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def machine_mb(groups: Path = Path("/sys/fs/cgroup")) -> int:
    """Memory that this process may take at most (MB): the machine's, or what its container is allowed."""
    found = [psutil.virtual_memory().total]
    for name in _LIMITS:
        try:
            told = (groups / name).read_text().strip()
        except OSError:
            continue
        if told.isdigit():
            found.append(int(told))
    return min(found) >> 20


def _mallopt(name: int, value: int) -> None:
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries than glibc have no such settings
        if mallopt is not None:
            mallopt(name, value)
