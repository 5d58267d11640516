"""Workbooks (.xlsx) and Parquet files as tables. Their libraries are the optional extra ``logs``."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import islice
from math import isnan
from typing import Any, Final

from collectors.importers.formats.tables import RowBlock, Table
from collectors.importers.read_report import ReadReport
from taskstream.errors import InputError, UsageError

_BLOCK: Final = 4_096


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
    """The first sheet of a workbook that holds rows; the others are named in the report.

    Raises:
        InputError: not a workbook, or without rows.
        UsageError: the library that reads workbooks is not installed.
    """
    try:
        import openpyxl
    except ModuleNotFoundError as error:
        raise UsageError(f"{name} is a workbook; to read it: pip install 'taskstream[logs]'") from error
    try:
        book = openpyxl.load_workbook(io.BytesIO(stream.read()), read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its parts raise
        raise InputError(f"{name} is not a workbook that can be read: {error}") from error
    for sheet in book.worksheets:
        rows = sheet.iter_rows(values_only=True)
        number, header = next(
            ((n, row) for n, row in enumerate(rows, 1) if sum(value is not None for value in row) > 1), (0, None)
        )
        if header is None:
            continue
        others = [other.title for other in book.worksheets if other is not sheet]
        if others:
            report.note(f"sheet {sheet.title!r} is read; not read: {', '.join(others)}")
        columns = [cell_text(value) for value in header]
        while columns and not columns[-1]:
            columns.pop()
        return Table("workbook", columns, _xlsx_blocks(rows, number, len(columns)))
    raise InputError(f"{name} is a workbook without rows")


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
    return Table("Parquet", list(file.schema_arrow.names), _parquet_blocks(file, name))


def _parquet_blocks(file: Any, name: str) -> Iterator[RowBlock]:
    import pyarrow

    number = 0
    try:
        for batch in file.iter_batches(batch_size=_BLOCK):
            columns = [[cell_text(value) for value in _plain(column).to_pylist()] for column in batch.columns]
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
