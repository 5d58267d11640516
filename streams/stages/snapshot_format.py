"""What is stored of a partition in snapshots, as msgpack arrays.

These structs stand apart from the code that works on them: that code is compiled, and a compiled module cannot define
a struct.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from streams.stages.deduplicate import Numbering
from streams.stages.stage_settings import StageSettings
from taskstream.records import Int

HEAD: Final = "p"
"""Name of the item that every snapshot has, and that tells how many chunks of cells belong to it."""
MAX_SESSION_APPS: Final = 256
"""Distinct applications counted in a session at most."""


class OpenSession(Struct, array_like=True):
    """A session that is still open. Times in milliseconds."""

    first_seq: Int
    last_seq: Int
    start_ms: Int
    end_ms: Int
    active_ms: Int
    events: Int
    apps: set[str]
    switches: Int
    app: str
    day_end_ms: Int

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

    seq: Int
    at_ms: Int
    app: str
    screen: str
    element: str
    form: str


Links = tuple[dict[int, ValueSource], ValueSource | None, int, tuple[str, str, str, int]]
"""Recent values by digest; the clipboard's source and digest; the field written last, with its digest."""


NO_TIMES: Final = msgspec.Raw(msgspec.msgpack.encode([]))
"""What an earlier version has written of times."""


class AgentSnapshot(Struct, array_like=True, frozen=True, tag="open"):
    """An agent in a snapshot.

    ``times``  of what is under way in the segmenter, a list of numbers that is kept packed; at the end, where earlier
               versions pass it over
    """

    tenant: str
    team: str
    actor: str
    touched: Int
    seen_ms: Int
    behind_ms: Int
    numbering: Numbering
    sessioniser: tuple[OpenSession | None]
    linker: Links
    segmenter: bytes
    times: msgspec.Raw = NO_TIMES


class SilentAgentSnapshot(Struct, array_like=True, frozen=True, tag="closed"):
    """What is kept of an agent that fell silent: its numbers, so that a batch sent again is still cut.

    ``model``  only in snapshots of format 1, which kept what was learned by agent; see :class:`PersonModel`
    """

    numbering: Numbering
    touched: Int
    seen_ms: Int
    model: bytes = b""


Person = tuple[str, str]
"""tenant, actor"""


class PersonModel(Struct, array_like=True, frozen=True):
    """What the segmenter has learned of a person, compressed, for the person's next agent to go on with.

    ``order``    in which they were kept; ``seen_ms``: the watermark when the last record of the agent came
    """

    order: Int
    seen_ms: Int
    model: bytes


class PartitionSnapshot(Struct, array_like=True, frozen=True):
    """What a partition keeps beside its agents and cells.

    ``settings``  those with which the state came about; records that a restore runs again are run with the same ones.
                  None in snapshots of format 1
    """

    watermark_ms: Int
    horizon: Int | None
    released: Int
    chunks: dict[Int, Int]
    late_chunks: Int
    settings: StageSettings | None = None


_SEPARATOR: Final = "\x1f"
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AgentSnapshot | SilentAgentSnapshot)


def model_key(person: Person) -> str:
    """Key of a person's model among the items of a snapshot."""
    return f"m:{person[0]}{_SEPARATOR}{person[1]}"


def person_named(name: str) -> Person:
    """The person whose key is ``m:name``."""
    tenant, _, actor = name.partition(_SEPARATOR)
    return tenant, actor


def encode_agent(saved: AgentSnapshot | SilentAgentSnapshot) -> bytes:
    """A snapshot item of an agent."""
    return _encoder.encode(saved)


def decode_agent(data: bytes) -> AgentSnapshot | SilentAgentSnapshot:
    """What a snapshot item of an agent holds."""
    saved: AgentSnapshot | SilentAgentSnapshot = _decoder.decode(data)
    return saved
