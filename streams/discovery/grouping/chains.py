"""Tasks that come cut apart: shapes that nearly always follow each other belong to one execution.

The segmentation decides on each edge at once; over many executions and people it shows that what looked like an end
(a save in the middle of a task) is always followed by the same next part. Then the parts are one routine, and the
segments, past and future ones, are joined to executions.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from streams.discovery.grouping.execution import Execution
from streams.discovery.grouping.routines import Cluster, Grouping, Taken
from streams.discovery.grouping.shapes import counts_cosine

FOLLOWED = 0.7
"""Share of a shape's occurrences that one other follows (or precedes) when they are parts of one task."""
LIFT = 0.6
"""... and how far that share lies between the shape's frequency in the same people's work and 1."""
Z = 1.28
SEEN = 5
"""Fewer common occurrences prove nothing."""
PAUSE = 2.0
"""A pause inside a task is at most 2 to this power times as long as the usual pause between two steps."""
CLOSER = 1.0
"""Where two shapes only ever alternate, the pause inside the task is shorter by 2 to this power."""
RIVAL = 0.25
"""Share of a common beginning's occurrences from which a second task that starts with it counts."""
KIN = 0.3
"""Cosine from which two continuations of one beginning are variants of a task rather than two tasks."""
ADJACENT = 8
"""Sequence numbers between two segments of an agent that still count as one right after the other."""


class ChainUnit(NamedTuple):
    """A cluster as a part of a longer task: how often it occurs as a whole, and what followed it.

    ``followers``  cluster → how often it came next, and the sum of the binary logarithms of the pauses
    """

    cluster: Cluster
    times: int
    complete: float
    counts: dict[str, int]
    followers: dict[int, list[float]]


def _units(grouping: Grouping) -> dict[int, ChainUnit]:
    shapes = grouping.shapes.by_number
    units = {}
    for cluster in grouping:
        own = [shapes[number] for number in sorted(cluster.shapes) if not shapes[number].fragment]
        followers: dict[int, list[float]] = {}
        for shape in own:
            for number, (n, pauses) in shape.followers.items():
                if (shape.number, number) not in grouping.joints and number in shapes:
                    entry = followers.setdefault(shapes[number].owner, [0.0, 0.0])
                    entry[0] += n
                    entry[1] += pauses
        complete = sum([shape.complete for shape in own]) / max(1, sum([shape.times for shape in own]))
        units[cluster.number] = ChainUnit(cluster, max(1, cluster.executions), complete, cluster.counts, followers)
    return units


def join_parts(grouping: Grouping, step_pause: float) -> Taken:
    """Unite clusters that are parts of one task, and join their executions: (kept, taken over).

    ``step_pause``  mean binary logarithm of the pause between two steps of a segment (milliseconds)
    """
    united: Taken = []
    changed: set[int] = set()
    while True:
        pair = _surest(grouping, _units(grouping), step_pause)
        if pair is None:
            break
        first, second = pair
        for a in first.shapes:
            for b in second.shapes:
                if b in grouping.shapes.by_number[a].followers:
                    grouping.joints.add((a, b))
        kept, other = sorted(pair, key=lambda c: (c.id == "", -c.executions, c.number))
        grouping.unite(kept, other)
        changed.discard(other.number)
        changed.add(kept.number)
        united.append((kept, other))
    for number in sorted(changed):
        _rejoin(grouping.clusters[number], grouping.joints)
    return united


def _surest(grouping: Grouping, units: dict[int, ChainUnit], step_pause: float) -> tuple[Cluster, Cluster] | None:
    """The two clusters of which the second most surely continues the first."""
    best: tuple[float, int, int] | None = None
    for first in units.values():
        for number, (n, pauses) in first.followers.items():
            second = units.get(number)
            if second is None or second is first or n < SEEN or pauses / n > step_pause + PAUSE:
                continue
            sure = max(_excess(n, first, second), _excess(n, second, first))
            if sure <= 0 or (best is not None and sure <= best[0]):
                continue
            if _leads(first, second, n, pauses / n) and not _shared(units, first, second, n):
                best = sure, first.cluster.number, number
    return None if best is None else (grouping.clusters[best[1]], grouping.clusters[best[2]])


