"""State of one agent: numbering, session, recent values, open executions; all in the agent's own event time."""

from __future__ import annotations

import zlib
from typing import Final

import msgspec

from streams.stages.deduplicate import Numbering
from streams.stages.link import Linker
from streams.stages.segment import AgentSegmenter
from streams.stages.sessionise import Sessioniser
from streams.stages.snapshot_format import NO_TIMES, AgentSnapshot, Person, encode_agent

PACKING: Final = 1
"""zlib's fastest level: higher ones take several times as long for a tenth less."""


class AgentState:
    """One agent.

    ``touched``    offset of its last record: the order in which agents fall silent
    ``seen_ms``    the partition's watermark when that record came
    ``behind_ms``  how far that record's last event lay behind the watermark

    The segmenter is by far the largest part. It is kept in its stored form while the agent is quiet, and made when it
    is needed: a restore does not pay for agents that have nothing to say.
    """

    __slots__ = (
        "_segmenter", "_stored", "_times", "actor", "agent", "behind_ms", "key", "linker", "numbering", "seen_ms",
        "sessioniser", "team", "tenant", "touched",
    )  # fmt: skip

    def __init__(self, tenant: str, team: str, actor: str, agent: str) -> None:
        self.tenant = tenant
        self.team = team
        self.actor = actor
        self.agent = agent
        self.key = actor.encode()
        self.numbering = Numbering()
        self.sessioniser = Sessioniser()
        self.linker = Linker()
        self.touched = -1
        self.seen_ms = 0
        self.behind_ms = 0
        self._segmenter: AgentSegmenter | None = None
        self._stored = b""
        self._times = b""

    def segmenter(self) -> AgentSegmenter:
        """The segmenter, to push events into."""
        found = self._segmenter
        if found is None:
            owner = self.tenant, self.team, self.actor, self.agent
            if self._stored:
                found = self._loaded()
                found.owner = owner  # kept by person: of an earlier agent, maybe, or in an earlier team
            else:
                found = AgentSegmenter(*owner)
            self._segmenter = found
        self._stored = b""
        return found

    def reset_segmenter(self) -> None:
        """Begin segmentation afresh: what was open is given up."""
        self._segmenter = None
        self._stored = b""

    def learned(self) -> bytes:
        """What the segmenter has learned of the person, for another agent; empty where there is none."""
        found = self._segmenter
        if found is None:
            if not self._stored:
                return b""
            try:
                found = self._loaded()
            except Exception:  # noqa: BLE001  # a stored form that nobody of ours has written teaches nothing
                return b""
        return zlib.compress(found.learned(), PACKING)

    def resume(self, model: bytes) -> None:
        """Go on with what :meth:`learned` kept of the same person; afresh, where that cannot be read."""
        self._segmenter = None
        try:
            self._stored = zlib.decompress(model) if model else b""
        except zlib.error:
            self._stored = b""
        self._times = b""

    def rest(self) -> None:
        """Keep the segmenter in its stored form alone."""
        if self._segmenter is not None and not self._stored:
            self._store(self._segmenter)
        self._segmenter = None

    def cool(self) -> None:
        """Keep the segmenter in its stored form alone, if nothing was pushed since it was last dumped."""
        if self._stored:
            self._segmenter = None

    def dump(self) -> bytes:
        """Everything, in msgpack."""
        if self._segmenter is not None and not self._stored:
            self._store(self._segmenter)
        saved = AgentSnapshot(
            tenant=self.tenant,
            team=self.team,
            actor=self.actor,
            touched=self.touched,
            seen_ms=self.seen_ms,
            behind_ms=self.behind_ms,
            numbering=self.numbering,
            sessioniser=(self.sessioniser.open,),
            linker=self.linker.dump(),
            segmenter=self._stored,
            times=msgspec.Raw(self._times) if self._times else NO_TIMES,
        )
        return encode_agent(saved)

    @classmethod
    def load(cls, agent: str, saved: AgentSnapshot) -> AgentState:
        """The agent that :meth:`dump` wrote."""
        self = cls(saved.tenant, saved.team, saved.actor, agent)
        self.touched, self.seen_ms, self.behind_ms = saved.touched, saved.seen_ms, saved.behind_ms
        self.numbering = saved.numbering
        self.sessioniser, self.linker = Sessioniser(saved.sessioniser[0]), Linker.load(saved.linker)
        self._stored, self._times = saved.segmenter, bytes(saved.times)
        return self

    def _store(self, segmenter: AgentSegmenter) -> None:
        # Packed: as numbers, the times of 300 events take 10 KB of the 22 KB of an agent at rest.
        self._stored, self._times = segmenter.dump(), msgspec.msgpack.encode(segmenter.times())

    def _loaded(self) -> AgentSegmenter:
        times: list[int] = msgspec.msgpack.decode(self._times) if self._times else []
        return AgentSegmenter.load(self._stored, times)


def person_in(model: bytes) -> Person | None:
    """Whose model :meth:`AgentState.learned` gave; None where it cannot be read."""
    try:
        names = msgspec.msgpack.decode(zlib.decompress(model))[0]
        tenant, _, actor, _ = msgspec.convert(names, tuple[str, str, str, str])
    except Exception:  # noqa: BLE001  # as above
        return None
    return tenant, actor
