"""Sequences that recur but are left out of the list, since nothing is written, copied or completed in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from msgspec import Struct

from streams.discovery.words.labels import object_name, parts, place_name

RECURS: Final = 3
"""What happened less often does not recur."""
SHOWN: Final = 6
"""Steps that name a sequence."""
MAX_ORDERS: Final = 1_000
"""Orders of one sequence's steps that are counted; its name is the most frequent of them."""


class LeftOut(Struct):
    """One such sequence."""

    name: str
    executions: int
    people: int


class _Seen(Struct):
    executions: int
    people: set[str]
    orders: Counter[tuple[str, ...]]


class IdleSequences:
    """Counts them."""

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}

    def add(self, group: int, person: str, steps: Iterable[str]) -> None:
        """Take in an execution by the names of its activities."""
        seen = self._seen.get(group)
        if seen is None:
            seen = self._seen[group] = _Seen(0, set(), Counter())
        seen.executions += 1
        seen.people.add(person)
        order = tuple(name for name, _ in groupby(steps))
        if order in seen.orders or len(seen.orders) < MAX_ORDERS:
            seen.orders[order] += 1

    def told(self, k: int) -> list[LeftOut]:
        """Those that recur and that at least k people do, the most frequent first."""
        found = [
            LeftOut(_name(seen.orders), seen.executions, len(seen.people))
            for seen in self._seen.values()
            if seen.executions >= RECURS and len(seen.people) >= k
        ]
        return sorted(found, key=lambda one: (-one.executions, one.name))


def _name(orders: Counter[tuple[str, ...]]) -> str:
    steps = min(orders, key=lambda order: (-orders[order], order))
    words = [object_name(step) or place_name(parts(step).app, parts(step).screen) for step in steps]
    more = ", …" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more
