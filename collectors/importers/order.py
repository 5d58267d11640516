"""The order of a log's rows: recorders write some rows late, and some logs' times cannot be trusted at all."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Final, NamedTuple

from collectors.importers.vocabulary import Fields

WINDOW: Final = 10_000
"""Rows that are held back at most to put late ones in their place."""
JUMP_MS: Final = 60_000
"""A step back by more than this is not a row written late but a wrong time."""
MAX_JUMPS: Final = 0.05
"""Share of steps back beyond which a log's times are not used to order it."""
MAX_GAP_MS: Final = 600_000
"""Longest gap that is believed of such a log."""


class Row(NamedTuple):
    """A row of a log at its 0-based position in the file; ``at_ms`` is None where the row names no valid time."""

    position: int
    at_ms: int | None
    fields: Fields


class Timed(NamedTuple):
    """A row with the time it gets."""

    at_ms: int
    position: int
    fields: Fields


def in_order(rows: Iterator[Row]) -> Iterator[Timed]:
    """The rows in the order of their times, or of the file where its times run wild (they are then mended).

    Reads ahead by at most :data:`WINDOW` rows. Rows without a time get that of the row before.
    """
    head = list(islice(rows, WINDOW))
    times = [row.at_ms for row in head if row.at_ms is not None]
    jumps = sum(b < a - JUMP_MS for a, b in pairwise(times))
    if jumps > MAX_JUMPS * len(times):
        yield from _mended(head, rows)
    else:
        yield from _sorted(head, rows)


def _sorted(head: list[Row], rest: Iterator[Row]) -> Iterator[Timed]:
    last = 0
    heap: list[Timed] = []
    for row in head:
        last = last if row.at_ms is None else row.at_ms
        heap.append(Timed(last, row.position, row.fields))
    head.clear()
    heapq.heapify(heap)
    for row in rest:
        last = last if row.at_ms is None else row.at_ms
        yield heapq.heappushpop(heap, Timed(last, row.position, row.fields))
    while heap:
        yield heapq.heappop(heap)


def _mended(head: list[Row], rest: Iterator[Row]) -> Iterator[Timed]:
    """File order; a step back counts as no time, a step forward of more than MAX_GAP_MS as none either."""
    now = 0
    before: int | None = None
    for rows in (iter(head), rest):
        for row in rows:
            if row.at_ms is not None:
                if before is None:
                    now = row.at_ms
                elif 0 < row.at_ms - before <= MAX_GAP_MS:
                    now += row.at_ms - before
                before = row.at_ms
            yield Timed(now, row.position, row.fields)
