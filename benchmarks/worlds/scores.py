"""Figures of one log against its truth. All lie between 0 and 1; higher is better."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct

from benchmarks.discovery_metrics import f1
from benchmarks.worlds.logs import Log, Truth, by_person, rows_of

WHOLE: Final = 0.8
"""Overlap from which an execution counts as found: |both| / |either| of the events."""
TOLERANCE: Final = 2
"""Events by which a start may be off to count as within tolerance."""
_LISTED_LEAST: Final = 3
_LISTED_SHARE: Final = 0.02


class Score(Struct, frozen=True):
    """Figures of one log.

    ``executions``  harmonic mean of two means: of each true execution's best overlap with a found one, and of each
                    found one's with a true one. Events of no task are left out; what was found of these alone is 0.
    ``whole``       F1 of the executions that overlap by at least 0.8
    ``tasks``       F1 of the events' task, weighted by the tasks' sizes; each task has at most one routine, so one
                    split in two loses, as do two in one and routines given to events of no task
    ``listed``      smaller / larger of the numbers of routines and tasks. A routine counts when it has at least 3
                    executions and 2 % of all that were found.
    ``boundary``    F1 of the places at which an execution begins, each person's first aside: is the phase right?
    ``near``        the same, at most two events off
    """

    executions: float
    whole: float
    tasks: float
    listed: float
    boundary: float
    near: float


FIGURES: Final = Score.__struct_fields__


def score(log: Log, executions: Sequence[str], routines: Sequence[str]) -> Score:
    """The figures of what was found; ``executions[n]`` and ``routines[n]`` are of row n, empty for none."""
    recall, precision, whole_true, whole_found = _overlaps(log.truth, executions)
    exact, near = _starts(log, executions, 0), _starts(log, executions, TOLERANCE)
    return Score(
        executions=f1(precision, recall),
        whole=f1(whole_found, whole_true),
        tasks=_tasks(log.truth, routines),
        listed=_listed(log.truth, executions, routines),
        boundary=exact,
        near=near,
    )


def _overlaps(truth: Sequence[Truth], executions: Sequence[str]) -> tuple[float, float, float, float]:
    """Mean best overlap of the true and of the found executions, and the shares of them that are whole."""
    true_sizes = Counter(one.execution for one in truth if one.execution)
    found_sizes: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    for one, found in zip(truth, executions, strict=True):
        if found:
            found_sizes[found] += bool(one.execution)
            if one.execution:
                both[found, one.execution] += 1
    best_true, best_found = dict.fromkeys(true_sizes, 0.0), dict.fromkeys(found_sizes, 0.0)
    for (found, true), size in both.items():
        overlap = size / (found_sizes[found] + true_sizes[true] - size)
        best_true[true] = max(best_true[true], overlap)
        best_found[found] = max(best_found[found], overlap)
    return (
        _mean(best_true.values()),
        _mean(best_found.values()),
        _mean([best >= WHOLE for best in best_true.values()]),
        _mean([best >= WHOLE for best in best_found.values()]),
    )


def _mean(values: Collection[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _tasks(truth: Sequence[Truth], routines: Sequence[str]) -> float:
    sizes = Counter(one.task for one in truth if one.task)
    given = Counter(routine for routine in routines if routine)
    both = Counter((one.task, routine) for one, routine in zip(truth, routines, strict=True) if one.task and routine)
    matched: dict[str, float] = {}
    used: set[str] = set()
    for (task, routine), size in sorted(both.items(), key=lambda item: (-item[1], item[0])):
        if task not in matched and routine not in used:
            used.add(routine)
            matched[task] = f1(size / given[routine], size / sizes[task])
    return sum(matched.get(task, 0.0) * size for task, size in sizes.items()) / sizes.total() if sizes else 0.0


def _listed(truth: Sequence[Truth], executions: Sequence[str], routines: Sequence[str]) -> float:
    tasks = len({one.task for one in truth if one.task})
    held: dict[str, set[str]] = defaultdict(set)
    for execution, routine in zip(executions, routines, strict=True):
        if routine:
            held[routine].add(execution)
    least = max(_LISTED_LEAST, _LISTED_SHARE * sum(len(one) for one in held.values()))
    listed = sum(len(one) >= least for one in held.values())
    return min(listed, tasks) / max(listed, tasks, 1)


def _starts(log: Log, executions: Sequence[str], tolerance: int) -> float:
    hits = said = size = 0
    for events in by_person(log):
        rows = rows_of(events)
        true = first_places([log.truth[row].execution for row in rows])
        found = first_places([executions[row] for row in rows])
        hits += agreeing(found, true, tolerance)
        said, size = said + len(found), size + len(true)
    return f1(hits / said if said else 0.0, hits / size if size else 0.0)


def first_places(labels: Sequence[str]) -> list[int]:
    """Where each execution but the first begins."""
    places: dict[str, int] = {}
    for place, label in enumerate(labels):
        if label:
            places.setdefault(label, place)
    return sorted(places.values())[1:]


def agreeing(found: Sequence[int], true: Sequence[int], tolerance: int) -> int:
    """How many of two ascending lists of places can be paired at most so far apart, each used once."""
    hits = i = j = 0
    while i < len(found) and j < len(true):
        if abs(found[i] - true[j]) <= tolerance:
            hits, i, j = hits + 1, i + 1, j + 1
        elif found[i] < true[j]:
            i += 1
        else:
            j += 1
    return hits
