"""Whether a group of executions is a routine at all, or what happened to share a few frequent clicks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

from streams.discovery.grouping.execution import Execution
from streams.discovery.grouping.variants import Bags, jaccard

COHERENT = 0.42
"""Least coherence of a routine. Groups of random events measured .24 to .36, real tasks with 40 % noise .48 to .83."""
SMALL = 0.75
"""Added to the threshold, divided by the number of executions: few executions are alike by chance more easily."""
LOOKED_AT = 64
"""Executions compared at most."""
COMMON = 0.15


def is_coherent(executions: Sequence[Execution]) -> bool:
    """Whether the executions are alike enough to be of one routine."""
    return bool(executions) and coherence(executions) >= COHERENT + SMALL / len(executions)


def coherence(executions: Sequence[Execution]) -> float:
    """Mean of two shares, 0 to 1: how alike the executions are, and how surely a step is followed by the same one.

    Forms filled in any order have the first, long routines with many optional steps the second; noise has neither.
    """
    looked_at = executions[:LOOKED_AT]
    return (_likeness(looked_at) + _order(looked_at)) / 2


def _likeness(executions: Sequence[Execution]) -> float:
    """Mean Jaccard coefficient of the sets of activities over all pairs."""
    bags = Bags()
    masks = [bags.mask(set(execution.steps)) for execution in executions]
    pairs = [jaccard(a, b) for a, b in combinations(masks, 2)]
    return sum(pairs) / len(pairs) if pairs else 1.0


def _order(executions: Sequence[Execution]) -> float:
    """Share of the steps that are followed by the step which follows them most often, rare activities left out."""
    holders: dict[str, int] = {}
    for execution in executions:
        for step in set(execution.steps):
            holders[step] = holders.get(step, 0) + 1
    least = COMMON * len(executions)
    successors: dict[str, dict[str, int]] = {}
    for execution in executions:
        path = [step for step in execution.steps if holders[step] >= least]
        for a, b in pairwise([*path, ""]):
            following = successors.setdefault(a, {})
            following[b] = following.get(b, 0) + 1
    total = sum([sum(following.values()) for following in successors.values()])
    return sum([max(following.values()) for following in successors.values()]) / total if total else 0.0
