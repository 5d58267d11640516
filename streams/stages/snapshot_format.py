"""What is stored of a partition in snapshots, as msgpack arrays.

These structs stand apart from the code that works on them: that code is compiled, and a compiled module cannot define
a struct.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from streams.stages.deduplicate import Numbering

MAX_SESSION_APPS: Final = 256
"""Distinct applications counted in a session at most."""


class OpenSession(Struct, array_like=True):
    """A session that is still open. Times in milliseconds."""

    first_seq: int
    last_seq: int
    start_ms: int
    end_ms: int
    active_ms: int
    events: int
    apps: set[str]
    switches: int
    app: str
    day_end_ms: int

    def switch(self, app: str) -> None:
        """The person went on in another application."""
        self.app = app
        self.switches += 1
        if len(self.apps) < MAX_SESSION_APPS:
            self.apps.add(app)

    def store(self, last_seq: int, end_ms: int, active_ms: int, events: int) -> None:
        """Take over what :meth:`Sessioniser.push` has counted."""
        self.last_seq, self.end_ms, self.active_ms, self.events = last_seq, end_ms, active_ms, events


class ValueSource(Struct, array_like=True, frozen=True):
    """Where and when a value was read or copied."""

    seq: int
    at_ms: int
    app: str
    screen: str
    element: str
    form: str


Links = tuple[dict[int, ValueSource], ValueSource | None, int, tuple[str, str, str, int]]
"""Recent values by digest; the clipboard's source and digest; the field written last, with its digest."""


class AgentSnapshot(Struct, array_like=True, frozen=True, tag="open"):
    """An agent in a snapshot."""

    tenant: str
    team: str
    actor: str
    touched: int
    seen_ms: int
    behind_ms: int
    numbering: Numbering
    sessioniser: tuple[OpenSession | None]
    linker: Links
    segmenter: bytes


class SilentAgentSnapshot(Struct, array_like=True, frozen=True, tag="closed"):
    """What is kept of an agent that fell silent: its numbers, so that a batch sent again is still cut, and its model.

    ``model``  what its segmenter has learned, compressed, for the agent to go on with when it returns; empty when it
               had to make room
    """

    numbering: Numbering
    touched: int
    seen_ms: int
    model: bytes = b""


class PartitionSnapshot(Struct, array_like=True, frozen=True):
    """What a partition keeps beside its agents and cells."""

    watermark_ms: int
    horizon: int | None
    released: int
    chunks: dict[int, int]
    late_chunks: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AgentSnapshot | SilentAgentSnapshot)


def encode_agent(saved: AgentSnapshot | SilentAgentSnapshot) -> bytes:
    """A snapshot item of an agent."""
    return _encoder.encode(saved)


def decode_agent(data: bytes) -> AgentSnapshot | SilentAgentSnapshot:
    """What a snapshot item of an agent holds."""
    saved: AgentSnapshot | SilentAgentSnapshot = _decoder.decode(data)
    return saved
