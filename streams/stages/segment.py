"""The segmenting stage: one agent's events in, its recognised executions out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from streams.discovery.segmentation.folding import Folder
from streams.discovery.segmentation.segment_record import members_of, segment_of
from streams.discovery.segmentation.segmenter import Piece, Segmenter
from streams.discovery.segmentation.steps import RawStep, dump_steps, dump_times, load_steps, load_times
from streams.discovery.semimarkov.served import ServedTables
from taskstream.events import UiEvent
from taskstream.records import SampledStep, Segment, StepSample

MIN_STEPS: Final = 2
"""A segment of fewer steps is not an execution of anything."""

Members = Callable[[Segment, list[int], list[int]], None]
"""Called with each segment, the seqs of all its events, and for each of them the number of its step.

Only mining of files needs this, to say for each row which execution it belongs to.
"""


def _head(step: RawStep) -> int:
    return step.head


class AgentSegmenter:
    """One agent's segmentation. Deterministic: results depend on the events and their order alone.

    ``sampling``  whether steps are kept for :meth:`take_sample` as they are decided
    """

    __slots__ = ("_core", "_decided", "_folder", "_names", "on_members", "sampling")

    def __init__(self, tenant: str, team: str, actor: str, agent: str) -> None:
        self.on_members: Members | None = None
        self.sampling = False
        self._decided: list[RawStep] = []
        self._names = (tenant, team, actor, agent)
        self._core = Segmenter()
        self._folder = Folder(self._core.model)

    @property
    def owner(self) -> tuple[str, str, str, str]:
        """Tenant, team, actor and agent whose events these are."""
        return self._names

    @owner.setter
    def owner(self, names: tuple[str, str, str, str]) -> None:
        self._names = names

    def push(self, seq: int, event: UiEvent) -> Sequence[Segment]:
        """Take the next event; the executions that this decides."""
        step = self._folder.push(seq, event)
        if step is not None and self._core.push(step):
            return self._taken(self._core.decide(final=False))
        return ()

    def pause(self) -> Sequence[Segment]:
        """Decide what is over when the person has stopped for a while; what was begun stays open."""
        folder, core = self._folder, self._core
        step = folder.step
        if step is None or not core.may_pause():
            return ()
        finished = core.over(step.act)
        if finished:
            folder.finish()
            core.push(step)
        return self._taken(core.pause(finished))

    def flush(self) -> Sequence[Segment]:
        """Decide everything still open: the session is closed."""
        step = self._folder.finish()
        if step is not None:
            self._core.push(step)
        return self._taken(self._core.decide(final=True))

    def use(self, tables: ServedTables | None) -> None:
        """Decide by what was learned of the tenant's work, from now on; None: by the person's own work alone."""
        if self._core.tables is not tables:
            self._core.use(tables)

    def take_sample(self) -> StepSample | None:
        """The steps that were decided while :attr:`sampling` since the last call, in the order of their events."""
        if not self._decided:
            return None
        decided, self._decided = sorted(self._decided, key=_head), []
        tenant, _, actor, agent = self._names
        known = self._core.model.activities.names
        number: dict[int, int] = {}
        value_of = {0: 0}
        first = decided[0]
        steps = []
        for step in decided:
            name = number.setdefault(step.act, len(number))
            value = value_of.setdefault(step.digest, len(value_of)) if step.digest else 0
            steps.append(SampledStep(name, step.head, max(step.head_ms - first.head_ms, 0), value))
        return StepSample(
            id=f"{agent}:{first.head}",
            tenant=tenant,
            actor=actor,
            agent=agent,
            start_ms=first.head_ms,
            names=tuple([known[act] for act in number]),
            steps=tuple(steps),
        )

    def _taken(self, pieces: list[Piece]) -> list[Segment]:
        if self.sampling:
            for piece in pieces:
                self._decided += piece.steps
        return [self._segment(piece) for piece in self._core.at_work(pieces) if len(piece.steps) >= MIN_STEPS]

    def _segment(self, piece: Piece) -> Segment:
        """The record of a piece."""
        confidence = 1.0 / (1.0 + math.exp(-max(piece.score, -20.0)))
        segment = segment_of(
            self._names, self._core.model, piece.steps, piece.lane, piece.complete, round(confidence, 4)
        )
        if self.on_members is not None:
            self.on_members(segment, *members_of(piece.steps))
        return segment

    def dump(self) -> bytes:
        """All state except :meth:`times`, in a form that earlier versions can read too, but while a value that was
        read waits for the place where it is written."""
        folder = self._folder
        under_way = [] if folder.step is None else dump_steps([folder.step])
        read = [folder.read, folder.read_ms, folder.read_active] if folder.lead >= 0 and folder.read else []
        return msgspec.msgpack.encode(
            [
                self._names,
                self._core.dump(),
                under_way,
                folder.lead,
                folder.lead_ms,
                folder.focus,
                folder.last_ms,
                folder.app,
                folder.screen,
                folder.call,
                folder.call_before,
                *read,
            ]
        )

    def times(self) -> list[int]:
        """The times of what is under way: with :meth:`dump` the complete state."""
        folder = self._folder
        return [
            folder.lead_before, folder.lead_active, folder.turned_ms, folder.turned_active, folder.present_ms,
            *dump_times(self._steps()),
        ]  # fmt: skip

    def _steps(self) -> list[RawStep]:
        """The step under way, and all that are not decided."""
        step = self._folder.step
        return [*([] if step is None else [step]), *self._core.steps]

    def learned(self) -> bytes:
        """The state of a segmenter that has learned the same, and has nothing open."""
        heir = AgentSegmenter(*self._names)
        heir._core = self._core.heir()
        return heir.dump()

    @classmethod
    def load(cls, data: bytes, times: Sequence[int] = ()) -> AgentSegmenter:
        """The inverse of :meth:`dump` and :meth:`times`; an earlier version has written no times."""
        names, core, step, lead, lead_ms, focus, *rest = msgspec.msgpack.decode(data)
        made = cls(*names)
        made._core = Segmenter.load(core)
        made._folder = folder = Folder(made._core.model)
        folder.step = load_steps(step)[0] if step else None
        folder.lead, folder.lead_ms, folder.focus = lead, lead_ms, focus
        folder.last_ms, folder.app, folder.screen, folder.call, folder.call_before, *read = rest
        if read:
            folder.read, folder.read_ms, folder.read_active = read
        if times:
            folder.lead_before, folder.lead_active, folder.turned_ms, folder.turned_active, folder.present_ms = times[
                :5
            ]
            load_times(made._steps(), times[5:])
        return made
