"""Chooses the people whose steps the catalogue learns from: a few of each tenant at work."""

from __future__ import annotations

import zlib
from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Final

from streams.stages.snapshot_format import Person

PEOPLE: Final = 200
"""People of a tenant whose steps are sampled at a time, in all partitions together."""
MIN_PEOPLE: Final = 8
"""... and at least so many in each partition."""


def share(partitions: int) -> int:
    """People of a tenant that are sampled in one of ``partitions``."""
    return max(MIN_PEOPLE, PEOPLE // max(1, partitions))


class SampledPeople:
    """Those of the lowest numbers among the people of a tenant at work; a person's number is a hash of the pseudonym.

    Who that is follows from who has an agent open, which is part of the partition's state, so nothing of this is
    stored. By tenant, for each learns from its own people: of a small one beside a large one nobody would be chosen.
    """

    def __init__(self) -> None:
        self._ranked: dict[str, list[int]] = {}

    def come(self, person: Person) -> None:
        """The person's first agent is open."""
        insort(self._ranked.setdefault(person[0], []), zlib.crc32(person[1].encode()))

    def go(self, person: Person) -> None:
        """The person's last agent is closed."""
        ranked = self._ranked[person[0]]
        del ranked[bisect_left(ranked, zlib.crc32(person[1].encode()))]
        if not ranked:
            del self._ranked[person[0]]

    def load(self, people: Iterable[Person]) -> None:
        """These are at work."""
        self._ranked = {}
        for tenant, actor in people:
            self._ranked.setdefault(tenant, []).append(zlib.crc32(actor.encode()))
        for ranked in self._ranked.values():
            ranked.sort()

    def holds(self, tenant: str, key: bytes, most: int) -> bool:
        """Whether the person with the pseudonym ``key``, who is at work, is one of the ``most`` chosen."""
        ranked = self._ranked[tenant]
        return len(ranked) <= most or zlib.crc32(key) <= ranked[most - 1]
