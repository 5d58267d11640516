"""Rows put in the order of time whatever their order in the file: sorted runs in columns, on disk beyond a bound."""

from __future__ import annotations

import heapq
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import IO, Final, cast

import numpy as np

RUN: Final = 1 << 18
"""Rows sorted at a time; 42 bytes each. A log of more rows than this waits in an unlinked temporary file."""
_BLOCK: Final = 1 << 13
"""Rows of a run read back at a time."""
_TYPES: Final = ("q", "q", "I", "I", "Q", "Q", "H")


Row = tuple[int, int, int, int, int, int, int]
"""A row by numbers: time, position in the file (negative where the file runs backwards), person, template, digest of
the business key on its screen, and the digest and shape of its value."""


class Runs:
    """Takes rows in any order and gives them back by time, equal times in the order of the file."""

    def __init__(self, *, sort: bool = True, backwards: bool = False) -> None:
        self._sort = sort
        self._backwards = backwards
        """Whether the file runs backwards: of equal times the last in the file comes first."""
        self._file: IO[bytes] | None = None
        self._runs: list[tuple[int, int, int, int]] = []  # offset, rows, first time, last time
        self.rows = 0
        """Rows taken in."""
        self._columns = _empty()

    def add(
        self,
        times: Sequence[int],
        ranks: Sequence[int],
        people: Sequence[int],
        named: Sequence[tuple[int, int]],
        values: Sequence[tuple[int, int]],
    ) -> None:
        """Take in some rows; ``named`` are template and digest of the business key, ``values`` digest and shape."""
        if not times:
            return
        templates, objects = zip(*named, strict=True)
        digests, shapes = zip(*values, strict=True)
        columns = times, ranks, people, templates, objects, digests, shapes
        for column, more in zip(self._columns, columns, strict=True):
            column.extend(more)
        self.rows += len(times)
        if len(self._columns[0]) >= RUN:
            self._cut()

    def _cut(self) -> None:
        columns = self._in_order()
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._file.seek(0, 2)
        offset = self._file.tell()
        for column in columns:
            column.tofile(self._file)
        self._runs.append((offset, len(columns[0]), columns[0][0], columns[0][-1]))
        self._columns = _empty()

    def _in_order(self) -> tuple[array[int], ...]:
        columns = self._columns
        at_ms = np.frombuffer(columns[0], np.int64) if columns[0] else np.zeros(0, np.int64)
        if not self._sort or (not self._backwards and bool((at_ms[1:] >= at_ms[:-1]).all())):
            return columns
        order = np.lexsort((np.frombuffer(columns[1], np.int64), at_ms))
        return tuple(
            array(column.typecode, np.frombuffer(column, column.typecode)[order].tobytes()) for column in columns
        )

    def __iter__(self) -> Iterator[list[Row]]:
        """The rows by time, many at a time; none can be added any more."""
        if self._runs and self._columns[0]:
            self._cut()
        if not self._runs:
            columns = self._in_order()
            for start in range(0, len(columns[0]), _BLOCK):
                yield _rows([column[start : start + _BLOCK] for column in columns])
            return
        runs = self._runs[::-1] if self._backwards else self._runs
        if not self._sort or all(a[3] <= b[2] for a, b in pairwise(runs)):
            for run in runs:
                yield from self._read(run)
        else:
            merged = heapq.merge(*(chain.from_iterable(self._read(run)) for run in runs))
            while block := list(islice(merged, _BLOCK)):
                yield block

    def _read(self, run: tuple[int, int, int, int]) -> Iterator[list[Row]]:
        offset, rows = run[:2]
        assert self._file is not None
        for start in range(0, rows, _BLOCK):
            many = min(_BLOCK, rows - start)
            columns: list[array[int]] = []
            at = offset
            for typecode in _TYPES:
                column = array(typecode)
                self._file.seek(at + start * column.itemsize)
                column.fromfile(self._file, many)
                columns.append(column)
                at += rows * column.itemsize
            yield _rows(columns)

    def close(self) -> None:
        """Free the temporary file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _rows(columns: Sequence[array[int]]) -> list[Row]:
    return cast(list[Row], list(zip(*(column.tolist() for column in columns), strict=True)))


def _empty() -> tuple[array[int], ...]:
    return tuple(array(typecode) for typecode in _TYPES)
