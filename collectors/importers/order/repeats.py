"""A stretch of a log that its file holds twice, as when exports overlap, is given once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Final

from collectors.importers.order.runs import Row

MIN_TIMES: Final = 20
"""Consecutive times at which every row must occur twice: a recorder may write single rows twice, but not so many."""


class Repeats:
    """Rows by time without the second copies; ``count`` tells how many those were."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.count = 0
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        held: list[list[Row]] = []
        copied = False
        for _, rows in groupby(self._rows, itemgetter(0)):
            group = list(rows)
            if len(group) > 1 and _twice(group):
                held.append(group)
                copied = copied or len(held) >= MIN_TIMES
                if copied:
                    yield from self._once(held)
                    held = []
                continue
            for kept in held:
                yield from kept
            held, copied = [], False
            yield from group
        for kept in held:
            yield from kept

    def _once(self, groups: list[list[Row]]) -> Iterator[Row]:
        for group in groups:
            left = Counter(row[2:] for row in group)
            wanted = {what: (times + 1) // 2 for what, times in left.items()}
            for row in group:
                if wanted[row[2:]]:
                    wanted[row[2:]] -= 1
                    yield row
                else:
                    self.count += 1


def _twice(group: list[Row]) -> bool:
    return all(times % 2 == 0 for times in Counter(row[2:] for row in group).values())
