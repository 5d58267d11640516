"""One task taken for several: routines that hold much in common are one if the log's description gets shorter.

Two branches of a task share what lies before and behind them: one chain needs that only once. Two tasks that share a
form do not go on as either may, and two tasks that share little are never tried: description length would merge them.
Nor do two tasks share anything by beginning with the same sign-in.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.discovery.semimarkov.learning import Solution, rate
from streams.discovery.semimarkov.step_log import Cuts, Floats, Log, renumbered

COMMON: Final = 0.3
"""What two routines must have in common, of all that they hold (Jaccard of the shares of executions that hold it)."""
TRIES: Final = 40


def merge(log: Log, found: Solution) -> Solution:
    """Merge routines, the likest first, as long as the log's description gets shorter."""
    tried: set[tuple[int, int, int, int]] = set()
    while len(tried) < TRIES:
        better = _next(log, found, tried)
        if better is None:
            break
        found = better
    return Solution(renumbered(found.cuts), found.likelihood)


def _next(log: Log, found: Solution, tried: set[tuple[int, int, int, int]]) -> Solution | None:
    cuts = found.cuts
    sizes = np.bincount(cuts.routine[cuts.routine >= 0], minlength=cuts.routines)
    for a, b in _alike(_presence(log, cuts)):
        key = a, b, int(sizes[a]), int(sizes[b])
        if key in tried:
            continue
        tried.add(key)
        into, lost = (a, b) if sizes[a] >= sizes[b] else (b, a)
        new = cuts.with_routines(np.where(cuts.routine == lost, into, cuts.routine))
        value = rate(log, new, cuts.routines)
        if value > found.likelihood:
            return Solution(new, value)
        if len(tried) >= TRIES:
            break
    return None


def _presence(log: Log, cuts: Cuts) -> Floats:
    """Share of each routine's executions that hold each activity, signing in apart."""
    held = np.zeros((cuts.routines, log.activities))
    sizes = np.zeros(cuts.routines)
    for start, end, k in zip(cuts.start.tolist(), cuts.end.tolist(), cuts.routine.tolist(), strict=True):
        if k >= 0:
            held[k, np.unique(log.act[start:end])] += 1.0
            sizes[k] += 1.0
    held[:, log.signing] = 0.0
    shares: Floats = held / np.maximum(sizes, 1.0)[:, None]
    return shares


def _alike(presence: Floats) -> list[tuple[int, int]]:
    """Pairs of routines that have enough in common, the likest first."""
    found = []
    for a in range(len(presence)):
        for b in range(a + 1, len(presence)):
            both = float(np.minimum(presence[a], presence[b]).sum())
            either = float(np.maximum(presence[a], presence[b]).sum())
            if both >= COMMON * max(either, 1e-9) and both > 0:
                found.append((-both / either, a, b))
    return [(a, b) for _, a, b in sorted(found)]
