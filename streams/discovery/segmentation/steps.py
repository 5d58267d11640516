"""Steps as the segmenter holds them, and as snapshots store them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mypy_extensions import i64

FIELDS: Final = 11
"""Numbers of a step in a snapshot, beside its times: those that earlier versions read, too."""
RARE: Final = 3
"""Numbers in a snapshot's times for a step that led elsewhere first."""
BEFORE_MS: Final = 30_000
"""Of a gap so much counts as active where an earlier version has not said it (milliseconds)."""


class RawStep:
    """A step under way or done. Sequence numbers and times are relative to its first event, ``head`` at ``head_ms``.

    ``act``     its activity; ``seq``: the event of that activity; ``tail``: its last event
    ``span``    time to the end of its last event, ``active`` the active part of it (milliseconds)
    ``gap``     time since the step before, whatever that is of; ``before`` the active part of it
    ``digest``  of its value, 0 for none
    ``early``   the part of ``span`` that led elsewhere first: to another window, left again without doing anything
                there; ``early_active`` the active part of it
    ``call``    the part of ``span`` beyond the active that passed in a call; ``call_before``: the same of ``gap``

    Agents hold hundreds of steps each: compiled, the fields are plain 64-bit numbers, a third of the memory that
    objects take.
    """

    __slots__ = (
        "act", "active", "before", "call", "call_before", "digest", "early", "early_active", "gap", "head", "head_ms",
        "seq", "span", "tail",
    )  # fmt: skip

    def __init__(
        self,
        act: i64,
        head: i64,
        head_ms: i64,
        seq: i64,
        tail: i64,
        span: i64,
        active: i64,
        gap: i64,
        digest: i64,
        call: i64,
        call_before: i64,
        before: i64,
        early: i64,
        early_active: i64,
    ) -> None:
        self.act = act
        self.head = head
        self.head_ms = head_ms
        self.seq = seq
        self.tail = tail
        self.span = span
        self.active = active
        self.gap = gap
        self.digest = digest
        self.call = call
        self.call_before = call_before
        self.before = before
        self.early = early
        self.early_active = early_active


def dump_steps(steps: Sequence[RawStep]) -> list[int]:
    """The fields of ``steps`` without their times, one after the other."""
    values: list[int] = []
    for s in steps:
        values += (
            s.act, s.head, s.head_ms, s.seq, s.tail, s.span, s.active, s.gap, s.digest, s.call, s.call_before,
        )  # fmt: skip
    return values


def load_steps(values: Sequence[int]) -> list[RawStep]:
    """The inverse of :func:`dump_steps`; :func:`load_times` completes it."""
    steps: list[RawStep] = []
    for place in range(0, len(values), FIELDS):
        act, head, head_ms, seq, tail, span, active, gap, digest, call, call_before = values[place : place + FIELDS]
        before = min(gap, BEFORE_MS)
        steps.append(RawStep(act, head, head_ms, seq, tail, span, active, gap, digest, call, call_before, before, 0, 0))
    return steps


def dump_times(steps: Sequence[RawStep]) -> list[int]:
    """What :func:`dump_steps` leaves out: the active part of each gap, and of a few steps where they led first."""
    values = [s.before for s in steps]
    for place, s in enumerate(steps):
        if s.early or s.early_active:
            values += (place, s.early, s.early_active)
    return values


def load_times(steps: Sequence[RawStep], values: Sequence[int]) -> None:
    """Give ``steps`` what :func:`dump_times` said of them."""
    for s, before in zip(steps, values, strict=False):
        s.before = before
    for place in range(len(steps), len(values), RARE):
        s = steps[values[place]]
        s.early, s.early_active = values[place + 1], values[place + 2]
