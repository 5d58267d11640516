"""How long executions take: medians with intervals that do not assume a distribution. All times in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, comb

from streams.discovery.grouping.execution import Execution

IDLE_LIMITS_MS = (30_000, 60_000, 180_000)
"""Gaps up to these count as active time when the sensitivity to the idle limit is shown."""


def quantile(values: Sequence[int], share: float) -> int:
    """The smallest value that at least ``share`` of ``values`` do not exceed; 0 without values."""
    if not values:
        return 0
    ranked = sorted(values)
    return ranked[max(0, ceil(share * len(ranked)) - 1)]


def median(values: Sequence[int]) -> int:
    """The middle value, or the mean of the two in the middle; 0 without values."""
    if not values:
        return 0
    ranked = sorted(values)
    middle = len(ranked) // 2
    return ranked[middle] if len(ranked) % 2 else (ranked[middle - 1] + ranked[middle]) // 2


@lru_cache(maxsize=1024)
def _rank(n: int, confidence: float) -> int:
    """0-based rank d such that the d-th smallest and largest of ``n`` values enclose the median that surely."""
    tail, chance = 0.0, 2.0**-n if n < 1000 else 0.0
    if not chance:
        raise ValueError(f"samples hold at most 999 values, not {n}")
    for d in range(n // 2 + 1):
        tail += comb(n, d) * chance
        if 2 * tail > 1 - confidence:
            return max(0, d - 1)
    return 0


def median_interval(values: Sequence[int], confidence: float = 0.95) -> tuple[int, int]:
    """Binomial interval of the median: the order statistics that enclose it with at least ``confidence``.

    With fewer than six values no two of them do at 95 %: the smallest and largest are the honest answer.
    """
    if not values:
        return 0, 0
    ranked = sorted(values)
    rank = _rank(len(ranked), confidence)
    return ranked[rank], ranked[len(ranked) - 1 - rank]


def active_at(execution: Execution, idle_ms: int) -> int:
    """Active time of an execution if gaps between its steps counted up to ``idle_ms``."""
    offsets = execution.step_offsets()
    elapsed = execution.end_ms - execution.start_ms
    ends = [*offsets[1:], max(elapsed, offsets[-1])] if len(offsets) else []
    return sum([min(max(end - start, 0), idle_ms) for start, end in zip(offsets, ends, strict=True)])
