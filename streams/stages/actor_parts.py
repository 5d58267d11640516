"""Cuts the people of a cell into parts that fit into a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence


def parts(
    people: Sequence[str], most: int, most_bytes: int, size_of: Callable[[str], int]
) -> Iterator[tuple[list[str], int]]:
    """``people`` in order, at most ``most`` and ``most_bytes`` of them a part (but one at least), with its bytes.

    A name may be a few bytes or some hundred: their number alone says little. Nobody makes one part, of nobody.
    """
    part: list[str] = []
    used = 0
    for person in people:
        size = size_of(person)
        if part and (len(part) >= most or used + size > most_bytes):
            yield part, used
            part, used = [], 0
        part.append(person)
        used += size
    if part or not people:
        yield part, used
