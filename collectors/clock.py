"""The desktop's clock."""

from __future__ import annotations

import time


def now_ms() -> int:
    """This machine's wall clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
