"""A stretch of a log that its file holds twice, as when exports overlap, is given once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Final

import numpy as np

from collectors.importers.order.runs import Row

MIN_TIMES: Final = 20
"""Consecutive times at which every row must occur twice: a recorder may write single rows twice, but not so many."""


class Repeats:
    """Rows by time without the second copies; ``count`` tells how many those were.

    A time that one row alone has ends any stretch of copies. Most rows are such, and between two of them that are near
    each other nothing needs to be looked at.
    """

    def __init__(self, blocks: Iterable[list[Row]]) -> None:
        self.count = 0
        self._blocks = blocks
        self._held: list[list[Row]] = []
        self._copied = False

    def __iter__(self) -> Iterator[Row]:
        rest: list[Row] = []
        for block in self._blocks:
            rows = rest + block
            times = np.fromiter((row[0] for row in rows), np.int64, len(rows))
            begins = np.flatnonzero(np.diff(times, prepend=times[0] - 1))
            last = int(begins[-1])  # its time may go on in the next block
            rest = rows[last:]
            alone = begins[:-1][np.diff(begins) == 1]
            if not len(alone):
                yield from self._looked_at(rows[:last])
                continue
            first, final = int(alone[0]) + 1, int(alone[-1]) + 1
            yield from self._looked_at(rows[:first])
            stretches = np.diff(np.searchsorted(begins, alone)) - 1
            near = not len(stretches) or int(stretches.max()) < MIN_TIMES
            yield from rows[first:final] if near else self._looked_at(rows[first:final])
            yield from self._looked_at(rows[final:last])
        yield from self._looked_at(rest)
        yield from self._given_up()

    def _looked_at(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Whole times, one after the other."""
        held = self._held
        for _, same in groupby(rows, itemgetter(0)):
            group = list(same)
            if len(group) > 1 and _twice(group):
                held.append(group)
                self._copied = self._copied or len(held) >= MIN_TIMES
                if self._copied:
                    yield from self._once(held)
                    held.clear()
                continue
            yield from self._given_up()
            yield from group

    def _given_up(self) -> Iterator[Row]:
        """What was held for a stretch that did not become long enough."""
        for group in self._held:
            yield from group
        self._held.clear()
        self._copied = False

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
