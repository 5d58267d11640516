"""The ways in which a routine is carried out: few real executions that stand for all the others.

Greedy facility location: each further variant is the execution that most raises the total likeness of the executions
to the nearest variant. Likeness is the weighted Jaccard coefficient of the activities with their counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from streams.discovery.grouping.execution import Execution
from streams.discovery.grouping.hashing import short_id

LIMIT = 40
"""Variants of a routine at most."""
GAIN = 0.0007
"""A further variant must raise the mean likeness by this, not counting the execution itself: it stands for others too,
and an execution that only noise sets apart stands for none."""
NOISE_GAIN = 0.03
"""... and by this times the usual distance of an execution to the one most like it, which is 0 without noise."""
USUAL = 0.45
"""Share of a variant's executions that hold a step, from which it belongs to the variant; below it is noise."""
VOTERS = 4
SAME = 0.6
"""Likeness from which a variant is the one that was there before."""
MERGED = 256
"""Ids of earlier variants that are kept of each."""


class Variant(Struct, frozen=True):
    """One variant, by the execution that stands for it.

    ``seqs``        sequence numbers of the execution's steps that belong to the routine
    ``noise``       those of steps that hardly any other execution has
    ``share``       of the executions, those that are nearest to it: ``held``, of so many ``people``
    ``merged``      ids of earlier variants that it stands for now
    """

    id: str
    example: Execution
    steps: tuple[str, ...]
    seqs: tuple[int, ...]
    noise: tuple[int, ...]
    share: float
    people: int
    held: tuple[Execution, ...] = ()
    merged: tuple[str, ...] = ()


class Bags:
    """Multisets as bit masks, one bit for the n-th occurrence of an activity: likeness is then two bit counts."""

    def __init__(self) -> None:
        self._bits: dict[tuple[str, int], int] = {}

    def mask(self, activities: Iterable[str]) -> int:
        """The mask of a multiset."""
        seen: dict[str, int] = {}
        mask = 0
        for activity in activities:
            n = seen[activity] = seen.get(activity, 0) + 1
            mask |= 1 << self._bits.setdefault((activity, n), len(self._bits))
        return mask

    def known(self, activities: Iterable[str]) -> int:
        """The mask of a multiset's elements that have a bit already."""
        seen: dict[str, int] = {}
        mask = 0
        for activity in activities:
            n = seen[activity] = seen.get(activity, 0) + 1
            bit = self._bits.get((activity, n))
            if bit is not None:
                mask |= 1 << bit
        return mask


def jaccard(a: int, b: int) -> float:
    """Jaccard coefficient of two masks."""
    either = (a | b).bit_count()
    return (a & b).bit_count() / either if either else 0.0


