"""Steps as the segmenter holds them, and as snapshots store them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mypy_extensions import i64

FIELDS: Final = 10
"""Fields of every step in a snapshot."""
RARE: Final = 5
"""Numbers in a snapshot for a step that was in a call or led elsewhere first."""


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
    """How many they are, the fields that each has one after the other, and with its place those that a few have."""
    values: list[int] = [len(steps)]
    rare: list[int] = []
    for place, s in enumerate(steps):
        values += (s.act, s.head, s.head_ms, s.seq, s.tail, s.span, s.active, s.gap, s.digest, s.before)
        if s.call or s.call_before or s.early or s.early_active:
            rare += (place, s.call, s.call_before, s.early, s.early_active)
    return values + rare


def load_steps(values: Sequence[int]) -> list[RawStep]:
    """The inverse of :func:`dump_steps`."""
    count = values[0]
    rare = 1 + count * FIELDS
    steps: list[RawStep] = []
    for place in range(1, rare, FIELDS):
        act, head, head_ms, seq, tail, span, active, gap, digest, before = values[place : place + FIELDS]
        steps.append(RawStep(act, head, head_ms, seq, tail, span, active, gap, digest, 0, 0, before, 0, 0))
    for place in range(rare, len(values), RARE):
        step = steps[values[place]]
        step.call, step.call_before, step.early, step.early_active = values[place + 1 : place + RARE]
    return steps
