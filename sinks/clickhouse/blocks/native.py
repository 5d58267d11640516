"""A writer of ClickHouse's Native format: one block of columns, ready for ``INSERT ... FORMAT Native``.

The layout per block: number of columns and of rows (varint), then for each column its name, its type and its data.
Only the types that the tables here use are written. Sources: the format as ClickHouse reads it back, property-tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from taskstream.interning import Interner

NUMBERS: Mapping[str, str] = {
    "UInt8": "<u1",
    "UInt16": "<u2",
    "UInt32": "<u4",
    "UInt64": "<u8",
    "Int32": "<i4",
    "Int64": "<i8",
    "Float32": "<f4",
    "Float64": "<f8",
    "Bool": "<u1",
    "DateTime64(3, 'UTC')": "<i8",
}
"""Types of fixed size, as numpy knows them. A DateTime64(3) is a count of milliseconds."""

_LC_VERSION = (1).to_bytes(8, "little")
_LC_FLAGS = 1 << 9
"""``HasAdditionalKeysBit``: the dictionary stands in the block itself; the low byte is the width of the indexes."""


_WIDTHS = ("<u1", "<u2", "<u4")
"""Types of the indexes, in the order of their numbers in the format."""


class Coded(Struct, frozen=True):
    """A column of strings as indexes into its distinct values. ``codes`` is an unsigned array of any width."""

    values: Sequence[str]
    codes: NDArray[Any]


class Column(Struct, frozen=True):
    """One column of a block. ``data``: bytes as Native wants them, from the functions below, or an array's memory."""

    name: str
    type: str
    data: bytes | memoryview


def varint(number: int) -> bytes:
    """``number`` in 7-bit groups, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_SHORT = [varint(number) for number in range(1024)]


def strings(values: Iterable[str]) -> bytes:
    """``String``: each value's length in bytes and its UTF-8."""
    parts: list[bytes] = []
    for value in values:
        data = value.encode()
        parts.append(_SHORT[len(data)] if len(data) < 1024 else varint(len(data)))
        parts.append(data)
    return b"".join(parts)


def numbers(kind: str, values: Sequence[Any] | NDArray[Any]) -> bytes:
    """A type of fixed size.

    Raises:
        OverflowError: a value does not fit the type.
        TypeError, ValueError: a value is no number.
    """
    return np.asarray(values, dtype=NUMBERS[kind]).tobytes()


def code(values: Iterable[str], count: int) -> Coded:
    """The ``count`` strings in ``values`` as indexes into their distinct values, in order of first appearance."""
    codes = Interner()
    indexes = np.fromiter(map(codes.__getitem__, values), np.uint32, count)
    return Coded(list(codes), indexes)


def low_cardinality(column: Coded) -> bytes:
    """``LowCardinality(String)``: the distinct values, and an index for each row."""
    return _LC_VERSION + _dictionary(column)


def low_cardinality_array(lengths: Sequence[int] | NDArray[Any], elements: Coded) -> bytes:
    """``Array(LowCardinality(String))``: the version of the dictionary stands before the borders of the rows."""
    return _LC_VERSION + array(lengths, _dictionary(elements))


def width_of(distinct: int) -> str:
    """The narrowest type of indexes into so many values, as numpy names it."""
    return _WIDTHS[0 if distinct <= 1 << 8 else 1 if distinct <= 1 << 16 else 2]


def _dictionary(column: Coded) -> bytes:
    rows = len(column.codes)
    if not rows:
        return b""
    distinct = len(column.values)
    kind = width_of(distinct)
    return b"".join(
        (
            (_LC_FLAGS | _WIDTHS.index(kind)).to_bytes(8, "little"),
            distinct.to_bytes(8, "little"),
            strings(column.values),
            rows.to_bytes(8, "little"),
            column.codes.astype(kind, copy=False).data,
        )
    )


def array(lengths: Sequence[int] | NDArray[Any], elements: bytes) -> bytes:
    """``Array(T)``: where each row's elements end, and all elements as one column of ``T``."""
    return np.cumsum(np.asarray(lengths, dtype="<u8"), dtype="<u8").tobytes() + elements


def gather(order: NDArray[Any], lengths: NDArray[Any]) -> NDArray[Any]:
    """Indexes of the elements of ragged rows when the rows are taken in ``order``; row i has ``lengths[i]`` of them."""
    starts = np.cumsum(lengths) - lengths
    taken = lengths[order]
    ends = np.cumsum(taken)
    return np.repeat(starts[order] - (ends - taken), taken) + np.arange(ends[-1] if len(ends) else 0)


def column(name: str, kind: str, values: Sequence[Any]) -> Column:
    """A column of type ``kind`` from Python values, one a row: for small tables; ``ui_events`` has its own way.

    Handles numbers, ``String``, ``LowCardinality(String)``, ``Array(T)`` of these and of arrays, ``Map(String, T)``.
    """
    return Column(name, _wire_type(kind), _encode(_wire_type(kind), values))


def default(kind: str) -> Any:
    """What ClickHouse puts where a column of this type is not named."""
    if kind in NUMBERS:
        return 0
    return "" if kind in ("String", "LowCardinality(String)") else {}


def _wire_type(kind: str) -> str:
    """The type to send: dictionaries inside arrays are left to ClickHouse, which converts."""
    return kind.replace("LowCardinality(String)", "String") if "(LowCardinality" in kind else kind


def _encode(kind: str, values: Sequence[Any]) -> bytes:
    if kind in NUMBERS:
        return numbers(kind, values)
    if kind == "String":
        return strings(values)
    if kind == "LowCardinality(String)":
        return low_cardinality(code(values, len(values)))
    inner = kind[kind.index("(") + 1 : -1]
    lengths = [len(value) for value in values]
    if kind.startswith("Array("):
        return array(lengths, _encode(inner, [element for value in values for element in value]))
    if kind.startswith("Map("):
        key, _, value_kind = inner.partition(", ")
        keys = _encode(key, [name for value in values for name in value])
        return array(lengths, keys + _encode(value_kind, [number for value in values for number in value.values()]))
    raise ValueError(f"no writer for the type {kind}")


def block(columns: Iterable[Column], count: int, rows: int) -> bytes:
    """The block of ``count`` columns, each of ``rows`` rows; a column is taken when the one before it is written."""
    out = BytesIO()
    out.write(varint(count) + varint(rows))
    for item in columns:
        out.write(strings((item.name, item.type)))
        out.write(item.data)
    return out.getvalue()
