"""From columns of UI events to one Native block of ``ui_events``: numpy all the way, no Python an event.

Messages come as columns already (:mod:`taskstream.event_columns`). Each is checked when it is taken in; strings become
numbers that are the same for the whole block, and rows are put into the table's order (tenant, agent, seq) by moving
whole batches: ClickHouse finds them sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from sinks.clickhouse.blocks import native
from sinks.clickhouse.blocks.native import Column
from taskstream.errors import UNDECODABLE
from taskstream.event_columns import CODE, COUNT, DIGEST, LENGTH, MAX_ROWS, TIME, EventColumns, decode
from taskstream.events import MAX_SEQ, MAX_TIME_MS
from taskstream.interning import Interner

Numbers = NDArray[Any]

_TIME: Final = "DateTime64(3, 'UTC')"
_LC: Final = "LowCardinality(String)"
_PACKED: Final = {CODE: "<u2", TIME: "<i8", COUNT: "<u4", DIGEST: "<u8", LENGTH: "<u1"}
"""Packed columns, as numpy knows their numbers."""

_BATCH_STRINGS: Final = ("tenant", "team", "actor", "agent", "policy")
_STRINGS: Final = ("kind", "app", "screen", "element", "shortcut")
_KEYS: Final = {
    "letter": "letter", "digit": "digit", "punctuation": "punctuation", "edit": "edit", "navigation": "navigation",
    "function": "function", "shortcut": "shortcuts",
}  # fmt: skip
"""Key counts, and the columns that hold them."""


_SPARSE: Final = {
    "missing": "UInt32", "injected": "Bool", "value_digest": "UInt64", "value_length": "UInt8", "value_form": _LC,
    **dict.fromkeys(_KEYS.values(), "UInt32"),
}  # fmt: skip
"""The columns that few events fill."""

_CODED: Final = frozenset({"value_form", "object_kind"})
"""Sparse columns of strings."""

_COLUMNS: Final = len(_BATCH_STRINGS) + len(("sent_ms", "seq", "at_ms", "active_ms")) + len(_STRINGS) + len(_SPARSE) + 2
"""Columns of the block: the two last are those of the objects."""


class Filled(NamedTuple):
    """Rows, among the rows as they came, and what stands there."""

    rows: Numbers
    values: Numbers


class _Message(Struct, frozen=True, gc=False):
    """One message, checked. Strings are numbers of the block's strings, rows count from the block's first."""

    number: int
    batches: Mapping[str, Numbers]
    dense: Mapping[str, Numbers]
    sparse: Mapping[str, Filled]


class EventBlock:
    """Collects the messages of one range; ``build`` gives their block of ``ui_events``."""

    def __init__(self) -> None:
        self.rows = 0
        self.refused: list[tuple[int, str]] = []
        self._messages: list[_Message] = []
        self._sizes: list[int] = []
        self._strings = Interner()
        self._strings[""] = 0
        self._block = b""
        self._whole: _Whole

    def add(self, value: bytes) -> None:
        """Take in one message. What is none, or does not fit the table, is put into ``refused`` with its number."""
        number = len(self._sizes)
        self._sizes.append(0)
        try:
            columns = decode(value)
            known = len(self._strings)
            try:
                message = _read(columns, number, self.rows, self._strings)
            except (OverflowError, ValueError):
                for text in list(self._strings)[known:]:
                    del self._strings[text]
                raise
        except (*UNDECODABLE, OverflowError) as error:
            self.refused.append((number, str(error)))
            return
        self._messages.append(message)
        self._sizes[-1] = len(message.dense["at_ms"])
        self.rows += self._sizes[-1]

    def join(self, others: Sequence[EventBlock]) -> None:
        """Take over the messages of ``others``, not yet sealed, which are then empty."""
        for other in others:
            known = list(other._strings)
            codes = np.fromiter(map(self._strings.__getitem__, known), np.uint32, len(known))
            self._messages += [_moved(one, len(self._sizes), self.rows, codes) for one in other._messages]
            self.refused += [(number + len(self._sizes), words) for number, words in other.refused]
            self._sizes += other._sizes
            self.rows += other.rows
            other._messages = []

    def seal(self) -> None:
        """Put the messages together and build the block.

        The block is built here, by the thread that has filled it: numpy lets go of the interpreter's lock at each call,
        and a thread that inserts would wait 5 ms each time to have it back from the one that takes in.
        """
        self._whole = _Whole(self._messages, list(self._strings))
        self._messages = []
        self._block = self._whole.build()

    def build(self, without: frozenset[int] = frozenset()) -> bytes:
        """The block, in the table's order, without the rows whose numbers (in that order) are in ``without``."""
        return self._whole.build(without) if without else self._block

    def name_of(self, row: int) -> str:
        """Agent and sequence number of the block's row ``row``."""
        agents, owner, seq = self._whole.keys()
        return f"{agents[int(owner[row])]}:{int(seq[row])}"

    def message_of(self, row: int) -> int:
        """Number of the message that the block's row ``row`` comes from."""
        return self._whole.message_of(row)

    def nth_of_message(self, row: int) -> int:
        """Which of its message's rows the block's row ``row`` is, whatever else the block holds."""
        return self._whole.nth_of_message(row)

    def rows_of(self, first: int, end: int) -> int:
        """How many rows come from the messages from ``first`` to before ``end``."""
        return sum(self._sizes[first:end])

    def keys(self) -> tuple[list[str], Numbers, Numbers]:
        """What names the rows for ever, in the block's order: distinct agents, index of the agent, sequence number."""
        return self._whole.keys()

    def sent(self, most: int) -> list[tuple[int, int]]:
        """When batches were handed over and when their last events happened (milliseconds); of ``most``, evenly."""
        return self._whole.sent(most)


