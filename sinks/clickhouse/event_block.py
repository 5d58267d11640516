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
from numpy.typing import NDArray

from sinks.clickhouse import native
from sinks.clickhouse.native import Codes, Column
from taskstream.events import MAX_SEQ, MAX_TIME_MS, Kind

_TIME: Final = "DateTime64(3, 'UTC')"
_LC: Final = "LowCardinality(String)"
_GROUP: Final = 1_500
"""Events taken apart together: enough to amortise numpy's calls, few enough to stay in cache (measured: flat from
1,000 to 8,000)."""


class Keys(Struct, frozen=True, gc=False):
    """As :class:`taskstream.events.KeyCounts`, unbounded."""

    letter: int = 0
    digit: int = 0
    punctuation: int = 0
    edit: int = 0
    navigation: int = 0
    function: int = 0
    shortcut: int = 0


class Value(Struct, frozen=True, gc=False):
    """As :class:`taskstream.events.Value`, unbounded."""

    digest: int = 0
    length: int = 0
    form: str = ""


class Object(Struct, frozen=True, gc=False):
    """As :class:`taskstream.events.ObjectRef`, unbounded."""

    kind: str
    digest: int


class Event(Struct, frozen=True, gc=False):
    """As :class:`taskstream.events.UiEvent`, unbounded: the streams have checked the bounds, and checking them again
    costs more than decoding does. What does not fit the table is still found: numpy refuses it."""

    at_ms: int
    kind: Kind
    app: str = ""
    screen: str = ""
    element: str = ""
    active_ms: int = 0
    keys: Keys | None = None
    shortcut: str = ""
    value: Value | None = None
    objects: tuple[Object, ...] = ()
    injected: bool = False
    missing: int = 0


class Batch(Struct, frozen=True, gc=False):
    """As :class:`taskstream.events.EventBatch`, unbounded."""

    schema: int
    tenant: str
    team: str
    actor: str
    agent: str
    first_seq: int
    events: list[Event]
    policy: str = ""
    sent_ms: int = 0


_decoder: Final = msgspec.json.Decoder(Batch)

_BATCH_STRINGS: Final = ("tenant", "team", "actor", "agent", "policy")
_KEYS: Final = tuple(
    (column, attrgetter(field))
    for column, field in (
        ("letter", "letter"), ("digit", "digit"), ("punctuation", "punctuation"), ("edit", "edit"),
        ("navigation", "navigation"), ("function", "function"), ("shortcuts", "shortcut"),
    )
)  # fmt: skip
_TYPES: Final = {
    "at_ms": _TIME, "active_ms": "UInt32", "missing": "UInt32", "injected": "Bool", "kind": _LC, "app": _LC,
    "screen": _LC, "element": _LC, "shortcut": _LC, "value_digest": "UInt64", "value_length": "UInt8",
    "value_form": _LC, **{column: "UInt32" for column, _ in _KEYS},
}  # fmt: skip
"""The columns that an event fills, with their types."""
_OBJECTS: Final = ("object_count", "object_digest", "object_kind")
_CODED: Final = ("kind", "app", "screen", "element", "shortcut", "value_form", "object_kind")


