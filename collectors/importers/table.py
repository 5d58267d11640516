"""CSV logs of recorders (RPA UI Logger and its kind), comma or semicolon; unknown columns are ignored."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final, TextIO

from collectors.importers.vocabulary import Fields, rename
from taskstream.errors import InputError

_MAX_CELL: Final = 1 << 20
"""Characters of a cell at most; a longer one means an unclosed quote."""
_MAX_VALUE: Final = 4096


def read_table(stream: TextIO, name: str) -> Iterator[Fields]:
    """The rows of a CSV log.

    Raises:
        InputError: no header, a header without application and action, or a row that cannot be parsed.
    """
    csv.field_size_limit(_MAX_CELL)
    header = stream.readline()
    if not header.strip():
        raise InputError(f"{name} is empty: a log starts with a line of column names")
    delimiter = max(",;\t", key=header.count)
    columns = [rename(column) for column in next(csv.reader([header], delimiter=delimiter))]
    missing = {"action": "eventType", "app": "targetApp"}.keys() - set(columns)
    if missing:
        raise InputError(
            f"{name} is not a UI log this importer knows: its header has no column for {' and '.join(sorted(missing))} "
            "(expected such as timeStamp, userID, targetApp, eventType, url, target.name)"
        )
    reader = csv.reader(stream, delimiter=delimiter)
    try:
        for row in reader:
            if not row:
                continue
            fields: Fields = {}
            for column, value in zip(columns, row, strict=False):
                if column and value and column not in fields:
                    fields[column] = value[:_MAX_VALUE]
            yield fields
    except csv.Error as error:
        raise InputError(f"{name} is damaged near line {reader.line_num + 1}: {error}") from error
