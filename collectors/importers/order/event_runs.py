"""Events of our own logs put in the order of time whatever their order in the file; on disk beyond a bound."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from typing import IO, Final, NamedTuple

import msgspec

from taskstream.events import UiEvent

RUN: Final = 100_000
"""Events sorted at a time, about 600 bytes each."""
_BLOCK: Final = 1_000


class Placed(NamedTuple):
    """An event with its position in the file and the number of its person."""

    at_ms: int
    position: int
    person: int
    event: UiEvent


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[tuple[int, int, int, UiEvent]])


class EventRuns:
    """Takes events in any order and gives them back by time, equal times in the order of the file."""

    def __init__(self) -> None:
        self._held: list[Placed] = []
        self._file: IO[bytes] | None = None
        self._runs: list[list[tuple[int, int]]] = []

    def add(self, placed: Placed) -> None:
        """Take in an event."""
        self._held.append(placed)
        if len(self._held) >= RUN:
            self._cut()

    def _cut(self) -> None:
        self._held.sort(key=_place)
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._file.seek(0, 2)
        blocks = []
        for start in range(0, len(self._held), _BLOCK):
            offset = self._file.tell()
            blocks.append((offset, self._file.write(_encoder.encode(self._held[start : start + _BLOCK]))))
        self._runs.append(blocks)
        self._held = []

    def __iter__(self) -> Iterator[Placed]:
        """The events by time."""
        self._held.sort(key=_place)
        if not self._runs:
            return iter(self._held)
        return heapq.merge(*(self._read(blocks) for blocks in self._runs), self._held, key=_place)

    def _read(self, blocks: list[tuple[int, int]]) -> Iterator[Placed]:
        for offset, size in blocks:
            assert self._file is not None
            self._file.seek(offset)
            for placed in _decoder.decode(self._file.read(size)):
                yield Placed(*placed)

    def close(self) -> None:
        """Free the temporary file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _place(placed: Placed) -> tuple[int, int]:
    return placed.at_ms, placed.position
