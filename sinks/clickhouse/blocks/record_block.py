"""From derived records to one Native block of the table that holds them.

The table says which columns there are and of what type (``DESCRIBE``), the record fills those that it has a field for:
``steps.activity`` is the field ``activity`` of each of the record's ``steps``. Nothing is declared twice.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from sinks.clickhouse.blocks import native
from taskstream.errors import UNDECODABLE

_UNFIT = (OverflowError, TypeError, ValueError)


class TableColumn(Struct, frozen=True):
    """A column as the table has it."""

    name: str
    type: str


def _open(kind: Any) -> Any:
    """The type to decode ``kind`` with: fields added by a newer writer are passed over, and null stands for a number
    that JSON has no word for (an infinite payback)."""
    if kind is float:
        return float | None
    if isinstance(kind, type) and issubclass(kind, Struct):
        fields: list[Any] = []
        for field in msgspec.structs.fields(kind):
            if field.default is not msgspec.NODEFAULT:
                fields.append((field.name, _open(field.type), field.default))
            else:
                fields.append((field.name, _open(field.type)))
        return msgspec.defstruct(f"{kind.__name__}Row", fields, frozen=True, gc=False, kw_only=True)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (tuple, list, dict):
        return origin[tuple(_open(argument) for argument in arguments)]
    if origin in (Union, types.UnionType):
        return Union[tuple(_open(argument) for argument in arguments)]  # noqa: UP007 (built at run time)
    return kind


def _reader(column: TableColumn) -> Callable[[Any], Any]:
    """What takes the column's value out of a record."""
    name, _, inner = column.name.partition(".")
    get = attrgetter(name)
    if inner:
        part = attrgetter(inner)
        return lambda record: [part(item) for item in get(record)]
    if column.type.startswith("Float"):
        return lambda record: math.inf if (value := get(record)) is None else value
    if column.type.startswith("Map(String, Float"):
        return lambda record: {key: math.inf if n is None else n for key, n in get(record).items()}
    return get


class RecordLayout:
    """How the records of one type fill the columns of one table; made once, shared by all blocks."""

    def __init__(self, record: type[Struct], columns: Sequence[TableColumn], key: str) -> None:
        fields = {field.name for field in msgspec.structs.fields(record)}
        self.decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_open(record))
        self.columns = [(column, _reader(column)) for column in columns if column.name.partition(".")[0] in fields]
        self.key = attrgetter(key)

    def block(self, records: Sequence[Any]) -> bytes:
        """The block of ``records``.

        Raises:
            OverflowError, TypeError, ValueError: a value does not fit its column.
        """
        columns = [
            native.column(column.name, column.type, [read(record) for record in records])
            for column, read in self.columns
        ]
        return native.block(columns, len(columns), len(records))


class RecordBlock:
    """Collects the messages of one range, one record each; ``build`` gives their block."""

    def __init__(self, layout: RecordLayout) -> None:
        self.refused: list[tuple[int, str]] = []
        self._layout = layout
        self._records: list[Any] = []
        self._numbers: list[int] = []
        self._messages = 0
        self._block = b""

    @property
    def rows(self) -> int:
        """Rows of the block."""
        return len(self._records)

    def add(self, value: bytes) -> None:
        """Take in one message. What is no such record goes to ``refused`` with its number."""
        number = self._messages
        self._messages += 1
        try:
            self._records.append(self._layout.decoder.decode(value))
            self._numbers.append(number)
        except UNDECODABLE as error:
            self.refused.append((number, str(error)))

    def seal(self) -> None:
        """Build the block once; where that fails, find the records that do not fit. Then ``refused`` is complete."""
        try:
            self._block = self._layout.block(self._records)
            return
        except _UNFIT:
            pass
        kept: list[tuple[int, Any]] = []
        for number, record in zip(self._numbers, self._records, strict=True):
            try:
                self._layout.block([record])
                kept.append((number, record))
            except _UNFIT as error:
                self.refused.append((number, str(error)))
        self._numbers = [number for number, _ in kept]
        self._records = [record for _, record in kept]
        self._block = self._layout.block(self._records)

    def build(self, without: frozenset[int] = frozenset()) -> bytes:
        """The block, in the order of the messages, without the rows whose numbers are in ``without``."""
        if not without:
            return self._block
        return self._layout.block([record for row, record in enumerate(self._records) if row not in without])

    def name_of(self, row: int) -> str:
        """The record's key."""
        return str(self._layout.key(self._records[row]))

    def message_of(self, row: int) -> int:
        """Number of the message that the block's row ``row`` comes from."""
        return self._numbers[row]

    def keys(self) -> list[str]:
        """What names each row for ever."""
        return [self._layout.key(record) for record in self._records]
