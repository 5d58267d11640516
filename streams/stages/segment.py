"""The segmenting stage: one agent's events in, its recognised executions out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from streams.discovery.model import COPY, FOCUS, WRITE
from streams.discovery.segmenter import Cut, Segmenter
from taskstream.events import UiEvent
from taskstream.records import Segment, Step

IDLE_MS: Final = 30_000
"""A gap between two events counts as active time up to this."""
MIN_STEPS: Final = 2
"""A segment of fewer steps is not an execution of anything."""

_PASSED_OVER: Final = frozenset({"scroll", "idle", "lock", "unlock", "gap", "health"})
"""Kinds that are never part of a routine."""


class AgentSegmenter:
    """One agent's segmentation. Deterministic: results depend on the events and their order alone.

    The raw events decide the borders; the steps that are handed on are folded: a click into a field that is then
    written, repeated edits of one field and the recorder's twins of one action are one step.
    """

    __slots__ = ("_core", "_digests", "_names", "_seqs")

    def __init__(self, tenant: str, team: str, actor: str, agent: str) -> None:
        self._names = (tenant, team, actor, agent)
        self._core = Segmenter()
        self._seqs: list[int] = []
        self._digests: list[int] = []

    def push(self, seq: int, event: UiEvent) -> Sequence[Segment]:
        """Take the next event; the executions that this decides."""
        if event.kind in _PASSED_OVER:
            return ()
        core = self._core
        value = event.value
        digest = value.digest if value is not None else 0
        self._seqs.append(seq)
        self._digests.append(digest)
        if core.push(core.model.activities.id_of(event), event.at_ms, digest):
            return self._take(final=False)
        return ()

    def flush(self) -> Sequence[Segment]:
        """Decide everything still open: the session is closed."""
        return self._take(final=True)

    def _take(self, *, final: bool) -> list[Segment]:
        core = self._core
        acts, times = core.acts, core.times
        size = len(acts)
        acts, times = acts[:], times[:]
        out: list[Segment] = []
        start, before = 0, 4.0
        for cut in core.decide(final):
            end = start + cut.events
            score = 4.0 if final and end == size else cut.score
            segment = self._segment(acts[start:end], times[start:end], start, cut, min(before, score))
            if segment is not None:
                out.append(segment)
            start, before = end, score
        del self._seqs[:start]
        del self._digests[:start]
        return out

    def _segment(self, acts: list[int], times: list[int], start: int, cut: Cut, score: float) -> Segment | None:
        model = self._core.model
        classes, targets, names = model.classes, model.targets, model.activities.names
        seqs = self._seqs[start : start + len(acts)]
        digests = self._digests[start : start + len(acts)]
        kept: list[list[int]] = []  # act, seq, time, active time so far
        read: set[int] = set()
        first_ms = before_ms = times[0]
        active = transfers = written = 0
        last_target, last_class, last_act = -1, -1, -1
        for act, at_ms, seq, digest in zip(acts, times, seqs, digests, strict=True):
            gap = at_ms - before_ms
            if gap > 0:
                active += gap if gap < IDLE_MS else IDLE_MS
            before_ms = at_ms
            kind, target = classes[act], targets[act]
            if target == last_target and (act == last_act or kind == FOCUS or (kind == WRITE and last_class == WRITE)):
                continue
            if target == last_target and last_class == FOCUS:
                kept[-1][0], kept[-1][1] = act, seq
            else:
                kept.append([act, seq, at_ms, active])
            if digest:
                if kind == WRITE:
                    written += 1
                    transfers += digest in read
                else:
                    read.add(digest)
            last_target, last_class, last_act = target, kind, act
        if len(kept) < MIN_STEPS:
            return None
        steps = []
        for number, (act, seq, at_ms, until) in enumerate(kept):
            after = kept[number + 1][3] if number + 1 < len(kept) else active
            steps.append(Step(names[act], seq, max(at_ms - first_ms, 0), after - until, _role(classes[act])))
        tenant, team, actor, agent = self._names
        apps = tuple(dict.fromkeys(model.apps[act] for act, *_ in kept))
        last_ms = max(before_ms, first_ms)
        return Segment(
            id=f"{agent}:{seqs[0]}",
            tenant=tenant,
            team=team,
            actor=actor,
            agent=agent,
            first_seq=seqs[0],
            last_seq=seqs[-1],
            start_ms=first_ms,
            end_ms=last_ms,
            active_ms=active,
            waiting_ms=max(last_ms - first_ms - active, 0),
            steps=tuple(steps),
            apps=apps,
            complete=cut.complete,
            transfers=transfers,
            written=written,
            confidence=round(1.0 / (1.0 + math.exp(-max(score, -20.0))), 4),
        )

    def dump(self) -> bytes:
        """The complete state."""
        seqs, times = self._seqs, self._core.times
        state: list[Any] = [self._names, self._core.dump(), _deltas(seqs), self._digests]
        state[1][2] = _deltas(times)
        return msgspec.msgpack.encode(state)

    @classmethod
    def load(cls, data: bytes) -> AgentSegmenter:
        """The inverse of :meth:`dump`."""
        names, core, seqs, digests = msgspec.msgpack.decode(data)
        made = cls(*names)
        core[2] = _sums(core[2])
        made._core = Segmenter.load(core)
        made._seqs = _sums(seqs)
        made._digests = digests
        return made


def _role(kind: int) -> Any:
    return "read" if kind == COPY else "write" if kind == WRITE else ""


def _deltas(values: list[int]) -> list[int]:
    """Differences to the value before: small numbers take one byte."""
    out, before = [], 0
    for value in values:
        out.append(value - before)
        before = value
    return out


def _sums(deltas: list[int]) -> list[int]:
    out, total = [], 0
    for delta in deltas:
        total += delta
        out.append(total)
    return out
