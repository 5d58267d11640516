"""Values larger than a topic takes, cut into pieces on the way into a compacted topic and put together on the way out.

A value that fits is stored as it is. Of a larger one the first piece stands under the value's own key and says how many
there are; the others stand under keys made from it. All are written in one transaction, so that a reader of committed
records finds pieces of one version alone. When a value shrinks, pieces beyond its count stay behind until it grows
again: they are no part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from taskstream.errors import InputError

MARK: Final = b"\xc1"
"""First byte of a value in pieces: msgpack never uses it, and zlib and JSON do not begin with it."""
BETWEEN: Final = "\x1e"
"""Stands between a value's key and the number of a further piece."""
MAX_PIECES: Final = 0xFFFF
HEAD: Final = len(MARK) + 2


def split(key: str, value: bytes | None, bound: int) -> Iterator[tuple[str, bytes | None]]:
    """The items to write for ``value``, each of at most ``bound`` bytes of value; None deletes.

    Raises:
        InputError: the value has no place even in the largest number of pieces, or begins like a value in pieces.
    """
    if value is None or len(value) <= bound:
        if value is not None and value.startswith(MARK):
            raise InputError(f"item {key!r} begins like a value in pieces")
        yield key, value
        return
    room = bound - HEAD
    count = -(-len(value) // room)
    if count > MAX_PIECES:
        raise InputError(f"item {key!r} has {len(value)} bytes: more than {MAX_PIECES} pieces of {bound}")
    yield key, MARK + count.to_bytes(2, "big") + value[:room]
    for number in range(1, count):
        yield f"{key}{BETWEEN}{number}", value[number * room : (number + 1) * room]


def join(items: Mapping[str, bytes]) -> dict[str, bytes]:
    """The values whose items :func:`split` made, as the latest record of each key says.

    Raises:
        InputError: a piece is missing.
    """
    joined: dict[str, bytes] = {}
    for key, value in items.items():
        if BETWEEN in key:
            continue
        if not value.startswith(MARK):
            joined[key] = value
            continue
        count = int.from_bytes(value[len(MARK) : HEAD], "big")
        parts = [value[HEAD:]]
        for number in range(1, count):
            part = items.get(f"{key}{BETWEEN}{number}")
            if part is None:
                raise InputError(f"item {key!r} lacks piece {number} of {count}")
            parts.append(part)
        joined[key] = b"".join(parts)
    return joined
