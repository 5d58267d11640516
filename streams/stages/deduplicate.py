"""Lets each ``(agent, seq)`` through once. State: the next number expected, and the numbers that are missing."""

from __future__ import annotations

from msgspec import Struct

MAX_HOLES = 16
"""Ranges of missing numbers remembered for an agent, in which late batches are still let in."""


class Admitted(Struct, frozen=True):
    """What of a batch is new. ``ranges``: indexes ``[start, end)`` into it; ``missing``: ``[first, last]`` or None."""

    ranges: tuple[tuple[int, int], ...]
    duplicates: int
    missing: tuple[int, int] | None


class Numbering(Struct, array_like=True):
    """Sequence numbers of one agent. ``next_seq`` −1: nothing seen; its first batch sets it without counting a gap."""

    next_seq: int = -1
    holes: list[tuple[int, int]] = []

    def admit(self, first: int, count: int) -> Admitted:
        """Take ``count`` numbers from ``first`` on; says which of them are new, and marks them seen."""
        end = first + count
        ranges: list[tuple[int, int]] = []
        missing: tuple[int, int] | None = None
        if self.next_seq < 0:
            self.next_seq = first
        if self.holes and first < self.next_seq:
            self._fill(first, end, ranges)
        if first > self.next_seq:
            missing = (self.next_seq, first - 1)
            self.holes = [*self.holes, missing][-MAX_HOLES:]
        start = max(first, self.next_seq)
        if start < end:
            ranges.append((start - first, end - first))
            self.next_seq = end
        fresh = sum(b - a for a, b in ranges)
        return Admitted(tuple(ranges), count - fresh, missing)

    def _fill(self, first: int, end: int, ranges: list[tuple[int, int]]) -> None:
        left: list[tuple[int, int]] = []
        for low, high in self.holes:
            a, b = max(low, first), min(high + 1, end)
            if a >= b:
                left.append((low, high))
                continue
            ranges.append((a - first, b - first))
            if low < a:
                left.append((low, a - 1))
            if b <= high:
                left.append((b, high))
        self.holes = left[-MAX_HOLES:]
