"""The order in which a log is solved: one chain, routines by contents, a chain each, joins, phases."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from streams.discovery.semimarkov import contents, joins, loops, merges, phases, splits
from streams.discovery.semimarkov.learning import Solution, begin, rate, refine
from streams.discovery.semimarkov.step_log import Cuts, Log, renumbered

BEGINNINGS: Final = ((0.0, False), (-2.5, False), (2.5, False), (0.1, True), (1.6, True))
"""Bias of every edge and which surprise: the first cuts may be too few or too many, so several are refined."""
MUCH: Final = 0.03
MUCH_AT_LEAST: Final = 30.0
"""Another beginning must lead to a description shorter by that share, and by so many nats: small gains are luck."""
DEEP: Final = 2
IDLE: Final = 0.2
"""Where fewer of the segments write, copy or complete anything, that is no condition of work."""


def one_chain(log: Log) -> list[Solution]:
    """The log as one routine after another, all of one kind: the best beginning, and the best of the other surprise."""
    best: dict[bool, Solution] = {}
    for bias, both in BEGINNINGS:
        cuts = begin(log, bias, both)
        found = refine(log, cuts.with_routines(np.minimum(cuts.routine, 0)), 1)
        if both not in best or found.likelihood > best[both].likelihood + 1e-6:
            best[both] = found
    return sorted(best.values(), key=lambda one: -one.likelihood)


def one_chain_of(log: Log, cuts: Cuts) -> Solution:
    """The log as one routine after another, begun from ``cuts``."""
    return refine(log, cuts.with_routines(np.zeros(len(cuts), np.int64)), 1)


def grouped(log: Log, found: Solution) -> Solution:
    """Routines by contents alone, with the segments re-cut by their chains."""
    cuts = contents.group(log, found.cuts)
    return refine(log, cuts, max(cuts.routines, 1))


def routines(log: Log, beginnings: list[Solution], cost: float = 0.0, *, known: bool = False) -> Cuts:
    """The segments' routines; from the first of the beginnings, unless another leads to a much shorter description.

    ``cost``: nats that the order of the log took to describe; ``known``: the first was told to people before.
    """
    first = _routines(log, beginnings[0], phases.STEADY if known else phases.BETTER)
    others = [_routines(log, found) for found in beginnings[1:]]
    for other in others:
        gain = other.likelihood - first.likelihood
        if gain > MUCH * abs(first.likelihood) + MUCH_AT_LEAST:
            first = other
    closed = loops.close(log, first.cuts)
    return splits.without_chance(log, Solution(closed, rate(log, closed, max(closed.routines, 1))), cost).cuts


def _routines(log: Log, found: Solution, better: float = phases.BETTER) -> Solution:
    """Routines by contents, with the segments re-cut by their chains, joined and turned."""
    for number in range(DEEP):
        found = grouped(log, found)
        found = joins.join(log, Solution(renumbered(found.cuts), found.likelihood))
        if number == 0:
            found = splits.split(log, phases.turn(log, found, better))
    cuts = contents.group(log, found.cuts)
    return merges.merge(log, Solution(cuts, rate(log, cuts, max(cuts.routines, 1))))


def without_idle(log: Log, cuts: Cuts) -> Cuts:
    """Routines in which nothing is written, copied or completed are none, unless nothing ever is."""
    works = log.steps.works[log.act]
    done = np.add.reduceat(works, cuts.start) > 0
    known = cuts.routine >= 0
    if not known.any() or done[known].sum() < IDLE * known.sum():
        return cuts
    seen = Counter(cuts.routine[known].tolist())
    worked = Counter(cuts.routine[known & done].tolist())
    idle = [k for k, n in seen.items() if worked[k] < 0.5 * n]
    return cuts.with_routines(np.where(np.isin(cuts.routine, idle), -1, cuts.routine))
