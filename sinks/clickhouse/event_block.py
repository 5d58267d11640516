"""From batches of UI events to one Native block of ``ui_events``, with as little Python per event as possible.

Messages are decoded and taken apart in small groups while they are warm in the processor's cache (a third faster than
block by block). What a batch says once is repeated by numpy, strings become indexes into their distinct values, and
rows are put into the table's order (tenant, agent, seq) by moving whole batches: ClickHouse finds them sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import astuple
from numpy.typing import NDArray

from sinks.clickhouse import native
from sinks.clickhouse.event_rows import Batch, Event, Keys, Object, Value, decode
from sinks.clickhouse.native import Codes, Column
from taskstream.events import MAX_SEQ, MAX_TIME_MS

_TIME: Final = "DateTime64(3, 'UTC')"
_LC: Final = "LowCardinality(String)"
_GROUP: Final = 1_000
"""Events taken apart together: enough to amortise numpy's calls, few enough to stay in cache."""


class Head(Struct, frozen=True, gc=False):
    """What is kept of a batch once its events are taken apart. ``rows``: how many they were; ``last_ms``: time of the
    last one. To keep the events until the block is stored costs as much in page faults as all the rest."""

    tenant: str
    team: str
    actor: str
    agent: str
    policy: str
    first_seq: int
    sent_ms: int
    rows: int
    last_ms: int


_BATCH_STRINGS: Final = ("tenant", "team", "actor", "agent", "policy")
_KEYS: Final = ("letter", "digit", "punctuation", "edit", "navigation", "function", "shortcuts")
"""Columns of the fields of :class:`sinks.clickhouse.event_rows.Keys`, in their order."""
_DENSE: Final = {
    "at_ms": _TIME, "active_ms": "UInt32", "kind": _LC, "app": _LC, "screen": _LC, "element": _LC, "shortcut": _LC,
}  # fmt: skip
"""The columns that every event fills."""
_SPARSE: Final = {
    "missing": ("UInt32", "<u4"), "injected": ("Bool", "<u1"), "value_digest": ("UInt64", "<u8"),
    "value_length": ("UInt8", "<u1"), "value_form": (_LC, "<u4"), **dict.fromkeys(_KEYS, ("UInt32", "<u4")),
}  # fmt: skip
"""The columns that few events fill, with the type of their numbers: for these the filled rows alone are kept."""
_OBJECTS: Final = ("object_kind", "object_digest")
_CODED: Final = ("kind", "app", "screen", "element", "shortcut", "value_form", "object_kind")

Filled = tuple[NDArray[Any], NDArray[Any]]
"""Places of rows among the events as they came, and what stands there."""


