"""Two executions taken for one: an edge that elsewhere lies between segments is cut if that is shorter."""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.discovery.semimarkov import contents
from streams.discovery.semimarkov import routine_chains as chains
from streams.discovery.semimarkov.learning import Solution, rate, refine
from streams.discovery.semimarkov.step_log import Cuts, Ints, Log

FEW: Final = 3
TRIES: Final = 10
ROUNDS: Final = 2


def split(log: Log, found: Solution) -> Solution:
    """Cut at the edges between a usual end and a usual start, the most frequent first."""
    for pair in _edges(log, found.cuts):
        cuts = contents.group(log, _cut(log, found.cuts, pair))
        new = refine(log, cuts, max(cuts.routines, 1), ROUNDS)
        if new.likelihood > found.likelihood:
            found = new
    return found


def without_chance(log: Log, found: Solution, cost: float = 0.0) -> Solution:
    """Without the routines that describe the log no better than chance does, the rarest tried first.

    ``cost``: nats that the order of the log took to describe; all routines together must be worth it.
    """
    none = found.cuts.with_routines(np.full(len(found.cuts), -1))
    value = rate(log, none, 1)
    if value > found.likelihood - cost:
        return Solution(none, value)
    cuts = found.cuts
    sizes = np.bincount(cuts.routine[cuts.routine >= 0], minlength=cuts.routines)
    for k in np.argsort(sizes, kind="stable").tolist():
        other = cuts.with_routines(np.where(cuts.routine == k, -1, cuts.routine))
        value = rate(log, other, cuts.routines)
        if value > found.likelihood:
            cuts, found = other, Solution(other, value)
    return found


def _edges(log: Log, cuts: Cuts) -> list[int]:
    """Pairs of activities inside segments of which the first often ends, the second often begins segments."""
    counts = chains.count(log, cuts, max(cuts.routines, 1))
    ends = counts.ends.sum(0)[log.first]
    starts = counts.starts.sum(0)[log.second]
    inside = counts.steps.sum(0)[:-1]
    some: Ints = np.nonzero((ends >= FEW) & (starts >= FEW) & (inside >= FEW))[0]
    ranked = sorted(some.tolist(), key=lambda pair: (-min(ends[pair], starts[pair], inside[pair]), pair))
    return ranked[:TRIES]


def _cut(log: Log, cuts: Cuts, pair: int) -> Cuts:
    labels = cuts.labels()
    mask = cuts.mask() | ((log.pair == pair) & (labels >= 0))
    start = np.nonzero(mask)[0]
    return Cuts(start, np.append(start[1:], log.size), labels[start])
