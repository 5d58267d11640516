"""Give freed memory back to the operating system."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Return what is freed but held, where the C library can (glibc; elsewhere nothing happens).

    A restore reads a partition's whole state, in threads that each have an arena of their own: without this a worker
    keeps the room of its largest restore for ever, and after each restart it is larger.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
