"""Counting distinct things in bounded memory, independent of order, and so that two counts can be joined."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from statistics import median

from streams.discovery.grouping.hashing import hash64

KEPT = 1_024
SPACE = 1 << 64


STRAY = 0.05
"""What occurs less often than this share of the median is there by mistake: where 5 to 12 people of an office do a task
some hundred times each, one in three tasks was given one or two executions of a further person."""


class Distinct:
    """The k smallest hashes of what was seen (a KMV sketch): exact up to ``KEPT``, beyond within about 3 %.

    Of each thing a hash is kept, and how often it occurred.
    """

    __slots__ = ("_hashes", "_limit", "_overflowed", "_usual")

    def __init__(self, hashes: Iterable[int] = (), counts: Iterable[int] = (), *, overflowed: bool = False) -> None:
        self._hashes = dict(zip_longest(hashes, counts, fillvalue=1))
        self._overflowed = overflowed
        self._limit = max(self._hashes) if overflowed else SPACE
        self._usual = -1  # not known: asked for of every routine at each refinement

    def add(self, item: str) -> None:
        """Take ``item`` into account."""
        self.add_hash(hash64(item))

    def add_hash(self, value: int) -> None:
        """Take the thing with this 64-bit hash into account."""
        self._usual = -1
        known = self._hashes.get(value)
        if known is not None:
            self._hashes[value] = known + 1
        elif value < self._limit:
            self._hashes[value] = 1
            self._shrink()

    def merge(self, other: Distinct) -> None:
        """Take everything into account that ``other`` has seen."""
        self._usual = -1
        self._overflowed |= other._overflowed
        self._limit = min(self._limit, other._limit)
        for value, count in other._hashes.items():
            self._hashes[value] = self._hashes.get(value, 0) + count
        self._hashes = {value: count for value, count in self._hashes.items() if value <= self._limit}
        self._shrink()

    def _shrink(self) -> None:
        while len(self._hashes) > KEPT:
            del self._hashes[max(self._hashes)]
            self._overflowed = True
        if self._overflowed:
            self._limit = max(self._hashes)

    def __len__(self) -> int:
        """How many distinct things were seen."""
        return self._scaled(len(self._hashes))

    def usual(self) -> int:
        """How many of them were seen more than by mistake; see :data:`STRAY`."""
        if self._usual < 0:
            least = STRAY * median(self._hashes.values()) if self._hashes else 0
            self._usual = self._scaled(sum([count >= least for count in self._hashes.values()]))
        return self._usual

    def _scaled(self, count: int) -> int:
        return round((count - 1) * SPACE / self._limit) if self._overflowed else count

    def dump(self) -> tuple[tuple[int, ...], bool]:
        """The state, for a checkpoint; ``Distinct(hashes, counts, overflowed=...)`` takes it back."""
        return tuple(sorted(self._hashes)), self._overflowed

    def counts(self) -> tuple[int, ...]:
        """How often each of the hashes of :meth:`dump` occurred."""
        return tuple([count for _, count in sorted(self._hashes.items())])
