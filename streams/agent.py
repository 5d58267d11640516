"""State of one agent: numbering, session, recent values, open executions; all in the agent's own event time."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from streams.stages.deduplicate import Numbering
from streams.stages.link import Linker
from streams.stages.segment import AgentSegmenter
from streams.stages.sessionise import Sessioniser


class Agent:
    """One agent.

    ``touched``    offset of its last record: the order in which agents fall silent
    ``seen_ms``    the partition's watermark when that record came
    ``behind_ms``  how far that record's last event lay behind the watermark
    """

    __slots__ = (
        "actor", "agent", "behind_ms", "key", "linker", "numbering", "seen_ms", "segmenter", "sessioniser", "source",
        "team", "tenant", "touched",
    )  # fmt: skip

    def __init__(self, tenant: str, team: str, actor: str, agent: str) -> None:
        self.tenant = tenant
        self.team = team
        self.actor = actor
        self.agent = agent
        self.key = actor.encode()
        self.source = agent.encode()
        self.numbering = Numbering()
        self.sessioniser = Sessioniser()
        self.linker = Linker()
        self.segmenter = AgentSegmenter(tenant, team, actor, agent)
        self.touched = -1
        self.seen_ms = 0
        self.behind_ms = 0

    def dump(self) -> bytes:
        """Everything, in msgpack."""
        numbering, sessioniser, linker, segmenter = self.numbering, self.sessioniser, self.linker, self.segmenter.dump()
        return _encoder.encode(
            AgentImage(
                self.tenant,
                self.team,
                self.actor,
                self.touched,
                self.seen_ms,
                self.behind_ms,
                numbering,
                sessioniser,
                linker,
                segmenter,
            )
        )

    @classmethod
    def load(cls, agent: str, image: AgentImage) -> Agent:
        """The agent that :meth:`dump` wrote."""
        self = cls(image.tenant, image.team, image.actor, agent)
        self.touched, self.seen_ms, self.behind_ms = image.touched, image.seen_ms, image.behind_ms
        self.numbering, self.sessioniser, self.linker = image.numbering, image.sessioniser, image.linker
        self.segmenter = AgentSegmenter.load(image.segmenter)
        return self


class AgentImage(Struct, array_like=True, frozen=True, tag="open"):
    """An agent in a snapshot."""

    tenant: str
    team: str
    actor: str
    touched: int
    seen_ms: int
    behind_ms: int
    numbering: Numbering
    sessioniser: Sessioniser
    linker: Linker
    segmenter: bytes


class ClosedImage(Struct, array_like=True, frozen=True, tag="closed"):
    """What is kept of an agent that fell silent: its numbers, so that a batch sent again is still cut."""

    numbering: Numbering
    touched: int
    seen_ms: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AgentImage | ClosedImage)


def dump_closed(closed: ClosedImage) -> bytes:
    """A silent agent's snapshot item."""
    return _encoder.encode(closed)


def load_image(data: bytes) -> AgentImage | ClosedImage:
    """What a snapshot item of an agent holds."""
    image: AgentImage | ClosedImage = _decoder.decode(data)
    return image