def representatives(bags: Sequence[int], weights: Sequence[int], limit: int) -> list[int]:
    """Positions of the bags that stand for all, the best first; none of none."""
    size = len(bags)
    if not size:
        return []
    like = [[1.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i):
            like[i][j] = like[j][i] = jaccard(bags[i], bags[j])
    total = sum(weights)
    gain = GAIN + NOISE_GAIN * _noise(like, weights)
    best = [0.0] * size
    chosen: list[int] = []
    while len(chosen) < min(limit, size):
        gains = [
            sum([w * (x - y) for w, x, y in zip(weights, row, best, strict=True) if x > y]) - (1.0 - best[i])
            for i, row in enumerate(like)
        ]
        top = max(range(size), key=lambda i: (gains[i], -i))
        if chosen and gains[top] < gain * total:
            break
        chosen.append(top)
        best = [max(x, y) for x, y in zip(like[top], best, strict=True)]
    return chosen


def _noise(like: list[list[float]], weights: Sequence[int]) -> float:
    """Mean over the executions of the distance to the nearest other one."""
    apart = sum(
        [
            1.0 - max([row[j] for j in range(len(row)) if j != i], default=1.0)
            for i, (row, weight) in enumerate(zip(like, weights, strict=True))
            if weight == 1
        ]
    )
    return apart / sum(weights)


def variants(executions: Sequence[Execution], rare: frozenset[str], limit: int = LIMIT) -> list[Variant]:
    """Variants of a routine from a sample of its executions; ``rare`` activities are taken as noise."""
    masks = Bags()
    grouped: dict[int, list[Execution]] = {}
    for execution in sorted(executions, key=lambda e: (e.priority, e.id)):
        grouped.setdefault(masks.mask([step for step in execution.steps if step not in rare]), []).append(execution)
    groups = sorted(grouped.items(), key=lambda item: (-len(item[1]), item[1][0].priority))
    groups = [(mask, members) for mask, members in groups if mask]
    bags = [mask for mask, _ in groups]
    weights = [len(members) for _, members in groups]
    chosen = representatives(bags, weights, limit)
    nearest = [max(chosen, key=lambda c: (jaccard(bag, bags[c]), -c)) for bag in bags] if chosen else []
    total = sum(weights)
    found = []
    for position in chosen:
        like = [members for (_, members), near in zip(groups, nearest, strict=True) if near == position]
        held = [execution for members in like for execution in members]
        found.append(_variant(groups[position][1][0], rare, held, len(held) / total))
    return sorted(found, key=lambda variant: (-variant.share, variant.id))


def _variant(example: Execution, rare: frozenset[str], held: Sequence[Execution], share: float) -> Variant:
    """The variant of the executions ``held``, for which ``example`` stands."""
    kept, noise = _split(example, rare, _usual(held))
    if not kept:  # no two of them are alike: then the example alone says what it is
        kept, noise = _split(example, rare, _usual([example]))
    return Variant(
        id=f"v{example.priority:016x}"[:9],
        example=example,
        steps=tuple([step for step, _ in kept]),
        seqs=tuple([seq for _, seq in kept]),
        noise=tuple([seq for _, seq in noise]),
        share=share,
        people=len({execution.actor for execution in held}),
        held=tuple(held),
    )


class Former(NamedTuple):
    """A variant as it was last made public."""

    id: str
    steps: tuple[str, ...]
    merged: tuple[str, ...]


def carry_ids(found: Sequence[Variant], before: Sequence[Former]) -> list[Variant]:
    """Give variants the ids that they had before: the most similar pairs first, each id once.

    An earlier variant that matches none is merged into the one most like it, so that every id ever assigned to an
    execution leads to a variant with steps.
    """
    if not found:
        return []
    bags = Bags()
    masks = [bags.mask(variant.steps) for variant in found]
    old = [bags.mask(variant.steps) for variant in before]
    pairs = sorted([(-jaccard(a, b), new, former) for new, a in enumerate(masks) for former, b in enumerate(old)])
    ids: dict[int, str] = {}
    merged: dict[int, list[str]] = {new: [] for new in range(len(found))}
    carried: set[int] = set()
    for unlike, new, former in pairs:
        if -unlike >= SAME and new not in ids and former not in carried:
            ids[new] = before[former].id
            carried.add(former)
            merged[new] += before[former].merged
    for _, new, former in pairs:
        if former not in carried:
            carried.add(former)
            merged[new] += (*before[former].merged, before[former].id)
    taken = set(ids.values()) | {name for names in merged.values() for name in names}
    out = []
    for new, variant in enumerate(found):
        name = ids.get(new, variant.id)
        while new not in ids and name in taken:
            name = "v" + short_id(name)[:8]
        taken.add(name)
        out.append(replace(variant, id=name, merged=tuple(sorted(set(merged[new])))[:MERGED]))
    return out


Steps = list[tuple[str, int]]


def _split(execution: Execution, rare: frozenset[str], usual: set[tuple[str, int]]) -> tuple[Steps, Steps]:
    """The execution's steps, with their sequence numbers, that belong to the variant, and the others."""
    kept: Steps = []
    noise: Steps = []
    times: dict[str, int] = {}
    for step, seq in zip(execution.steps, execution.step_seqs(), strict=True):
        n = times[step] = times.get(step, 0) + 1
        (kept if step not in rare and (step, n) in usual else noise).append((step, seq))
    return kept, noise


def _usual(held: Sequence[Execution]) -> set[tuple[str, int]]:
    """What belongs to a variant: (activity, n) when at least ``USUAL`` of its executions hold it n times."""
    counts: dict[tuple[str, int], int] = {}
    for execution in held:
        times: dict[str, int] = {}
        for step in execution.steps:
            n = times[step] = times.get(step, 0) + 1
            counts[step, n] = counts.get((step, n), 0) + 1
    least = USUAL * len(held) if len(held) >= VOTERS else 1
    return {key for key, n in counts.items() if n >= least}
