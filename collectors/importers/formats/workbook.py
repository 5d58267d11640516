"""Workbooks (.xlsx) and Parquet files as tables. Their libraries are the optional extra ``logs``."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from itertools import chain, islice
from math import isnan
from typing import Any, Final, NamedTuple

from collectors.importers.files.container import CONTENT_TYPES
from collectors.importers.formats.tables import RowBlock, Table
from collectors.importers.meaning.vocabulary import field_of
from collectors.importers.not_a_log import NotALog
from collectors.importers.read_report import ReadReport
from taskstream.errors import InputError, UsageError

_BLOCK: Final = 4_096
_BEFORE: Final = 50
"""Rows of a sheet among which that of the column names is looked for: titles and remarks may stand before it."""

_DEPTH: Final = 4
"""Objects within each other in a column that are read."""


def cell_text(value: object) -> str:
    """A cell's value as the text that the readers of tables expect."""
    if value is None or (isinstance(value, float) and isnan(value)):
        return ""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def read_xlsx(stream: io.BufferedReader, name: str, report: ReadReport) -> Table:
    """The first sheet of a workbook that holds a log, with the rows of all sheets that have the same columns; what is
    not read is named in the report.

    Raises:
        NotALog: not a workbook, or without rows.
        UsageError: the library that reads workbooks is not installed.
    """
    try:
        import openpyxl
    except ModuleNotFoundError as error:
        raise UsageError(f"{name} is a workbook; to read it: pip install 'taskstream[logs]'") from error
    data = io.BytesIO(stream.read())
    try:
        book = openpyxl.load_workbook(data, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its parts raise
        if zipfile.is_zipfile(data) and CONTENT_TYPES not in zipfile.ZipFile(data).namelist():
            raise NotALog(f"{name} is an archive within an archive: unpack it first") from error
        raise NotALog(f"{name} is not a workbook that can be read: {error}") from error
    sheets = [sheet for one in book.worksheets if (sheet := _sheet(one))]
    if not sheets:
        raise NotALog(f"{name} is a workbook without rows")
    first = next((sheet for sheet in sheets if sheet.is_log), sheets[0])
    read = [sheet for sheet in sheets if sheet.columns == first.columns]
    others = [one.title for one in book.worksheets if one.title not in {sheet.title for sheet in read}]
    if len(read) > 1 or others:
        told = ", ".join(repr(sheet.title) for sheet in read)
        report.note(
            f"sheet{'s' if len(read) > 1 else ''} {told} {'are' if len(read) > 1 else 'is'} read"
            + (f"; not read: {', '.join(others)}" if others else "")
        )
    report.unread += [
        f"sheet {sheet.title!r}, which has the columns of a log but not those of {first.title!r}: save it as a file"
        for sheet in sheets
        if sheet.is_log and sheet not in read
    ]
    width = len(first.columns)
    return Table(
        "workbook",
        first.columns,
        chain.from_iterable(_xlsx_blocks(sheet.rows, sheet.number, width) for sheet in read),
    )


class _Sheet(NamedTuple):
    """A sheet with rows: its columns, the number of the row that names them, and the rows behind."""

    title: str
    columns: list[str]
    number: int
    rows: Iterator[Any]

    @property
    def is_log(self) -> bool:
        """Whether its columns hold what every log does."""
        return {"time", "action"} <= {found[0] for name in self.columns if (found := field_of(name))}


def _sheet(sheet: Any) -> _Sheet | None:
    """A sheet by the first of its rows that names the columns of a log, else by the first of several values."""
    rows = sheet.iter_rows(values_only=True)
    found: _Sheet | None = None
    passed: list[Any] = []
    for number, row in enumerate(islice(rows, _BEFORE), 1):
        if found is not None:
            passed.append(row)
        if sum(value is not None for value in row) > 1:
            one = _Sheet(sheet.title, _named(row), number, rows)
            if one.is_log:
                return one
            found = found or one
    return found and found._replace(rows=chain(passed, rows))


def _named(row: Sequence[Any]) -> list[str]:
    columns = [cell_text(value) for value in row]
    while columns and not columns[-1]:
        columns.pop()
    return columns


def _xlsx_blocks(rows: Iterator[Any], number: int, width: int) -> Iterator[RowBlock]:
    while chunk := list(islice(rows, _BLOCK)):
        texts = [[cell_text(value) for value in row[:width]] + [""] * (width - len(row)) for row in chunk]
        kept = [n for n, row in enumerate(texts) if any(row)]
        yield RowBlock([number + 1 + n for n in kept], [texts[n] for n in kept])
        number += len(chunk)


def read_parquet(stream: io.BufferedReader, name: str) -> Table:
    """A Parquet file, row group by row group.

    Raises:
        InputError: the file is damaged.
        UsageError: the library that reads Parquet is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise UsageError(f"{name} is a Parquet file; to read it: pip install 'taskstream[logs]'") from error
    try:
        file = parquet.ParquetFile(stream if stream.seekable() else io.BytesIO(stream.read()))
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{name} is not a Parquet file that can be read: {error}") from error
    names = _flat(file.schema_arrow.empty_table()).column_names
    return Table("Parquet", names, _parquet_blocks(file, name))


def _flat(table: Any) -> Any:
    """A table whose objects within columns are columns of their own, ``outer.inner``, as in JSON lines."""
    import pyarrow

    for _ in range(_DEPTH):
        if not any(pyarrow.types.is_struct(field.type) for field in table.schema):
            break
        table = table.flatten()
    return table


def _parquet_blocks(file: Any, name: str) -> Iterator[RowBlock]:
    import pyarrow

    number = 0
    try:
        for batch in file.iter_batches(batch_size=_BLOCK):
            flat = _flat(pyarrow.Table.from_batches([batch]))
            columns = [[cell_text(value) for value in _plain(column).to_pylist()] for column in flat.columns]
            yield RowBlock(range(number + 1, number + 1 + batch.num_rows), list(zip(*columns, strict=True)))
            number += batch.num_rows
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{name} is damaged behind row {number:,}: {error}") from error


def _plain(column: Any) -> Any:
    """A column without nanoseconds, which Python's times cannot hold."""
    import pyarrow

    if pyarrow.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pyarrow.timestamp("us", column.type.tz), safe=False)
    return column
