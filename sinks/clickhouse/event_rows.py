"""Batches of UI events as the sink decodes them."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from taskstream.events import Kind


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


_decoder = msgspec.json.Decoder(Batch)


def decode(value: bytes) -> Batch:
    """The batch in ``value``.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _decoder.decode(value)
