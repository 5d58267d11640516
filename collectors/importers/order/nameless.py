"""Rows that name nobody, in a file that is not in the order of time: they belong to the person of the row before."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from collectors.importers.order.runs import Row

NAMELESS: Final = 1 << 31
"""Added to the number of the person whose a row seems to be by its place in the file."""
HELD_ROWS: Final = 20
"""A row that names nobody belongs to whoever held its value at most this many rows before."""


def as_in_file(blocks: Iterable[list[Row]]) -> Iterator[list[Row]]:
    """The rows as the places in the file tell."""
    for block in blocks:
        yield [row if row[2] < NAMELESS else _of(row, row[2] - NAMELESS) for row in block]


def as_by_time(blocks: Iterable[list[Row]]) -> Iterator[list[Row]]:
    """The rows as the order of their times tells: of who held the value just before, else of the row before."""
    last = -1
    held: deque[tuple[int, int]] = deque(maxlen=HELD_ROWS)
    for block in blocks:
        if last < 0:
            last = next((row[2] for row in block if row[2] < NAMELESS), -1)
        out: list[Row] = []
        for row in block:
            digest = row[5]
            if row[2] < NAMELESS:
                last = row[2]
            else:
                holder = next((whose for value, whose in reversed(held) if value == digest), last) if digest else last
                row = _of(row, holder if holder >= 0 else row[2] - NAMELESS)  # noqa: PLW2901 - the same row
            held.append((digest, row[2]))
            out.append(row)
        yield out


def _of(row: Row, person: int) -> Row:
    at_ms, rank, _, template, key, digest, shape = row
    return at_ms, rank, person, template, key, digest, shape
