"""Records of one partition as they travel through Faust: many at a time, and with the offsets that they cover."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from streams.operator import Record

TP = tuple[str, int]

CHUNK_RECORDS: Final = 200
CHUNK_BYTES: Final = 4_000_000


class Chunk(NamedTuple):
    """Records of one partition; together they are all there is at the offsets ``[begin, end)``."""

    begin: int
    end: int
    records: Sequence[Record]
    size: int


def chunks(begin: int, end: int, records: Sequence[Record]) -> list[Chunk]:
    """Cut the records fetched at ``[begin, end)``; the chunks' ranges join without holes."""
    cut: list[Chunk] = []
    part: list[Record] = []
    size = 0
    for record in records:
        part.append(record)
        size += len(record.value or b"") + 200
        if len(part) >= CHUNK_RECORDS or size >= CHUNK_BYTES:
            after = record.offset + 1
            cut.append(Chunk(begin, after, part, size))
            begin, part, size = after, [], 0
    if part or begin < end:
        cut.append(Chunk(begin, max(end, begin), part, size))
    return cut


def in_turn(by_partition: Sequence[tuple[TP, list[Chunk]]]) -> Iterator[tuple[TP, Chunk]]:
    """One chunk of each partition after the other: a long run of one would fill its transaction and leave the others'
    idle."""
    for row in zip_longest(*(parts for _, parts in by_partition)):
        for (tp, _), chunk in zip(by_partition, row, strict=True):
            if chunk is not None:
                yield tp, chunk
