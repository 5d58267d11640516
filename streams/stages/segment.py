"""The segmenting stage: one agent's events in, its recognised executions out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from streams.discovery.model import FOCUS, WRITE, Model
from streams.discovery.segmenter import Piece, Segmenter
from taskstream.events import UiEvent
from taskstream.records import Segment, Step

IDLE_MS: Final = 30_000
"""A gap between two events counts as active time up to this."""
MIN_STEPS: Final = 2
"""A segment of fewer steps is not an execution of anything."""

_PASSED_OVER: Final = frozenset({"scroll", "idle", "lock", "unlock", "gap", "health"})
"""Kinds that are never part of a routine."""


Members = Callable[[Segment, list[int], list[int]], None]
"""Told of each segment: the seqs of all its events, and the number of the step that each was folded into.

Only a miner of files needs this: to say of each row what it belongs to.
"""
_ROLES: Final[tuple[Literal["", "read", "write"], ...]] = ("", "read", "write", "")
"""By class of activity."""


class AgentSegmenter:
    """One agent's segmentation. Deterministic: results depend on the events and their order alone.

    The raw events decide the borders; the steps that are handed on are folded: a click into a field that is then
    written, repeated edits of one field and the recorder's twins of one action are one step.
    """

    __slots__ = ("_core", "_names", "on_members")

    def __init__(self, tenant: str, team: str, actor: str, agent: str) -> None:
        self.on_members: Members | None = None
        self._names = (tenant, team, actor, agent)
        self._core = Segmenter()

    def push(self, seq: int, event: UiEvent) -> Sequence[Segment]:
        """Take the next event; the executions that this decides."""
        if event.kind in _PASSED_OVER:
            return ()
        core = self._core
        value = event.value
        act = core.model.activities.id_of(event)
        if core.push(seq, act, event.at_ms, value.digest if value is not None else 0):
            return self._taken(core.decide(final=False))
        return ()

    def flush(self) -> Sequence[Segment]:
        """Decide everything still open: the session is closed."""
        return self._taken(self._core.decide(final=True))

    def _taken(self, pieces: list[Piece]) -> list[Segment]:
        return [segment for piece in pieces if (segment := self._segment(piece)) is not None]

    def _segment(self, piece: Piece) -> Segment | None:
        """The record of a piece; None when nothing but a lone step is left of it."""
        model = self._core.model
        names, classes = model.activities.names, model.classes
        folded = fold(piece, model)
        if len(folded.acts) < MIN_STEPS:
            return None
        tenant, team, actor, agent = self._names
        seqs, times = piece.seqs, piece.times
        first_ms = times[0]
        last_ms = max(times[-1], first_ms)
        actives = folded.actives
        steps = tuple([
            Step(names[act], seq, at_ms - first_ms if at_ms > first_ms else 0, until - since, _ROLES[classes[act]])
            for act, seq, at_ms, since, until in zip(
                folded.acts, folded.seqs, folded.times, actives, [*actives[1:], folded.active_ms], strict=True
            )
        ])  # fmt: skip
        segment = Segment(
            id=f"{agent}:{seqs[0]}",
            tenant=tenant,
            team=team,
            actor=actor,
            agent=agent,
            first_seq=seqs[0],
            last_seq=seqs[-1],
            start_ms=first_ms,
            end_ms=last_ms,
            active_ms=folded.active_ms,
            waiting_ms=max(last_ms - first_ms - folded.active_ms, 0),
            steps=steps,
            apps=tuple(dict.fromkeys([model.apps[act] for act in folded.acts])),
            lane=piece.lane,
            complete=piece.complete,
            transfers=folded.transfers,
            written=folded.written,
            confidence=round(1.0 / (1.0 + math.exp(-max(piece.score, -20.0))), 4),
        )
        if self.on_members is not None:
            self.on_members(segment, seqs, folded.into)
        return segment

    def dump(self) -> bytes:
        """The complete state."""
        return msgspec.msgpack.encode([self._names, self._core.dump()])

    @classmethod
    def load(cls, data: bytes) -> AgentSegmenter:
        """The inverse of :meth:`dump`."""
        names, core = msgspec.msgpack.decode(data)
        made = cls(*names)
        made._core = Segmenter.load(core)
        return made


class Folded(NamedTuple):
    """The steps of a piece. ``into``: for each event the number of its step; ``actives``: active time before a step."""

    acts: list[int]
    seqs: list[int]
    times: list[int]
    actives: list[int]
    into: list[int]
    active_ms: int
    written: int
    transfers: int


def fold(piece: Piece, model: Model) -> Folded:
    """Make one step of a click into a field and the writing there, of repeated edits, of twins of one action."""
    classes, targets = model.classes, model.targets
    acts: list[int] = []
    seqs: list[int] = []
    times: list[int] = []
    actives: list[int] = []
    into: list[int] = []
    read: set[int] = set()
    active = written = transfers = 0
    before_ms = piece.times[0]
    last_target, last_class, last_act = -1, -1, -1
    for act, at_ms, seq, digest in zip(piece.acts, piece.times, piece.seqs, piece.digests, strict=True):
        gap = at_ms - before_ms
        if gap > 0:
            active += gap if gap < IDLE_MS else IDLE_MS
        before_ms = at_ms
        kind, target = classes[act], targets[act]
        if target == last_target:
            if act == last_act or kind == FOCUS or (kind == WRITE and last_class == WRITE):
                into.append(len(acts) - 1)
                continue
            if last_class == FOCUS:
                acts[-1], seqs[-1] = act, seq
            else:
                acts.append(act)
                seqs.append(seq)
                times.append(at_ms)
                actives.append(active)
        else:
            acts.append(act)
            seqs.append(seq)
            times.append(at_ms)
            actives.append(active)
        into.append(len(acts) - 1)
        if digest:
            if kind == WRITE:
                written += 1
                transfers += digest in read
            else:
                read.add(digest)
        last_target, last_class, last_act = target, kind, act
    return Folded(acts, seqs, times, actives, into, active, written, transfers)
