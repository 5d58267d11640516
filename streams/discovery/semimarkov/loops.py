"""Repeats within an execution that were taken for executions of their own: a failed sign-in, a form filled in twice.

A repeat that begins again before anything ended is a loop. What was cut off is told by where it ends (where the whole
executions go on) or begins (in their midst), by holding nothing that they do not hold, by always lying beside one, and
by no pause or other sign of a cut between the two.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from streams.discovery.semimarkov import cues
from streams.discovery.semimarkov.step_log import Bools, Cuts, Floats, Log

PART: Final = 0.5
"""A part is at most so long beside the median execution."""
SELDOM: Final = 0.25
"""Where fewer of the whole executions end, or begin, a part's end, or beginning, is none."""
HELD: Final = 0.25
"""Share of the whole executions that must hold each activity of a part."""
BESIDE: Final = 0.8
"""Share of the parts of one kind that must lie beside a whole execution."""
FEWER: Final = 0.5
"""Parts are fewer than that share of the whole executions."""
FEW: Final = 5
APART: Final = 1.5
"""Where the cues say so much for a cut (nats, in the mean of the parts of one kind), parts are no parts."""


class _Whole(NamedTuple):
    """What the whole executions of a routine look like, per activity."""

    long: float
    holds: Bools
    ends: Floats
    starts: Floats
    number: int


def close(log: Log, cuts: Cuts) -> Cuts:
    """Join the parts of executions to the executions they are parts of."""
    edge = cues.learn(log, cuts.mask()).edge
    for k in range(cuts.routines):
        whole = _whole(log, cuts, k)
        if whole is not None:
            cuts = _joined(log, cuts, k, whole, edge)
    return cuts


def _whole(log: Log, cuts: Cuts, k: int) -> _Whole | None:
    own = np.nonzero(cuts.routine == k)[0]
    if len(own) < FEW:
        return None
    length = cuts.end[own] - cuts.start[own]
    long = PART * float(np.median(length))
    own = own[length > long]
    start, end = cuts.start[own], cuts.end[own]
    n = log.activities
    held, seen = np.zeros(n), np.zeros(n)
    for a, b in zip(start.tolist(), end.tolist(), strict=True):
        acts = log.act[a:b]
        held[np.unique(acts)] += 1
        np.add.at(seen, acts, 1.0)
    seen = np.maximum(seen, 1.0)
    ends = np.bincount(log.act[end - 1], minlength=n) / seen
    starts = np.bincount(log.act[start], minlength=n) / seen
    return _Whole(long, held >= HELD * len(own), ends, starts, len(own))


def _joined(log: Log, cuts: Cuts, k: int, whole: _Whole, edge: Floats) -> Cuts:
    """Join the parts that lie before or behind whole executions of routine ``k``; ``edge``: what cues say of a cut."""
    n = len(cuts)
    length = cuts.end - cuts.start
    full = (cuts.routine == k) & (length > whole.long)
    strange = np.add.reduceat(~whole.holds[log.act], cuts.start)
    fits = (length <= whole.long) & (cuts.routine >= 0) & (strange == 0)
    tied = ~log.fresh[cuts.start]
    before = np.append(full[1:] & tied[1:], False)
    again = np.append(log.act[cuts.start[:-1]] == log.act[cuts.start[1:]], False)
    opening = fits & before & again & (whole.ends[log.act[cuts.end - 1]] < SELDOM)
    behind = np.append(False, full[:-1]) & tied
    closing = fits & behind & ~opening & (whole.starts[log.act[cuts.start]] < SELDOM)
    for kind in np.unique(cuts.routine[opening | closing]).tolist():
        same = fits & (cuts.routine == kind)
        parts = same & (opening | closing)
        joints = np.append(cuts.start[np.nonzero(same & closing)[0]], cuts.end[np.nonzero(same & opening)[0]])
        if edge[joints].mean() > APART:
            opening &= ~same
            closing &= ~same
        if parts.sum() < BESIDE * same.sum() or same.sum() > FEWER * whole.number:
            opening &= ~same
            closing &= ~same
    if not (opening | closing).any():
        return cuts
    first = np.ones(n, np.bool_)
    first[1:] &= ~opening[:-1] & ~closing[1:]
    at = np.nonzero(first)[0]
    last = np.append(at[1:], n) - 1
    group = np.cumsum(first) - 1
    routine = cuts.routine[at]
    grown = np.unique(group[opening | closing])
    routine[grown] = k
    return Cuts(cuts.start[at], cuts.end[last], routine)
