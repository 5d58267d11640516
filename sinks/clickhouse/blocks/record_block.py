"""From derived records to one Native block of the table that holds them.

The table says which columns there are and of what type (``DESCRIBE``), the record fills those that it has a field for:
``steps.activity`` is the field ``activity`` of each of the record's ``steps``. Nothing is declared twice. Where a newer
version's table has more, also among nested ones, the rest gets defaults.
"""

from __future__ import annotations

import hashlib
import math
import types
from bisect import bisect_left
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
    if _is_struct(kind):
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


def _fields_of_parts(kind: Any) -> set[str]:
    """Names of the fields of the records that a field of type ``kind`` holds."""
    return {field.name for part in get_args(kind) if _is_struct(part) for field in msgspec.structs.fields(part)}


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _reader(column: TableColumn, is_known: bool) -> Callable[[Any], Any]:
    """What takes the column's value out of a record; ``is_known``: whether its nested parts have such a field."""
    name, _, inner = column.name.partition(".")
    get = attrgetter(name)
    if inner:
        if not is_known:  # ClickHouse wants all arrays of a row of nested ones to be of one length
            nothing = native.default(column.type.removeprefix("Array(").removesuffix(")"))
            return lambda record: [nothing] * len(get(record))
        part = attrgetter(inner)
        return lambda record: [part(item) for item in get(record)]
    if column.type.startswith("Float"):
        return lambda record: math.inf if (value := get(record)) is None else value
    if column.type.startswith("Map(String, Float"):
        return lambda record: {key: math.inf if n is None else n for key, n in get(record).items()}
    return get


class RecordLayout:
    """How the records of one type fill the columns of one table; made once, shared by all blocks."""

    def __init__(
        self, record: type[Struct], columns: Sequence[TableColumn], key: str, *, recounted: bool = False
    ) -> None:
        self.decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_open(record))
        types_of = {field.name: field.type for field in msgspec.structs.fields(record)}
        self.columns: list[tuple[TableColumn, Callable[[Any], Any]]] = []
        for column in columns:
            name, _, inner = column.name.partition(".")
            if name in types_of:
                self.columns.append((column, _reader(column, inner in _fields_of_parts(types_of[name]))))
        self.key = attrgetter(key)
        self.key_column = key
        self._recounted = recounted

    def name(self, record: Any, value: bytes) -> str:
        """What names the row for ever: the record's key; where keys are given out again, with its digest."""
        key = str(self.key(record))
        return f"{key}:{hashlib.blake2b(value, digest_size=8).hexdigest()}" if self._recounted else key

    def block(self, records: Sequence[Any], names: Sequence[str]) -> bytes:
        """The block of ``records``, which are named ``names``.

        Raises:
            OverflowError, TypeError, ValueError: a value does not fit its column.
        """
        columns = [
            native.column(
                column.name,
                column.type,
                names if column.name == self.key_column else [read(record) for record in records],
            )
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
        self._names: list[str] = []
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
            record = self._layout.decoder.decode(value)
        except UNDECODABLE as error:
            self.refused.append((number, str(error)))
            return
        self._records.append(record)
        self._names.append(self._layout.name(record, value))
        self._numbers.append(number)

    def join(self, others: Sequence[RecordBlock]) -> None:
        """Take over the messages of ``others``, not yet sealed, which are then empty."""
        for other in others:
            self.refused += [(number + self._messages, words) for number, words in other.refused]
            self._numbers += [number + self._messages for number in other._numbers]
            self._records += other._records
            self._names += other._names
            self._messages += other._messages
            other._records = []

    def seal(self) -> None:
        """Build the block once; where that fails, find the records that do not fit. Then ``refused`` is complete."""
        try:
            self._block = self._layout.block(self._records, self._names)
            return
        except _UNFIT:
            pass
        kept: list[int] = []
        for row, record in enumerate(self._records):
            try:
                self._layout.block([record], [self._names[row]])
                kept.append(row)
            except _UNFIT as error:
                self.refused.append((self._numbers[row], str(error)))
        self._numbers = [self._numbers[row] for row in kept]
        self._records = [self._records[row] for row in kept]
        self._names = [self._names[row] for row in kept]
        self._block = self._layout.block(self._records, self._names)

    def build(self, without: frozenset[int] = frozenset()) -> bytes:
        """The block, in the order of the messages, without the rows whose numbers are in ``without``."""
        if not without:
            return self._block
        kept = [row for row in range(len(self._records)) if row not in without]
        return self._layout.block([self._records[row] for row in kept], [self._names[row] for row in kept])

    def name_of(self, row: int) -> str:
        """What names the row."""
        return self._names[row]

    def message_of(self, row: int) -> int:
        """Number of the message that the block's row ``row`` comes from."""
        return self._numbers[row]

    def nth_of_message(self, row: int) -> int:
        """Which of its message's rows the row is: a message has one."""
        return 0

    def rows_of(self, first: int, end: int) -> int:
        """How many rows come from the messages from ``first`` to before ``end``."""
        return bisect_left(self._numbers, end) - bisect_left(self._numbers, first)

    def keys(self) -> list[str]:
        """What names each row for ever."""
        return self._names
