"""The contract between streams and sinks: UI events of many batches, column by column, version 1.

One Kafka message of ``ui-events.clean`` is one :class:`EventColumns` in JSON. It takes a third of the bytes of the
batches that are in it, and a reader that wants columns has next to nothing to do: strings stand once, numbers are
packed. A packed column is base64 of little-endian unsigned numbers of one width (``at_ms`` is signed), one an event.

For those who want batches: ``batches(decode(value))``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from taskstream.events import EventBatch, KeyCounts, ObjectRef, UiEvent, Value

COLUMNS_TYPE: Final = b"taskstream.event-columns"
MAX_ROWS: Final = 1 << 16
"""Most events in a message; their numbers fit into two bytes."""

CODE: Final = "H"
"""How the index of a string, or the number of a row, is packed: two bytes, as module :mod:`struct` names it."""
TIME: Final = "q"
COUNT: Final = "I"
DIGEST: Final = "Q"
LENGTH: Final = "B"


class _Columns(Struct, frozen=True, omit_defaults=True, gc=False):
    """Base of the structs here. A column that is left out is 0 in every row."""


class KeyColumns(_Columns, frozen=True):
    """Events with key counts: their rows, and each count (see :class:`taskstream.events.KeyCounts`), 4 bytes wide."""

    rows: bytes
    letter: bytes = b""
    digit: bytes = b""
    punctuation: bytes = b""
    edit: bytes = b""
    navigation: bytes = b""
    function: bytes = b""
    shortcut: bytes = b""


class ValueColumns(_Columns, frozen=True):
    """Events with a value: their rows, its digest (8 bytes), length (1 byte) and form (index of a string)."""

    rows: bytes
    digest: bytes
    length: bytes
    form: bytes


class ObjectColumns(_Columns, frozen=True):
    """Business objects: the row of the event of each, its kind (index of a string), its digest (8 bytes)."""

    rows: bytes
    kind: bytes
    digest: bytes


class MissingColumns(_Columns, frozen=True):
    """Gaps: their rows, and how many events are missing (4 bytes)."""

    rows: bytes
    missing: bytes


class EventColumns(_Columns, frozen=True):
    """Events of several batches, one batch after the other.

    ``strings``  every string that occurs, once; elsewhere its index (2 bytes where packed) stands for it
    ``tenant`` ... ``sent_ms``  one entry a batch, see :class:`taskstream.events.EventBatch`
    ``events``   how many events each batch has
    ``at_ms`` ... ``shortcut``  packed, one number an event, see :class:`taskstream.events.UiEvent`; ``at_ms`` has
    8 bytes, ``active_ms`` 4
    ``keys``, ``values``, ``objects``, ``missing``  what only some events have
    ``injected``  rows of the events that a program caused
    """

    schema: Literal[1]
    strings: list[str]
    tenant: list[int]
    team: list[int]
    actor: list[int]
    agent: list[int]
    policy: list[int]
    first_seq: list[int]
    sent_ms: list[int]
    events: list[int]
    at_ms: bytes
    active_ms: bytes
    kind: bytes
    app: bytes
    screen: bytes
    element: bytes
    shortcut: bytes
    keys: KeyColumns | None = None
    values: ValueColumns | None = None
    objects: ObjectColumns | None = None
    missing: MissingColumns | None = None
    injected: bytes = b""


_decoder = msgspec.json.Decoder(EventColumns)


def decode(data: bytes) -> EventColumns:
    """The columns in ``data``. Their lengths and indexes are not checked.

    Raises:
        msgspec.ValidationError: a column is missing or of a wrong type.
        msgspec.DecodeError: not JSON.
    """
    return _decoder.decode(data)


def pack(kind: str, numbers: Sequence[int]) -> bytes:
    """A packed column; ``kind`` is one of :data:`CODE`, :data:`TIME`, :data:`COUNT`, :data:`DIGEST`, :data:`LENGTH`.

    Raises:
        struct.error: a number does not fit.
    """
    return struct.pack(f"<{len(numbers)}{kind}", *numbers)


def unpack(kind: str, data: bytes) -> Sequence[int]:
    """The numbers of a packed column.

    Raises:
        struct.error: ``data`` is not a whole number of them.
    """
    return struct.unpack(f"<{len(data) // struct.calcsize(kind)}{kind}", data)


def batches(columns: EventColumns) -> list[EventBatch]:
    """The batches again, as they were gathered.

    Raises:
        ValueError, IndexError, struct.error: the columns do not fit each other.
    """
    heads = (columns.tenant, columns.team, columns.actor, columns.agent, columns.policy, columns.events)
    if any(number < 0 for column in heads for number in column):
        raise ValueError("a negative index or count")
    strings, rows = columns.strings, sum(columns.events)
    extra: list[dict[str, Any]] = [{} for _ in range(rows)]
    if columns.keys is not None:
        names = KeyCounts.__struct_fields__
        packed = [getattr(columns.keys, name) for name in names]
        own = unpack(CODE, columns.keys.rows)
        counts = zip(*(unpack(COUNT, data) if data else [0] * len(own) for data in packed), strict=True)
        for row, found in zip(own, counts, strict=True):
            extra[row]["keys"] = KeyCounts(*found)
    if columns.values is not None:
        values = columns.values
        for row, digest, length, form in zip(
            unpack(CODE, values.rows), unpack(DIGEST, values.digest), unpack(LENGTH, values.length),
            unpack(CODE, values.form), strict=True,
        ):  # fmt: skip
            extra[row]["value"] = Value(digest, length, strings[form])  # type: ignore[arg-type]
    if columns.objects is not None:
        objects = columns.objects
        for row, kind, digest in zip(
            unpack(CODE, objects.rows), unpack(CODE, objects.kind), unpack(DIGEST, objects.digest), strict=True
        ):
            extra[row]["objects"] = (*extra[row].get("objects", ()), ObjectRef(strings[kind], digest))
    if columns.missing is not None:
        for row, missing in zip(
            unpack(CODE, columns.missing.rows), unpack(COUNT, columns.missing.missing), strict=True
        ):
            extra[row]["missing"] = missing
    for row in unpack(CODE, columns.injected):
        extra[row]["injected"] = True
    events = [
        UiEvent(
            at_ms=at_ms, kind=strings[kind], app=strings[app], screen=strings[screen],
            element=strings[element], active_ms=active_ms, shortcut=strings[shortcut], **more,
        )
        for at_ms, active_ms, kind, app, screen, element, shortcut, more in zip(
            unpack(TIME, columns.at_ms), unpack(COUNT, columns.active_ms), unpack(CODE, columns.kind),
            unpack(CODE, columns.app), unpack(CODE, columns.screen), unpack(CODE, columns.element),
            unpack(CODE, columns.shortcut), extra, strict=True,
        )
    ]  # fmt: skip
    made, start = [], 0
    for tenant, team, actor, agent, policy, first_seq, sent_ms, count in zip(
        columns.tenant, columns.team, columns.actor, columns.agent, columns.policy, columns.first_seq,
        columns.sent_ms, columns.events, strict=True,
    ):  # fmt: skip
        made.append(
            EventBatch(
                schema=1, tenant=strings[tenant], team=strings[team], actor=strings[actor], agent=strings[agent],
                first_seq=first_seq, events=tuple(events[start : start + count]), policy=strings[policy],
                sent_ms=sent_ms,
            )
        )  # fmt: skip
        start += count
    return made
