"""Counting distinct things in bounded memory, independent of order, and so that two counts can be joined."""

from __future__ import annotations

from collections.abc import Iterable

from streams.discovery.grouping.hashing import hash64

KEPT = 1_024
SPACE = 1 << 64


class Distinct:
    """The k smallest hashes of what was seen (a KMV sketch): exact up to ``KEPT``, beyond within about 3 %.

    Only hashes are kept, so that nobody can be read out of it.
    """

    __slots__ = ("_hashes", "_limit", "_overflowed")

    def __init__(self, hashes: Iterable[int] = (), *, overflowed: bool = False) -> None:
        self._hashes = set(hashes)
        self._overflowed = overflowed
        self._limit = max(self._hashes) if overflowed else SPACE

    def add(self, item: str) -> None:
        """Take ``item`` into account."""
        self.add_hash(hash64(item))

    def add_hash(self, value: int) -> None:
        """Take the thing with this 64-bit hash into account."""
        if value in self._hashes or value >= self._limit:
            return
        self._hashes.add(value)
        if len(self._hashes) > KEPT:
            self._hashes.discard(max(self._hashes))
            self._limit = max(self._hashes)
            self._overflowed = True

    def merge(self, other: Distinct) -> None:
        """Take everything into account that ``other`` has seen."""
        if other._overflowed:
            self._overflowed = True
            self._limit = min(self._limit, other._limit)
            self._hashes = {value for value in self._hashes if value <= self._limit}
        for value in sorted(other._hashes):
            if value <= self._limit:
                self._hashes.add(value)
        while len(self._hashes) > KEPT:
            self._hashes.discard(max(self._hashes))
            self._overflowed = True
        if self._overflowed:
            self._limit = max(self._hashes)

    def __len__(self) -> int:
        """How many distinct things were seen."""
        if not self._overflowed:
            return len(self._hashes)
        return round((len(self._hashes) - 1) * SPACE / self._limit)

    def dump(self) -> tuple[tuple[int, ...], bool]:
        """The state, for a checkpoint; ``Distinct(hashes, overflowed=...)`` takes it back."""
        return tuple(sorted(self._hashes)), self._overflowed