class EventBlock:
    """Collects the messages of one range; ``build`` gives their block of ``ui_events``."""

    def __init__(self) -> None:
        self.rows = 0
        self.refused: list[tuple[int, str]] = []
        self._batches: list[Batch] = []
        self._numbers: list[int] = []
        self._waiting: list[tuple[int, Batch]] = []
        self._waiting_rows = 0
        self._messages = 0
        self._block = b""
        self._codes = {name: Codes() for name in _CODED}
        self._parts: dict[str, list[NDArray[Any]]] = {name: [] for name in (*_TYPES, *_OBJECTS)}

    def add(self, value: bytes) -> None:
        """Take in one message. What is no batch, or does not fit the table, is put into ``refused`` with its number."""
        number = self._messages
        self._messages += 1
        try:
            batch = _decoder.decode(value)
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
        for name, part in _take_apart(events, self._codes).items():
            self._parts[name].append(part)
        self._batches += batches
        self._numbers += [number for number, _ in numbered]

    def build(self, without: frozenset[int] = frozenset()) -> bytes:
        """The block, in the table's order, without the rows whose numbers (in that order) are in ``without``."""
        return self._build(without) if without else self._block

    def _build(self, without: frozenset[int]) -> bytes:
        owner, row = self._order()
        if without:
            keep = np.ones(len(row), dtype=bool)
            keep[list(without)] = False
            owner, row = owner[keep], row[keep]
        columns = [*self._batch_columns(owner, row), *self._event_columns(row), *self._object_columns(row)]
        return native.block(columns, len(row))

    def message_of(self, row: int) -> int:
        """Number of the message that the block's row ``row`` comes from."""
        return self._numbers[int(self._order()[0][row])]

    def keys(self) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
        """What names the rows for ever, in the block's order: distinct agents, index of the agent, sequence number."""
        owner, row = self._order()
        agents = native.code((batch.agent for batch in self._batches), len(self._batches))
        return list(agents.values), agents.codes[owner], self._seq(owner, row)

    def sent(self) -> list[tuple[int, int]]:
        """For each batch, when it was handed over and when its last event happened (milliseconds)."""
        return [(batch.sent_ms, batch.events[-1].at_ms) for batch in self._batches if batch.events]

    def _order(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """For each row of the block: its batch, and its place among the events as they came."""
        batches = self._batches
        order = np.array(
            sorted(range(len(batches)), key=lambda n: (batches[n].tenant, batches[n].agent, batches[n].first_seq)),
            dtype=np.int64,
        )
        lengths = np.array([len(batch.events) for batch in batches], dtype=np.int64)
        return np.repeat(order, lengths[order]), native.gather(order, lengths)

    def _seq(self, owner: NDArray[Any], row: NDArray[Any]) -> NDArray[Any]:
        lengths = np.array([len(batch.events) for batch in self._batches], dtype=np.int64)
        firsts = np.array([batch.first_seq for batch in self._batches], dtype=np.int64)
        seq: NDArray[Any] = (firsts - (np.cumsum(lengths) - lengths))[owner] + row
        return seq

    def _batch_columns(self, owner: NDArray[Any], row: NDArray[Any]) -> Iterable[Column]:
        for name in _BATCH_STRINGS:
            coded = native.code(map(attrgetter(name), self._batches), len(self._batches))
            yield Column(name, _LC, native.low_cardinality(native.Coded(coded.values, coded.codes[owner])))
        sent = np.array([batch.sent_ms for batch in self._batches], dtype="<i8")
        yield Column("sent_ms", _TIME, sent[owner].tobytes())
        yield Column("seq", "UInt64", self._seq(owner, row).astype("<u8").tobytes())

    def _event_columns(self, row: NDArray[Any]) -> Iterable[Column]:
        for name, kind in _TYPES.items():
            data = _joined(self._parts[name])[row]
            if name in self._codes:
                yield Column(name, kind, native.low_cardinality(native.Coded(list(self._codes[name]), data)))
            else:
                yield Column(name, kind, data.tobytes())

    def _object_columns(self, row: NDArray[Any]) -> Iterable[Column]:
        counts = _joined(self._parts["object_count"])
        elements = native.gather(row, counts)
        kinds = native.Coded(list(self._codes["object_kind"]), _joined(self._parts["object_kind"])[elements])
        yield Column("objects.kind", f"Array({_LC})", native.low_cardinality_array(counts[row], kinds))
        digests = _joined(self._parts["object_digest"])[elements].astype("<u8")
        yield Column("objects.digest", "Array(UInt64)", native.array(counts[row], digests.tobytes()))


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _take_apart(events: list[Event], codes: dict[str, Codes]) -> dict[str, NDArray[Any]]:
    """One array per column of :data:`_TYPES`, and for the objects those of :data:`_OBJECTS`.

    Raises:
        OverflowError: a number does not fit its column.
    """
    kind, app, screen = codes["kind"], codes["app"], codes["screen"]
    element, shortcut = codes["element"], codes["shortcut"]
    parts: dict[str, NDArray[Any]] = {
        "at_ms": np.array([event.at_ms for event in events], dtype="<i8"),
        "active_ms": np.array([event.active_ms for event in events], dtype="<u4"),
        "missing": _mostly_zero([event.missing for event in events]),
        "injected": np.frombuffer(bytes([event.injected for event in events]), dtype="<u1"),
        "kind": _indexes([kind[event.kind] for event in events], kind),
        "app": _indexes([app[event.app] for event in events], app),
        "screen": _indexes([screen[event.screen] for event in events], screen),
        "element": _indexes([element[event.element] for event in events], element),
        "shortcut": _indexes([shortcut[event.shortcut] for event in events], shortcut),
    }
    if int(parts["at_ms"].min()) < 0 or int(parts["at_ms"].max()) > MAX_TIME_MS:
        raise OverflowError("at_ms is out of bounds")
    count = len(events)
    rows = [row for row, event in enumerate(events) if event.keys is not None]
    typed = [events[row].keys for row in rows]
    for name, field in _KEYS:
        parts[name] = _sparse("<u4", count, rows, list(map(field, typed)))
    rows = [row for row, event in enumerate(events) if event.value is not None]
    values = [value for event in events if (value := event.value) is not None]
    form = codes["value_form"]
    none = form[""]
    parts["value_digest"] = _sparse("<u8", count, rows, [value.digest for value in values])
    parts["value_length"] = _sparse("<u1", count, rows, [value.length for value in values])
    parts["value_form"] = _sparse("<u4", count, rows, [form[value.form] for value in values], none)
    rows = [row for row, event in enumerate(events) if event.objects]
    objects = [item for row in rows for item in events[row].objects]
    parts["object_count"] = _sparse("<i8", count, rows, [len(events[row].objects) for row in rows])
    parts["object_digest"] = np.array([item.digest for item in objects], dtype="<u8")
    parts["object_kind"] = np.array([codes["object_kind"][item.kind] for item in objects], dtype="<u4")
    return parts


def _indexes(values: list[int], codes: Codes) -> NDArray[Any]:
    """Indexes into ``codes``; while those are few, by way of ``bytes``, which takes a quarter of the time."""
    if len(codes) <= 256:
        return np.frombuffer(bytes(values), dtype="<u1")
    return np.array(values, dtype="<u4")


def _mostly_zero(values: list[int]) -> NDArray[Any]:
    return np.array(values, dtype="<u4") if any(values) else np.zeros(len(values), dtype="<u4")


def _sparse(kind: str, count: int, rows: list[int], values: list[int], default: int = 0) -> NDArray[Any]:
    """``count`` times ``default``, with ``values`` at ``rows``: most events have no keys, no value, no objects."""
    column = np.full(count, default, dtype=kind)
    column[rows] = np.array(values, dtype=kind)
    return column
