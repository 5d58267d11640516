"""Accuracy of segmentation and grouping against a known truth.

Definitions: boundaries and normalised edit distance after Leno et al. (ICPM 2020), type F1 after Rebmann and van der
Aa (Information Systems 124, 2024), Jaccard figures of routines after Leno et al. Labels of None mean: of no task.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from functools import lru_cache

from msgspec import Struct

Label = Hashable
Trace = tuple[str, ...]


NEAR = 2
"""Events by which a boundary may be off and still count as near: the phase is wrong, not the executions."""


class SegmentationScore(Struct):
    """Figures of one log; those that need routines are None without. ``boundary_near``: within :data:`NEAR` events."""

    events: int
    found: int
    true: int
    boundary_f1: float
    boundary_near: float
    edit_mean: float
    type_f1: float | None = None
    routine_f: float | None = None
    routines: int | None = None


@lru_cache(maxsize=200_000)
def edit_distance(a: Trace, b: Trace) -> int:
    """Levenshtein distance."""
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (x != y)))
        previous = current
    return previous[-1]


def f1(precision: float, recall: float) -> float:
    """Harmonic mean."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def boundaries(labels: Sequence[Label]) -> list[int]:
    """Places i such that the label changes between i and i + 1."""
    return [i for i in range(len(labels) - 1) if labels[i] != labels[i + 1]]


def boundary_f1(found: Sequence[Label], true: Sequence[Label], tolerance: int = 0) -> float:
    """F1 of exact boundaries, or of those within ``tolerance`` events of a true one that no other has claimed."""
    said, free = boundaries(found), boundaries(true)
    size = len(free)
    hits = 0
    for place in said:
        k = bisect_left(free, place - tolerance)
        if k < len(free) and abs(free[k] - place) <= tolerance:
            del free[k]
            hits += 1
    return f1(hits / len(said) if said else 0.0, hits / size if size else 0.0)


def traces(acts: Sequence[str], labels: Sequence[Label]) -> dict[Label, Trace]:
    """Label → the activities of its events in order."""
    out: dict[Label, list[str]] = {}
    for act, label in zip(acts, labels, strict=True):
        if label is not None:
            out.setdefault(label, []).append(act)
    return {label: tuple(listed) for label, listed in out.items()}


def mean_edit_distance(acts: Sequence[str], found: Sequence[Label], true: Sequence[Label]) -> float:
    """Mean over the found segments of the normalised edit distance to the best true execution that overlaps."""
    mine, real = traces(acts, found), traces(acts, true)
    overlaps: dict[Label, set[Label]] = {}
    for label, case in zip(found, true, strict=True):
        if label is not None and case is not None:
            overlaps.setdefault(label, set()).add(case)
    if not mine:
        return 1.0
    total = 0.0
    for label, trace in mine.items():
        cases = overlaps.get(label, ())
        total += min((edit_distance(trace, real[c]) / max(len(trace), len(real[c])) for c in cases), default=1.0)
    return total / len(mine)


def type_f1(routines: Sequence[Label], types: Sequence[Label]) -> float:
    """F1 of the task type of the events, weighted by class; a routine counts as the type that most of it is of."""
    majority: dict[Label, Counter[Label]] = {}
    for routine, kind in zip(routines, types, strict=True):
        if routine is not None:
            majority.setdefault(routine, Counter())[kind] += 1
    said_of = {routine: votes.most_common(1)[0][0] for routine, votes in majority.items()}
    predicted = [said_of.get(routine) for routine in routines]
    total = 0.0
    for kind, size in Counter(types).items():
        hits = sum(p == t == kind for p, t in zip(predicted, types, strict=True))
        said = sum(p == kind for p in predicted)
        total += size * f1(hits / said if said else 0.0, hits / size)
    return total / len(types) if types else 0.0


def jaccard(a: Trace, b: Trace) -> float:
    """Jaccard coefficient of two multisets of activities."""
    both = sum((Counter(a) & Counter(b)).values())
    either = len(a) + len(b) - both
    return both / either if either else 0.0


def routine_f(patterns: Sequence[Trace], acts: Sequence[str], true: Sequence[Label]) -> float:
    """Harmonic mean of how well patterns match a true variant and how well variants, by frequency, are matched."""
    variants = Counter(traces(acts, true).values())
    if not patterns or not variants:
        return 0.0
    distinct = list(dict.fromkeys(patterns))
    best = {pattern: max(jaccard(pattern, variant) for variant in variants) for pattern in distinct}
    precision = sum(best[pattern] for pattern in patterns) / len(patterns)
    covered = sum(n * max(jaccard(p, variant) for p in distinct) for variant, n in variants.items())
    return f1(precision, covered / sum(variants.values()))
