"""The contract between desktops and streams: UI events, version 1.

One Kafka message of the topic ``ui-events`` is one :class:`EventBatch` in JSON. ``(agent, seq)``, with
``seq = first_seq + index``, names an event for ever. Nothing outside these fields exists: an undeclared field, a
wrong type, a string or a batch beyond its bound is refused (deny by default), at the endpoint and in the stream.
There is no field for characters typed, clipboard contents, screenshots or coordinates.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta, Struct

SCHEMA_VERSION: Final = 1

MAX_EVENTS: Final = 1_000
"""Events a batch holds at most."""
MAX_BATCH_BYTES: Final = 1_000_000
"""Bytes an encoded batch holds at most (Kafka's own default bound on a message is 1 MiB)."""
MAX_TIME_MS: Final = 253_402_300_799_999
"""End of the year 9999, the latest time ClickHouse and Python can both hold."""
MAX_SEQ: Final = 2**53 - 1
"""Largest sequence number; beyond it JSON numbers are no longer exact in every language."""

Kind = Literal[
    "window", "click", "keys", "shortcut", "copy", "cut", "paste", "edit", "navigate", "submit", "open", "save",
    "scroll", "idle", "lock", "unlock", "gap", "health",
]  # fmt: skip
KINDS: Final[tuple[str, ...]] = get_args(Kind)

MAX_ADVANCE_MS: Final = 7 * 86_400_000
"""A heartbeat advances event time by this at most, and no number of them further beyond the broker's time."""

Name = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(max_length=256)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Millis = Annotated[int, Meta(ge=0, le=MAX_TIME_MS)]
Seq = Annotated[int, Meta(ge=0, le=MAX_SEQ)]
Digest = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""A keyed hash of 53 bits, 0 for none. A number, so that no text can stand in its place; exact in every JSON reader."""

Form = Literal[
    "", "text", "name", "number", "money", "percent", "date", "date:iso", "time", "email", "phone", "iban", "card",
    "id", "url", "path", "code", "boolean", "file", "table",
]  # fmt: skip


class _Contract(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all contract structs: immutable, closed, and defaults cost no bytes."""


class KeyCounts(_Contract, frozen=True):
    """How many keys of each class a burst of typing held. Never which keys, never their timing."""

    letter: Count = 0
    digit: Count = 0
    punctuation: Count = 0
    edit: Count = 0
    navigation: Count = 0
    function: Count = 0
    shortcut: Count = 0


class Value(_Contract, frozen=True):
    """What may be known of a value without its content.

    ``digest`` is a keyed hash that allows equality alone; it is 0 for short or low-entropy values.
    ``length`` is a bucket: the number of binary digits of the length in characters (0 for empty, 4 for 8 to 15).
    ``form`` is its format class.
    """

    digest: Digest = 0
    length: Annotated[int, Meta(ge=0, le=32)] = 0
    form: Form = ""


class ObjectRef(_Contract, frozen=True):
    """A business key (invoice, order, ticket ...) found in a title or URL: its kind, and a keyed hash of the key."""

    kind: Annotated[str, Meta(min_length=1, max_length=32)]
    digest: Digest


class UiEvent(_Contract, frozen=True):
    """One UI event, after coalescing and redaction.

    ``at_ms``       when, in milliseconds since the epoch, by the desktop's clock
    ``kind``        what (:data:`Kind`)
    ``app``         application name, such as ``excel`` or ``chrome``
    ``screen``      normalised window or page: sheet, URL path, window template; no ids, no values
    ``element``     ``role:label`` of the UI element, such as ``button:submit``, ``field:amount``, ``cell:c``
    ``active_ms``   time the person was active in this event (milliseconds), such as the length of a typing burst
    ``keys``        key counts by class, for kind ``keys`` and ``edit``
    ``shortcut``    name of an allow-listed shortcut such as ``ctrl+c``; else empty
    ``value``       content-free description of a value read, copied, pasted or written
    ``objects``     business objects the screen names
    ``injected``    true when the input came from a program (a robot), not from a person
    ``missing``     for kind ``gap``: how many events were dropped on purpose before this one
    """

    at_ms: Millis
    kind: Kind
    app: Annotated[str, Meta(max_length=64)] = ""
    screen: Text = ""
    element: Text = ""
    active_ms: Annotated[int, Meta(ge=0, le=86_400_000)] = 0
    keys: KeyCounts | None = None
    shortcut: Annotated[str, Meta(max_length=32)] = ""
    value: Value | None = None
    objects: Annotated[tuple[ObjectRef, ...], Meta(max_length=8)] = ()
    injected: bool = False
    missing: Count = 0


class EventBatch(_Contract, frozen=True):
    """Events of one agent, consecutive in its own numbering: one Kafka message, keyed by ``actor``.

    ``schema``      version of this contract (1)
    ``tenant``      whose data it is
    ``team``        the person's team when the events happened
    ``actor``       pseudonym of the person
    ``agent``       one installation in one desktop session; sequence numbers are its own
    ``first_seq``   sequence number of ``events[0]``; the others follow without gaps
    ``policy``      hash of the signed policy in force
    ``sent_ms``     when the agent handed the batch to Kafka, by the desktop's clock (milliseconds since the epoch);
                    0 where unknown. Beside the broker's time it shows a wrong clock, whatever the events' age.
    """

    schema: Literal[1]
    tenant: Name
    team: Name
    actor: Name
    agent: Name
    first_seq: Seq
    events: Annotated[tuple[UiEvent, ...], Meta(min_length=1, max_length=MAX_EVENTS)]
    policy: Annotated[str, Meta(max_length=128)] = ""
    sent_ms: Millis = 0


class Heartbeat(Struct, frozen=True, omit_defaults=True):
    """A record in ``ui-events`` that advances event time where no events come, so that idle partitions still close.

    ``advance_ms`` is added to the partition's watermark, which it never takes further beyond the broker's time of the
    heartbeat than :data:`MAX_ADVANCE_MS`. Written through the log, so that a replay sees it again.
    ``at_ms`` is the event time known to be reached in other partitions (0: unknown). A partition that never held an
    event starts there, and one whose heartbeat carries :data:`FOLLOW_HEADER` goes on to it, as far as the broker's
    time; so neither holds back the windows of the others.
    It carries the header ``ce_type: taskstream.tick`` that tells it from a batch.
    """

    schema: Literal[1]
    advance_ms: Annotated[int, Meta(ge=1, le=MAX_ADVANCE_MS)]
    at_ms: Millis = 0


FOLLOW_HEADER: Final = "taskstream.follow"
"""Header of a heartbeat that was written when all input of its partition had been read."""
HEARTBEAT_TYPE: Final = b"taskstream.tick"
"""An older name, kept because logs and other writers hold it."""
BATCH_TYPE: Final = b"taskstream.events"
TABLES_HEADER: Final = "taskstream.tables"
"""Header of a heartbeat that holds what was learned of a tenant's work: the partition uses it from there on. A version
that knows nothing of it takes the heartbeat alone."""

_encoder = msgspec.json.Encoder()
_batch_decoder = msgspec.json.Decoder(EventBatch)
_heartbeat_decoder = msgspec.json.Decoder(Heartbeat)


def encode(message: Struct) -> bytes:
    """JSON bytes of a contract or record struct; fields in declaration order, defaults of contract structs left out."""
    return _encoder.encode(message)


def decode_batch(data: bytes) -> EventBatch:
    """The batch in ``data``.

    Raises:
        msgspec.ValidationError: a field is unknown, missing, of a wrong type or out of bounds.
        msgspec.DecodeError: not JSON, or larger than :data:`MAX_BATCH_BYTES`.
    """
    if len(data) > MAX_BATCH_BYTES:
        raise msgspec.DecodeError(f"batch of {len(data)} bytes is over the limit of {MAX_BATCH_BYTES}")
    return _batch_decoder.decode(data)


def decode_heartbeat(data: bytes) -> Heartbeat:
    """The heartbeat in ``data``. Raises as :func:`decode_batch` does."""
    return _heartbeat_decoder.decode(data)


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of :class:`EventBatch`."""
    schema = msgspec.json.schema(EventBatch)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Taskstream EventBatch, version 1",
    } | schema
