"""Writes and reads cells keyed by tuples in snapshots, in chunks below Kafka's bound on a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from streams.stages.actor_parts import parts
from streams.stages.window import Cell, Key
from taskstream.records import MOST, Int

CHUNK_BYTES: Final = 300_000
"""A chunk that has so many is full; a row takes at most as many and its key. Names may be long, so they are counted."""
CHUNK_ACTORS: Final = 10_000
"""People in one row at most."""

_encoder = msgspec.msgpack.Encoder()
K = TypeVar("K")
PLAIN = msgspec.msgpack.Decoder(list[tuple[Key, Int, Int, list[str]]])
"""Reads chunks of cells by :data:`~streams.stages.window.Key`."""
DATED = msgspec.msgpack.Decoder(list[tuple[tuple[Int, str, str, str, str], Int, Int, list[str]]])
"""Reads chunks of cells by :data:`~streams.stages.window.LateKey`."""


def dump(cells: Mapping[Any, Cell]) -> list[bytes]:
    """The cells in order, as chunks; a cell of very many actors is split and put together again after :func:`load`."""
    chunks: list[bytes] = []
    rows: list[msgspec.Raw] = []
    room = CHUNK_BYTES
    for key, cell in cells.items():
        events, active_ms = cell.events, cell.active_ms
        for part, _ in parts(sorted(cell.actors), CHUNK_ACTORS, CHUNK_BYTES, _in_msgpack):
            row = _encoder.encode((key, events, active_ms, part))
            rows.append(msgspec.Raw(row))
            events = active_ms = 0
            room -= len(row)
            if room <= 0:
                chunks.append(_encoder.encode(rows))
                rows, room = [], CHUNK_BYTES
    if rows:
        chunks.append(_encoder.encode(rows))
    return chunks


def _in_msgpack(name: str) -> int:
    return len(name.encode()) + 5


def load(chunk: bytes, decoder: msgspec.msgpack.Decoder[list[tuple[K, int, int, list[str]]]]) -> list[tuple[K, Cell]]:
    """The cells of a chunk with their keys; the parts of a split cell are to be added up.

    Raises:
        ValueError, RecursionError: it is no such chunk.
    """
    return [(key, Cell(events, active_ms, set(actors))) for key, events, active_ms, actors in decoder.decode(chunk)]


def window_of(name: str, chunks: Mapping[int, int] | None) -> int:
    """The window in the name ``number:index`` of a chunk. ``chunks``: how many of each window the snapshot has stored;
    None: not known.

    Raises:
        ValueError: it is no such name, or of none of those chunks: none of ours wrote it with the snapshot.
    """
    number, _, index = name.partition(":")
    if not index.isdecimal() or abs(window := int(number)) > MOST or number != str(window):
        raise ValueError("no name of a window")
    if chunks is not None:
        check_index(index, chunks.get(window, 0))
    return window


def check_index(index: str, count: int) -> None:
    """Refuse what is none of the ``count`` chunks that the snapshot has stored under a name.

    Raises:
        ValueError: it is none of them.
    """
    if not index.isdecimal() or int(index) >= count or index != str(int(index)):
        raise ValueError("the snapshot has stored no such item")


def replaced(name: str, chunks: list[bytes], before: int) -> list[tuple[str, bytes | None]]:
    """Items for ``chunks``, and deletions for the further ones that were stored ``before``."""
    items: list[tuple[str, bytes | None]] = [(f"{name}:{index}", chunk) for index, chunk in enumerate(chunks)]
    return items + [(f"{name}:{index}", None) for index in range(len(chunks), before)]


def add(total: Cell, cell: Cell) -> None:
    """Add ``cell`` to ``total``; counts stay within :data:`MOST`, since snapshots hold 64 bits.

    Nobody's work is so much; a foreign writer's may be.
    """
    total.events = max(-MOST, min(MOST, total.events + cell.events))
    total.active_ms = max(-MOST, min(MOST, total.active_ms + cell.active_ms))
    total.actors |= cell.actors