def _follows(first: ChainUnit, second: ChainUnit) -> list[float]:
    return first.followers.get(second.cluster.number, [0.0, 0.0])


def _excess(n: float, of: ChainUnit, other: ChainUnit) -> float:
    """By how much the share of ``of``'s occurrences next to ``other`` exceeds the share needed; 0 or less: it does not.

    How often ``other`` follows itself shows how frequent it is in these people's work.
    """
    usual = min(1.0, _follows(other, other)[0] / other.times)
    return _at_least(n, of.times) - max(FOLLOWED, usual + LIFT * (1 - usual))


def _at_least(n: float, times: int) -> float:
    """Lower bound of the share n / times, so that few occurrences prove little (Wilson, one-sided 90 %)."""
    share = min(1.0, n / times)
    spread = Z * sqrt(share * (1 - share) / times + Z * Z / (4 * times * times))
    return (share + Z * Z / (2 * times) - spread) / (1 + Z * Z / times)


def _shared(units: dict[int, ChainUnit], first: ChainUnit, second: ChainUnit, n: float) -> bool:
    """Whether the two adjoin only because one of them is a beginning or an end shared by different tasks."""
    others = [unit for unit in units.values() if unit is not first and unit is not second]
    if n < FOLLOWED * first.times and any(_rivals(_follows(first, other)[0], other, first, second) for other in others):
        return True
    return n < FOLLOWED * second.times and any(
        _rivals(_follows(other, second)[0], other, second, first) for other in others
    )


def _rivals(m: float, other: ChainUnit, common: ChainUnit, one: ChainUnit) -> bool:
    """Whether ``other`` adjoins ``common`` as ``one`` does, and is a different task."""
    return m >= FOLLOWED * other.times and m >= RIVAL * common.times and counts_cosine(other.counts, one.counts) < KIN


def _leads(first: ChainUnit, second: ChainUnit, n: float, pause: float) -> bool:
    """Whether the two are beginning and end of a task, although each may follow the other.

    They may be two tasks in turn, or one repeated task cut in two: the pauses decide, or that the first never
    completes.
    """
    back, back_pauses = _follows(second, first)
    if back < 0.5 * n:
        return True
    if pause < back_pauses / back - CLOSER:
        return True
    return first.complete < 0.3 and second.complete > 0.7 and pause <= back_pauses / back


def continues(execution: Execution, shape: int, first_seq: int, joints: set[tuple[int, int]]) -> bool:
    """Whether a segment of ``shape`` that begins at ``first_seq`` is the same agent's ``execution`` going on."""
    return (execution.last_shape, shape) in joints and 0 < first_seq - execution.last_seq <= ADJACENT


def _rejoin(cluster: Cluster, joints: set[tuple[int, int]]) -> None:
    """Join the cluster's remembered executions at the new joints, and count again."""
    remembered = cluster.remembered()
    kept: list[Execution] = []
    paused = 0
    for execution in remembered:
        last = kept[-1] if kept else None
        if (
            last is not None
            and last.agent == execution.agent
            and continues(last, execution.shape, execution.first_seq, joints)
        ):
            before = last.active_ms
            last.extend(execution)
            paused += last.active_ms - before - execution.active_ms
            execution.joined = last
        else:
            kept.append(execution)
    whole = [execution for execution in kept if not execution.part]
    scale = max(1.0, cluster.executions / max(1, len(remembered)))
    known = cluster.active_ms + cluster.partial_ms + round(paused * scale)
    cluster.recount(whole, scale)
    cluster.partial = len(kept) - len(whole)
    cluster.partial_ms = sum([execution.active_ms for execution in kept if execution.part])
    cluster.active_ms = max(0, known - cluster.partial_ms)
    cluster.members.clear()
    cluster.members.extend(sorted(kept, key=lambda e: (e.start_ms, e.id)))
