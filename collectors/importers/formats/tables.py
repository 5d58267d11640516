"""The one shape that every reader gives a log: named columns and blocks of rows of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Final, NamedTuple

from msgspec import Struct

SURVEY: Final = 20_000
"""Records of a file without a header that are looked at to learn which columns there are."""
_BLOCK: Final = 4_096
MAX_VALUE: Final = 4_096
"""Characters of a value that are read at most, where a reader holds single values."""

Record = tuple[int, dict[str, str]]
"""Line (or number, where a format has no lines) and values of an event by the names the file gives them."""


class RowBlock(NamedTuple):
    """Some rows with the lines on which they begin; each row has a value for each column."""

    lines: Sequence[int]
    rows: Sequence[Sequence[str]]


class Table(Struct):
    """A log as a table. ``format`` says what kind of file it is; ``late`` names columns found too late to be read."""

    format: str
    columns: list[str]
    blocks: Iterator[RowBlock]
    encoding: str = ""
    separator: str = ""
    late: set[str] = set()  # noqa: RUF012 - a field of a Struct: each gets its own


def of_records(format_: str, records: Iterable[Record], *, encoding: str = "") -> Table:
    """A table of events that each name their own values."""
    iterator = iter(records)
    head = list(islice(iterator, SURVEY))
    columns = list(dict.fromkeys(name for _, values in head for name in values))
    table = Table(format_, columns, iter(()), encoding=encoding)
    table.blocks = _blocks(chain(head, iterator), columns, table.late)
    return table


def _blocks(records: Iterator[Record], columns: list[str], late: set[str]) -> Iterator[RowBlock]:
    known = set(columns)
    while chunk := list(islice(records, _BLOCK)):
        for _, values in chunk:
            if not values.keys() <= known:
                late.update(values.keys() - known)
        yield RowBlock([line for line, _ in chunk], [[values.get(name, "") for name in columns] for _, values in chunk])
