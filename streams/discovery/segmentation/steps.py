"""Steps as the segmenter holds them, and as snapshots store them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mypy_extensions import i64

FIELDS: Final = 11


class RawStep:
    """A step under way or done. Sequence numbers and times are relative to its first event, ``head`` at ``head_ms``.

    ``act``     its activity; ``seq``: the event of that activity; ``tail``: its last event
    ``span``    time to its last event, ``active`` the active part of it (milliseconds)
    ``gap``     time since the step before; ``digest``: of its value, 0 for none
    ``call``    the part of ``span`` beyond the active that passed in a call; ``call_before``: the same of ``gap``

    Agents hold hundreds of steps each: compiled, the fields are plain 64-bit numbers, a third of the memory that
    objects take.
    """

    __slots__ = ("act", "active", "call", "call_before", "digest", "gap", "head", "head_ms", "seq", "span", "tail")

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


def dump_steps(steps: Sequence[RawStep]) -> list[int]:
    """The fields of ``steps``, one after the other."""
    values: list[int] = []
    for s in steps:
        values += (
            s.act, s.head, s.head_ms, s.seq, s.tail, s.span, s.active, s.gap, s.digest, s.call, s.call_before,
        )  # fmt: skip
    return values


def load_steps(values: Sequence[int]) -> list[RawStep]:
    """The inverse of :func:`dump_steps`."""
    return [RawStep(*values[place : place + FIELDS]) for place in range(0, len(values), FIELDS)]
