"""The process map of a routine: its steps in their usual order, and what directly follows what."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Literal

from streams.discovery.evidence.timing import median
from streams.discovery.grouping.execution import Execution
from streams.discovery.words.labels import label_of
from taskstream.records import Edge, RoutineStep

SHOWN = 0.15
"""Activities in fewer executions are left out of the map."""
MAX_STEPS = 60
MIN_EDGE = 0.05

_START = ""
_ROLES: dict[str, int] = {"r": 0, "w": 1}


def process_map(
    executions: Sequence[Execution], rare: frozenset[str]
) -> tuple[tuple[RoutineStep, ...], tuple[Edge, ...]]:
    """Steps and edges from a sample of executions, without the activities ``rare``.

    Directly-follows and determinism are taken on the shown activities, so that rare noise between two steps does not
    hide that the second follows the first.
    """
    shown, presence, repeats = _shown(executions, rare)
    successors: dict[str, dict[str, int]] = {activity: {} for activity in [_START, *shown]}
    edges: dict[tuple[str, str], int] = {}
    firsts: list[list[str]] = []
    active: dict[str, list[int]] = {activity: [] for activity in shown}
    roles = {activity: [0, 0] for activity in shown}
    for execution in executions:
        actives = execution.step_actives()
        placed = [(i, step) for i, step in enumerate(execution.steps) if step in shown]
        firsts.append(list(dict.fromkeys([step for _, step in placed])))
        for i, step in placed:
            active[step].append(actives[i])
            if execution.roles[i] in _ROLES:
                roles[step][_ROLES[execution.roles[i]]] += 1
        path = [_START, *(step for _, step in placed), _START]
        for pair in {(a, b) for a, b in pairwise(path) if a != b}:
            edges[pair] = edges.get(pair, 0) + 1
        for a, b in pairwise(path):
            successors[a][b] = successors[a].get(b, 0) + 1
    order = _order(firsts, shown)
    steps = tuple(
        RoutineStep(
            activity=activity,
            label=label_of(activity),
            presence=round(presence[activity], 4),
            repeats=round(repeats[activity], 2),
            determinism=round(_top_share(successors[activity]), 4),
            active_ms=median(active[activity]),
            role=_role(roles[activity], len(active[activity])),
        )
        for activity in order
    )
    return steps, _edges(edges, order, len(executions))


def _shown(
    executions: Sequence[Execution], rare: frozenset[str]
) -> tuple[set[str], dict[str, float], dict[str, float]]:
    holding: dict[str, int] = {}
    times: dict[str, int] = {}
    for execution in executions:
        for step in execution.steps:
            times[step] = times.get(step, 0) + 1
        for step in set(execution.steps):
            holding[step] = holding.get(step, 0) + 1
    presence = {activity: n / len(executions) for activity, n in holding.items()}
    ranked = sorted([a for a in presence if presence[a] >= SHOWN and a not in rare], key=lambda a: (-presence[a], a))
    shown = set(ranked[:MAX_STEPS])
    return shown, presence, {activity: times[activity] / holding[activity] for activity in shown}


def _order(firsts: Sequence[Sequence[str]], shown: set[str]) -> list[str]:
    """The activities by precedence: the mean share, over all others, of the executions in which one comes first.

    Where two never come together, neither precedes. So what follows everything is last, however few executions hold it.
    """
    before: dict[tuple[str, str], int] = {}
    for path in firsts:
        for pair in combinations(path, 2):
            before[pair] = before.get(pair, 0) + 1

    def precedes(a: str, b: str) -> float:
        ahead, behind = before.get((a, b), 0), before.get((b, a), 0)
        return ahead / (ahead + behind) if ahead + behind else 0.5

    lead = {a: sum([precedes(a, b) for b in sorted(shown) if b != a]) for a in shown}
    return sorted(shown, key=lambda a: (-round(lead[a], 6), a))


def _top_share(successors: dict[str, int]) -> float:
    return max(successors.values()) / sum(successors.values()) if successors else 0.0


def _role(counts: list[int], occurrences: int) -> Literal["", "read", "write"]:
    reads, writes = counts
    if 2 * max(reads, writes) < occurrences or not occurrences:
        return ""
    return "read" if reads >= writes else "write"


def _edges(counts: dict[tuple[str, str], int], order: list[str], executions: int) -> tuple[Edge, ...]:
    place = {activity: i for i, activity in enumerate(order)} | {_START: -1}
    edges = [Edge(place[a], place[b], round(n / executions, 4)) for (a, b), n in counts.items()]
    kept = [edge for edge in edges if edge.share >= MIN_EDGE]
    return tuple(sorted(kept, key=lambda edge: (-edge.share, edge.source, edge.target))[: 4 * MAX_STEPS])


def determinism(steps: Sequence[RoutineStep], least: float = 0.8) -> float:
    """Mean share of the most likely successor over the steps that at least ``least`` of the executions hold."""
    shares = [step.determinism for step in steps if step.presence >= least]
    return round(sum(shares) / len(shares), 4) if shares else 0.0