class _Whole:
    """All messages of a block as one: columns as the rows came, and the order in which the table wants the batches."""

    def __init__(self, messages: Sequence[_Message], strings: list[str]) -> None:
        self._strings = strings
        names = messages[0].batches if messages else ()
        self._batches = {name: np.concatenate([m.batches[name] for m in messages]) for name in names}
        self._dense = {
            name: np.concatenate([m.dense[name] for m in messages]) for name in (messages[0].dense if messages else ())
        }
        self._sparse = {}
        for name in (*_SPARSE, "object_kind", "object_digest"):
            parts = [m.sparse[name] for m in messages if name in m.sparse]
            if parts:
                self._sparse[name] = Filled(
                    np.concatenate([part.rows for part in parts]), np.concatenate([part.values for part in parts])
                )
        batches = self._batches
        self._counts = batches["events"] if messages else np.zeros(0, dtype=np.int64)
        self._numbers = np.repeat([m.number for m in messages], [len(m.batches["events"]) for m in messages])
        if messages:
            names = np.unique(np.concatenate((batches["tenant"], batches["agent"]))).tolist()
            rank = np.zeros(len(strings), dtype=np.int64)  # by code point, which for UTF-8 is the order of bytes
            rank[sorted(names, key=strings.__getitem__)] = np.arange(len(names))
            self._order = np.lexsort((batches["first_seq"], rank[batches["agent"]], rank[batches["tenant"]]))
        else:
            self._order = np.zeros(0, dtype=np.int64)

    def build(self, without: frozenset[int] = frozenset()) -> bytes:
        """See :meth:`EventBlock.build`."""
        if not len(self._counts):
            return native.block([], 0, 0)
        row = native.gather(self._order, self._counts)
        kept = None
        if without:
            kept = np.ones(len(row), dtype=bool)
            kept[list(without)] = False
            row = row[kept]
        place = np.full(int(self._counts.sum()), -1, dtype=np.int32)
        place[row] = np.arange(len(row), dtype=np.int32)
        columns = chain(
            self._batch_columns(kept),
            self._dense_columns(row),
            self._sparse_columns(place, len(row)),
            self._object_columns(place, len(row)),
        )
        return native.block(columns, _COLUMNS, len(row))

    def message_of(self, row: int) -> int:
        """See :meth:`EventBlock.message_of`."""
        return int(self._numbers[self._order[self._batch_of(row)]])

    def nth_of_message(self, row: int) -> int:
        """See :meth:`EventBlock.nth_of_message`."""
        batch = self._batch_of(row)
        lengths = self._counts[self._order[:batch]]
        fellows = self._numbers[self._order[:batch]] == self.message_of(row)
        return int(lengths[fellows].sum() + row - lengths.sum())

    def _batch_of(self, row: int) -> int:
        """Where in the block's order the batch of a row stands."""
        return int(np.searchsorted(np.cumsum(self._counts[self._order]), row, side="right"))

    def keys(self) -> tuple[list[str], Numbers, Numbers]:
        """See :meth:`EventBlock.keys`."""
        if not len(self._counts):
            return [], self._counts, self._counts
        agents = self._coded(self._batches["agent"])
        owner = np.repeat(agents.codes[self._order], self._counts[self._order])
        return list(agents.values), owner.astype(np.int64), self._seq()

    def sent(self, most: int) -> list[tuple[int, int]]:
        """See :meth:`EventBlock.sent`."""
        if not len(self._counts):
            return []
        last = self._dense["at_ms"][np.cumsum(self._counts) - 1]
        step = slice(None, None, max(1, len(last) // most))
        return list(zip(self._batches["sent_ms"][step].tolist(), last[step].tolist(), strict=True))

    def _seq(self) -> Numbers:
        """Sequence numbers, in the block's order."""
        lengths = self._counts[self._order]
        begins = np.cumsum(lengths) - lengths
        seq: Numbers = np.repeat(self._batches["first_seq"][self._order] - begins, lengths)
        return seq + np.arange(len(seq))

    def _coded(self, numbers: Numbers) -> native.Coded:
        """A column of strings with a dictionary of its own, in which only those stand that occur."""
        occurs = np.zeros(len(self._strings), dtype=bool)
        occurs[numbers] = True
        found = np.flatnonzero(occurs)
        codes = np.zeros(len(self._strings), dtype=native.width_of(len(found)))
        codes[found] = np.arange(len(found))
        return native.Coded([self._strings[number] for number in found.tolist()], codes[numbers])

    def _batch_columns(self, kept: NDArray[Any] | None) -> Iterable[Column]:
        """What a batch says once, for each of its rows; ``kept`` marks those that stay."""
        order, lengths = self._order, self._counts[self._order]

        def spread(values: Numbers) -> Numbers:
            full = np.repeat(values[order], lengths)
            return full if kept is None else full[kept]

        for name in _BATCH_STRINGS:
            coded = self._coded(self._batches[name])
            yield Column(name, _LC, native.low_cardinality(native.Coded(coded.values, spread(coded.codes))))
        yield Column("sent_ms", _TIME, spread(self._batches["sent_ms"]).data)
        seq = self._seq()
        yield Column("seq", "UInt64", (seq if kept is None else seq[kept]).data)

    def _dense_columns(self, row: Numbers) -> Iterable[Column]:
        yield Column("at_ms", _TIME, self._dense["at_ms"].take(row).data)
        yield Column("active_ms", "UInt32", self._dense["active_ms"].take(row).data)
        for name in _STRINGS:
            coded = self._coded(self._dense[name])
            yield Column(name, _LC, native.low_cardinality(native.Coded(coded.values, coded.codes.take(row))))

    def _sparse_columns(self, place: Numbers, rows: int) -> Iterable[Column]:
        for name, kind in _SPARSE.items():
            where, values = self._placed(name, place)
            column = np.zeros(rows, dtype=native.NUMBERS.get(kind, "<u4"))
            column[where] = values
            if kind == _LC:
                yield Column(name, kind, native.low_cardinality(self._coded(column)))
            else:
                yield Column(name, kind, column.data)

    def _object_columns(self, place: Numbers, rows: int) -> Iterable[Column]:
        """The objects of each event; one event's stay in their order."""
        where, kinds = self._placed("object_kind", place)
        _, digests = self._placed("object_digest", place)
        order = np.argsort(where, kind="stable")
        counts = np.bincount(where, minlength=rows)
        coded = self._coded(kinds[order])
        yield Column("objects.kind", f"Array({_LC})", native.low_cardinality_array(counts, coded))
        yield Column("objects.digest", "Array(UInt64)", native.array(counts, digests[order].tobytes()))

    def _placed(self, name: str, place: Numbers) -> Filled:
        """A sparse column by the places of its rows in the block; rows that are left out of it are left out."""
        filled = self._sparse.get(name)
        if filled is None:
            return Filled(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64))
        where = place[filled.rows]
        if len(where) and int(where.min()) < 0:
            return Filled(where[where >= 0], filled.values[where >= 0])
        return Filled(where, filled.values)


def _read(columns: EventColumns, number: int, base: int, strings: Interner) -> _Message:
    """Check a message; its first row is the block's row ``base``, its strings are added to ``strings``.

    Checked is what the table needs: the streams have held the events against their contract, and they alone write here.

    Raises:
        ValueError, OverflowError: it does not fit itself, or the table.
    """
    table = np.fromiter(map(strings.__getitem__, columns.strings), np.uint32, len(columns.strings))
    batches = {
        name: table[_indexes(name, np.array(getattr(columns, name), dtype=np.int64), len(table))]
        for name in _BATCH_STRINGS
    }
    for name, most in (("first_seq", MAX_SEQ), ("sent_ms", MAX_TIME_MS), ("events", MAX_ROWS)):
        batches[name] = _bounded(name, np.array(getattr(columns, name), dtype=np.int64), most)
    if len({len(column) for column in batches.values()}) != 1:
        raise ValueError("the columns of the batches are not of one length")
    rows = int(batches["events"].sum())
    _bounded("the number of events", np.array([rows]), MAX_ROWS)
    if not rows or not batches["events"].all():
        raise ValueError("a batch without events")
    dense = {
        "at_ms": _bounded("at_ms", _column("at_ms", TIME, columns.at_ms, rows), MAX_TIME_MS),
        "active_ms": _column("active_ms", COUNT, columns.active_ms, rows),
    }
    for name in _STRINGS:
        dense[name] = table[_indexes(name, _column(name, CODE, getattr(columns, name), rows), len(table))]
    sparse = {}
    for name, where, values in _sparse_of(columns, rows):
        known = table[_indexes(name, values, len(table))] if name in _CODED else values
        sparse[name] = Filled(where.astype(np.int64) + base, known)
    return _Message(number, batches, dense, sparse)


def _moved(message: _Message, numbers: int, rows: int, codes: Numbers) -> _Message:
    """``message`` in a block that holds so many messages and rows already; ``codes``: its strings' numbers there."""
    return _Message(
        message.number + numbers,
        {name: codes[values] if name in _BATCH_STRINGS else values for name, values in message.batches.items()},
        {name: codes[values] if name in _STRINGS else values for name, values in message.dense.items()},
        {
            name: Filled(filled.rows + rows, codes[filled.values] if name in _CODED else filled.values)
            for name, filled in message.sparse.items()
        },
    )


def _sparse_of(columns: EventColumns, rows: int) -> Iterable[tuple[str, Numbers, Numbers]]:
    """Each sparse column that the message has: its name, rows and values (of ``_CODED`` ones, indexes of strings)."""
    if columns.keys is not None:
        where = _rows("keys", columns.keys.rows, rows)
        for field, name in _KEYS.items():
            data = getattr(columns.keys, field)
            if data:
                yield name, where, _column(name, COUNT, data, len(where))
    if columns.values is not None:
        where = _rows("values", columns.values.rows, rows)
        yield "value_digest", where, _column("value_digest", DIGEST, columns.values.digest, len(where))
        yield "value_length", where, _column("value_length", LENGTH, columns.values.length, len(where))
        yield "value_form", where, _column("value_form", CODE, columns.values.form, len(where))
    if columns.objects is not None:
        where = _rows("objects", columns.objects.rows, rows)
        yield "object_kind", where, _column("object_kind", CODE, columns.objects.kind, len(where))
        yield "object_digest", where, _column("object_digest", DIGEST, columns.objects.digest, len(where))
    if columns.missing is not None:
        where = _rows("missing", columns.missing.rows, rows)
        yield "missing", where, _column("missing", COUNT, columns.missing.missing, len(where))
    if columns.injected:
        where = _rows("injected", columns.injected, rows)
        yield "injected", where, np.ones(len(where), dtype=np.uint8)


def _column(name: str, kind: str, data: bytes, count: int) -> Numbers:
    numbers = np.frombuffer(data, dtype=_PACKED[kind])
    if len(numbers) != count:
        raise ValueError(f"{name} has {len(numbers)} entries instead of {count}")
    return numbers


def _rows(name: str, data: bytes, rows: int) -> Numbers:
    return _indexes(f"rows of {name}", np.frombuffer(data, dtype=_PACKED[CODE]), rows)


def _indexes(name: str, numbers: Numbers, most: int) -> Numbers:
    """``numbers``, all of them below ``most``."""
    return _bounded(name, numbers, most - 1)


def _bounded(name: str, numbers: Numbers, most: int) -> Numbers:
    if len(numbers) and not (int(numbers.min()) >= 0 and int(numbers.max()) <= most):
        raise OverflowError(f"{name} is out of bounds")
    return numbers