class EventBlock:
    """Collects the messages of one range; ``build`` gives their block of ``ui_events``."""

    def __init__(self) -> None:
        self.rows = 0
        self.refused: list[tuple[int, str]] = []
        self._heads: list[Head] = []
        self._numbers: list[int] = []
        self._waiting: list[tuple[int, Batch]] = []
        self._waiting_rows = 0
        self._messages = 0
        self._block = b""
        self._codes = {name: Codes() for name in _CODED}
        self._codes["value_form"][""] = 0
        self._taken = 0
        self._dense: dict[str, list[NDArray[Any]]] = {name: [] for name in _DENSE}
        self._sparse: dict[str, list[Filled]] = {name: [] for name in (*_SPARSE, *_OBJECTS)}

    def add(self, value: bytes) -> None:
        """Take in one message. What is no batch, or does not fit the table, is put into ``refused`` with its number."""
        number = self._messages
        self._messages += 1
        try:
            batch = decode(value)
        except msgspec.DecodeError as error:
            self.refused.append((number, str(error)))
            return
        self._waiting.append((number, batch))
        self._waiting_rows += len(batch.events)
        self.rows += len(batch.events)
        if self._waiting_rows >= _GROUP:
            self._take_in()

    def seal(self) -> None:
        """Take apart what still waits, and build the block. Afterwards ``rows`` and ``refused`` are complete.

        The block is built here, by the thread that has filled it: numpy lets go of the interpreter's lock at each call,
        and a thread that inserts would wait 5 ms each time to have it back from the one that takes in.
        """
        self._take_in()
        self._block = self._build(frozenset())

    def _take_in(self) -> None:
        waiting, self._waiting, self._waiting_rows = self._waiting, [], 0
        try:
            self._keep(waiting)
        except (OverflowError, ValueError, TypeError):
            for number, batch in waiting:
                try:
                    self._keep([(number, batch)])
                except (OverflowError, ValueError, TypeError) as error:
                    self.refused.append((number, str(error)))
                    self.rows -= len(batch.events)

    def _keep(self, numbered: Sequence[tuple[int, Batch]]) -> None:
        """Take the batches apart; nothing is kept when one of them does not fit."""
        batches = [batch for _, batch in numbered]
        for batch in batches:
            if not 0 <= batch.first_seq <= MAX_SEQ or not 0 <= batch.sent_ms <= MAX_TIME_MS:
                raise OverflowError("first_seq or sent_ms is out of bounds")
        events = list(chain.from_iterable(batch.events for batch in batches))
        if not events:
            return
        dense, sparse = _take_apart(events, self._taken, self._codes)
        self._taken += len(events)
        for name, part in dense.items():
            self._dense[name].append(part)
        for name, filled in sparse.items():
            self._sparse[name].append(filled)
        for number, batch in numbered:
            if batch.events:
                self._heads.append(
                    Head(
                        batch.tenant, batch.team, batch.actor, batch.agent, batch.policy, batch.first_seq,
                        batch.sent_ms, len(batch.events), batch.events[-1].at_ms,
                    )
                )  # fmt: skip
                self._numbers.append(number)

    def build(self, without: frozenset[int] = frozenset()) -> bytes:
        """The block, in the table's order, without the rows whose numbers (in that order) are in ``without``."""
        return self._build(without) if without else self._block

    def _build(self, without: frozenset[int]) -> bytes:
        order, lengths = self._order()
        row = native.gather(order, lengths)
        kept = None
        if without:
            kept = np.ones(len(row), dtype=bool)
            kept[list(without)] = False
            row = row[kept]
        place = np.full(self._taken, -1, dtype=np.int64)
        place[row] = np.arange(len(row))
        columns = [
            *self._batch_columns(order, lengths[order], kept),
            *self._dense_columns(row),
            *self._sparse_columns(place, len(row)),
            *self._object_columns(place, len(row)),
        ]
        return native.block(columns, len(row))

    def message_of(self, row: int) -> int:
        """Number of the message that the block's row ``row`` comes from."""
        order, lengths = self._order()
        return self._numbers[int(order[np.searchsorted(np.cumsum(lengths[order]), row, side="right")])]

    def keys(self) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
        """What names the rows for ever, in the block's order: distinct agents, index of the agent, sequence number."""
        order, lengths = self._order()
        agents = native.code((head.agent for head in self._heads), len(self._heads))
        return list(agents.values), np.repeat(agents.codes[order], lengths[order]), self._seq(order, lengths[order])

    def sent(self) -> list[tuple[int, int]]:
        """For each batch, when it was handed over and when its last event happened (milliseconds)."""
        return [(head.sent_ms, head.last_ms) for head in self._heads]

    def _order(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The batches in the block's order, and for each batch (as they came) its number of rows."""
        ranked = sorted([(head.tenant, head.agent, head.first_seq, n) for n, head in enumerate(self._heads)])
        return (
            np.array([n for _, _, _, n in ranked], dtype=np.int64),
            np.array([head.rows for head in self._heads], dtype=np.int64),
        )

    def _seq(self, order: NDArray[Any], lengths: NDArray[Any]) -> NDArray[Any]:
        """Sequence numbers; ``lengths``: of the batches in their order."""
        firsts = np.array([head.first_seq for head in self._heads], dtype=np.int64)[order]
        begins = np.cumsum(lengths) - lengths
        seq: NDArray[Any] = np.repeat(firsts - begins, lengths) + np.arange(int(lengths.sum()))
        return seq

    def _batch_columns(self, order: NDArray[Any], lengths: NDArray[Any], kept: NDArray[Any] | None) -> Iterable[Column]:
        """What a batch says once, for each of its rows; ``kept`` marks those that stay."""

        def spread(values: NDArray[Any]) -> NDArray[Any]:
            full = np.repeat(values[order], lengths)
            return full if kept is None else full[kept]

        for name in _BATCH_STRINGS:
            coded = native.code(map(attrgetter(name), self._heads), len(self._heads))
            narrow = coded.codes.astype(native.width_of(len(coded.values)))
            yield Column(name, _LC, native.low_cardinality(native.Coded(coded.values, spread(narrow))))
        yield Column("sent_ms", _TIME, spread(np.array([head.sent_ms for head in self._heads], dtype="<i8")).data)
        seq = self._seq(order, lengths)
        yield Column("seq", "UInt64", (seq if kept is None else seq[kept]).astype("<u8").data)

    def _dense_columns(self, row: NDArray[Any]) -> Iterable[Column]:
        for name, kind in _DENSE.items():
            data = _joined(self._dense[name]).take(row)
            if name in self._codes:
                yield Column(name, kind, native.low_cardinality(native.Coded(list(self._codes[name]), data)))
            else:
                yield Column(name, kind, data.data)

    def _sparse_columns(self, place: NDArray[Any], rows: int) -> Iterable[Column]:
        for name, (kind, numbers) in _SPARSE.items():
            where, values = _placed(self._sparse[name], place)
            if name in self._codes:
                codes = self._codes[name]
                column = np.zeros(rows, dtype=native.width_of(len(codes)))
                column[where] = values
                yield Column(name, kind, native.low_cardinality(native.Coded(list(codes), column)))
            else:
                column = np.zeros(rows, dtype=numbers)
                column[where] = values
                yield Column(name, kind, column.data)

    def _object_columns(self, place: NDArray[Any], rows: int) -> Iterable[Column]:
        """The objects of each event; one event's stay in their order."""
        where, kinds = _placed(self._sparse["object_kind"], place)
        _, digests = _placed(self._sparse["object_digest"], place)
        order = np.argsort(where, kind="stable")
        counts = np.bincount(where, minlength=rows)
        coded = native.Coded(list(self._codes["object_kind"]), kinds[order])
        yield Column("objects.kind", f"Array({_LC})", native.low_cardinality_array(counts, coded))
        yield Column("objects.digest", "Array(UInt64)", native.array(counts, digests[order].astype("<u8").tobytes()))


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _placed(parts: Sequence[Filled], place: NDArray[Any]) -> Filled:
    """What ``parts`` hold, by the places of the rows in the block; rows that are left out of it are left out."""
    rows = _joined([rows for rows, _ in parts])
    values = _joined([values for _, values in parts])
    where = place[rows]
    if len(where) and int(where.min()) < 0:
        return where[where >= 0], values[where >= 0]
    return where, values


def _take_apart(
    events: list[Event], base: int, codes: dict[str, Codes]
) -> tuple[dict[str, NDArray[Any]], dict[str, Filled]]:
    """One array per column of :data:`_DENSE`; of the others the rows that are filled, the first event's being ``base``.

    Each event is looked at once: a loop for each column took a third longer, turning rows into columns by ``zip`` too
    (both walk through memory again), and the same loop compiled as well (the interpreter's own look-up of a struct's
    field is faster than the generic one).

    Raises:
        OverflowError: a number does not fit its column.
    """
    kind, app, screen = codes["kind"], codes["app"], codes["screen"]
    element, shortcut = codes["element"], codes["shortcut"]
    times: list[int] = []
    active: list[int] = []
    kinds: list[int] = []
    apps: list[int] = []
    screens: list[int] = []
    elements: list[int] = []
    shortcuts: list[int] = []
    typed: list[Keys] = []
    typed_rows: list[int] = []
    valued: list[Value] = []
    valued_rows: list[int] = []
    objects: list[Object] = []
    object_rows: list[int] = []
    missing: list[int] = []
    missing_rows: list[int] = []
    injected_rows: list[int] = []
    for row, event in enumerate(events, base):
        times.append(event.at_ms)
        active.append(event.active_ms)
        kinds.append(kind[event.kind])
        apps.append(app[event.app])
        screens.append(screen[event.screen])
        elements.append(element[event.element])
        shortcuts.append(shortcut[event.shortcut])
        if event.keys is not None:
            typed.append(event.keys)
            typed_rows.append(row)
        if event.value is not None:
            valued.append(event.value)
            valued_rows.append(row)
        if event.objects:
            objects += event.objects
            object_rows += [row] * len(event.objects)
        if event.missing:
            missing.append(event.missing)
            missing_rows.append(row)
        if event.injected:
            injected_rows.append(row)
    at_ms = np.array(times, dtype="<i8")
    if int(at_ms.min()) < 0 or int(at_ms.max()) > MAX_TIME_MS:
        raise OverflowError("at_ms is out of bounds")
    dense = {
        "at_ms": at_ms,
        "active_ms": np.array(active, dtype="<u4"),
        "kind": _indexes(kinds, kind),
        "app": _indexes(apps, app),
        "screen": _indexes(screens, screen),
        "element": _indexes(elements, element),
        "shortcut": _indexes(shortcuts, shortcut),
    }
    sparse: dict[str, Filled] = {}

    def fill(rows: list[int], columns: Iterable[tuple[str, Sequence[int]]]) -> None:
        places = np.array(rows, dtype=np.int64)
        for name, column in columns:
            if any(column):
                sparse[name] = places, np.array(column, dtype=_SPARSE[name][1])

    if typed:
        fill(typed_rows, zip(_KEYS, zip(*map(astuple, typed), strict=True), strict=True))
    if valued:
        digests, lengths, forms = zip(*map(astuple, valued), strict=True)
        form = codes["value_form"]
        coded = [form[name] for name in forms]
        fill(valued_rows, (("value_digest", digests), ("value_length", lengths), ("value_form", coded)))
    if missing:
        fill(missing_rows, (("missing", missing),))
    if injected_rows:
        fill(injected_rows, (("injected", [1] * len(injected_rows)),))
    if objects:
        object_kind = codes["object_kind"]
        places = np.array(object_rows, dtype=np.int64)
        sparse["object_kind"] = places, np.array([object_kind[item.kind] for item in objects], dtype="<u4")
        sparse["object_digest"] = places, np.array([item.digest for item in objects], dtype="<u8")
    return dense, sparse


def _indexes(indexes: list[int], codes: Codes) -> NDArray[Any]:
    """Indexes into ``codes`` as an array; while those are few, by way of ``bytes``, in a quarter of the time."""
    if len(codes) <= 256:
        return np.frombuffer(bytes(indexes), dtype="<u1")
    return np.array(indexes, dtype="<u4")
