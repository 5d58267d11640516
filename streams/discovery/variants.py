"""The ways in which a routine is carried out: few real executions that stand for all the others.

Greedy facility location: each further variant is the execution that most raises the total likeness of the executions
to the nearest variant. Likeness is the weighted Jaccard coefficient of the activities with their counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from streams.discovery.execution import Execution

LIMIT = 40
"""Variants of a routine at most."""
GAIN = 0.001
"""A further variant must raise the mean likeness by this."""
FIRST_GAIN = 1e-9


class Variant(Struct, frozen=True):
    """One variant, by the execution that stands for it.

    ``seqs``        sequence numbers of the execution's steps that belong to the routine
    ``noise``       those of steps that hardly any other execution has
    ``share``       of the executions, those that are nearest to it; ``people``: how many people they are of
    """

    id: str
    example: Execution
    steps: tuple[str, ...]
    seqs: tuple[int, ...]
    noise: tuple[int, ...]
    share: float
    people: int


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


def jaccard(a: int, b: int) -> float:
    """Jaccard coefficient of two masks."""
    either = (a | b).bit_count()
    return (a & b).bit_count() / either if either else 0.0


def representatives(bags: Sequence[int], weights: Sequence[int], limit: int, gain: float) -> list[int]:
    """Positions of the bags that stand for all, the best first."""
    size = len(bags)
    like = [[1.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i):
            like[i][j] = like[j][i] = jaccard(bags[i], bags[j])
    best = [0.0] * size
    total = sum(weights)
    chosen: list[int] = []
    while len(chosen) < min(limit, size):
        gains = [
            sum([w * (x - y) for w, x, y in zip(weights, row, best, strict=True) if x > y]) if i not in chosen else -1.0
            for i, row in enumerate(like)
        ]
        top = max(range(size), key=lambda i: (gains[i], -i))
        if gains[top] < (gain if chosen else FIRST_GAIN) * total:
            break
        chosen.append(top)
        best = [max(x, y) for x, y in zip(like[top], best, strict=True)]
    return chosen


def variants(
    executions: Sequence[Execution], rare: frozenset[str], limit: int = LIMIT, gain: float = GAIN
) -> list[Variant]:
    """Variants of a routine from a sample of its executions; ``rare`` activities are taken as noise."""
    masks = Bags()
    grouped: dict[int, list[Execution]] = {}
    for execution in executions:
        grouped.setdefault(masks.mask([step for step in execution.steps if step not in rare]), []).append(execution)
    groups = sorted(grouped.items(), key=lambda item: (-len(item[1]), item[1][0].priority))
    groups = [(mask, members) for mask, members in groups if mask]
    bags = [mask for mask, _ in groups]
    weights = [len(members) for _, members in groups]
    chosen = representatives(bags, weights, limit, gain)
    nearest = [max(chosen, key=lambda c: (jaccard(bag, bags[c]), -c)) for bag in bags] if chosen else []
    total = sum(weights)
    found = []
    for position in chosen:
        example = groups[position][1][0]
        held = [members for (_, members), near in zip(groups, nearest, strict=True) if near == position]
        people = len({execution.actor for members in held for execution in members})
        found.append(_variant(example, rare, sum(map(len, held)) / total, people))
    return sorted(found, key=lambda variant: (-variant.share, variant.id))


def _variant(example: Execution, rare: frozenset[str], share: float, people: int) -> Variant:
    kept = [(step, seq) for step, seq in zip(example.steps, example.step_seqs(), strict=True) if step not in rare]
    noise = [seq for step, seq in zip(example.steps, example.step_seqs(), strict=True) if step in rare]
    return Variant(
        id=f"v{example.priority:016x}"[:9],
        example=example,
        steps=tuple(step for step, _ in kept),
        seqs=tuple(seq for _, seq in kept),
        noise=tuple(noise),
        share=share,
        people=people,
    )
