"""Recognising what an execution is of: online leader clustering on the activities it holds.

A shape is how many of the executions assigned to it hold each activity. A new execution goes to the shape whose cosine
with its set of activities is largest, if that is at least ``JOIN``; otherwise it founds one. A routine is recognised
by one shape or by several: those of its parts, where executions come cut apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import log2, sqrt

JOIN = 0.5
"""Cosine from which an execution belongs to a shape."""
ACTIVITIES = 512
"""Activities of a shape; the rarest are dropped beyond."""
HUB = 48
"""Activities that more shapes than this hold do not propose candidates."""
FOLLOWERS = 48


class Shape:
    """``times``: executions assigned to it; ``owner``: number of the cluster whose executions they are.

    ``followers``  number of the shape that the same agent's next execution had → how often, and the sum of the binary
                   logarithms of the pauses between (milliseconds)
    ``fragment``   whether what has this shape is only a small part of the owner's executions
    ``complete``   executions that ended with evidence of completion
    """

    __slots__ = ("complete", "counts", "followers", "fragment", "norm2", "number", "owner", "times", "total", "touched")

    def __init__(self, number: int, owner: int) -> None:
        self.number = number
        self.owner = owner
        self.counts: dict[str, int] = {}
        self.total = 0
        self.norm2 = 0
        self.times = 0
        self.complete = 0
        self.touched = 0
        self.fragment = False
        self.followers: dict[int, list[float]] = {}

    def cosine(self, activities: frozenset[str]) -> float:
        """Cosine with a set of activities."""
        counts = self.counts
        dot = sum([counts.get(activity, 0) for activity in activities])
        return dot / sqrt(self.norm2 * len(activities)) if dot else 0.0

    def follow(self, number: int, pause_ms: int) -> None:
        """Count that shape ``number`` came next, ``pause_ms`` later."""
        entry = self.followers.get(number)
        if entry is not None:
            entry[0] += 1
            entry[1] += log2(max(1, pause_ms))
        elif len(self.followers) < FOLLOWERS:
            self.followers[number] = [1, log2(max(1, pause_ms))]


def counts_cosine(a: Mapping[str, int], b: Mapping[str, int]) -> float:
    """Cosine of two vectors of counts."""
    if len(a) > len(b):
        a, b = b, a
    dot = sum([n * b.get(key, 0) for key, n in a.items()])
    return dot / sqrt(sum([n * n for n in a.values()]) * sum([n * n for n in b.values()])) if dot else 0.0


class Shapes:
    """All shapes, with the inverted index that finds the nearest one in time independent of their number."""

    def __init__(self) -> None:
        self.by_number: dict[int, Shape] = {}
        self.index: dict[str, dict[int, int]] = {}
        self.next_number = 0

    def __iter__(self) -> Iterator[Shape]:
        return iter(self.by_number.values())

    def found(self, owner: int) -> Shape:
        """A new, empty shape."""
        shape = Shape(self.next_number, owner)
        self.next_number += 1
        self.by_number[shape.number] = shape
        return shape

    def nearest(self, activities: frozenset[str]) -> tuple[Shape | None, float]:
        """The shape nearest to ``activities`` and the cosine; ties go to the older one."""
        dots: dict[int, int] = {}
        hubs: list[str] = []
        index = self.index
        for activity in activities:
            postings = index.get(activity)
            if postings is None:
                continue
            if len(postings) > HUB:
                hubs.append(activity)
                continue
            for number, n in postings.items():
                dots[number] = dots.get(number, 0) + n
        if hubs:
            self._add_hubs(hubs, dots)
        best, best_cosine, shapes = None, 0.0, self.by_number
        for number, dot in dots.items():
            shape = shapes[number]
            cosine = dot * dot / shape.norm2
            if cosine > best_cosine or (cosine == best_cosine and best is not None and number < best.number):
                best, best_cosine = shape, cosine
        return best, sqrt(best_cosine / len(activities))

    def _add_hubs(self, hubs: list[str], dots: dict[int, int]) -> None:
        """Count activities that many shapes hold for the candidates alone, or for all when there is no other way."""
        if dots:
            for activity in hubs:
                postings = self.index[activity]
                for number in dots:
                    dots[number] += postings.get(number, 0)
            return
        for activity in hubs:
            for number, n in self.index[activity].items():
                dots[number] = dots.get(number, 0) + n

    def learn(self, shape: Shape, activities: Iterable[str]) -> None:
        """Count one execution that holds ``activities``."""
        counts, index, number = shape.counts, self.index, shape.number
        norm2, size = shape.norm2, 0
        for activity in activities:
            n = counts.get(activity, 0)
            norm2 += 2 * n + 1
            counts[activity] = n + 1
            postings = index.get(activity)
            if postings is None:
                index[activity] = {number: n + 1}
            else:
                postings[number] = n + 1
            size += 1
        shape.norm2 = norm2
        shape.total += size
        if len(counts) > ACTIVITIES:
            self.set_counts(shape, dict(_most(counts)[: ACTIVITIES // 2]))

    def set_counts(self, shape: Shape, counts: dict[str, int]) -> None:
        """Replace what the shape has learnt."""
        for activity in shape.counts:
            postings = self.index[activity]
            del postings[shape.number]
            if not postings:
                del self.index[activity]
        shape.counts = counts
        shape.total = sum(counts.values())
        shape.norm2 = sum([n * n for n in counts.values()])
        for activity, n in counts.items():
            self.index.setdefault(activity, {})[shape.number] = n

    def merge(self, into: Shape, other: Shape) -> None:
        """Make ``other`` one with ``into``."""
        counts = dict(into.counts)
        for activity, n in other.counts.items():
            counts[activity] = counts.get(activity, 0) + n
        self.drop(other)
        self.set_counts(into, dict(_most(counts)[:ACTIVITIES]))
        into.times += other.times
        into.complete += other.complete
        into.touched = max(into.touched, other.touched)
        for number, entry in other.followers.items():
            _add_entry(into.followers, number, entry)
        for shape in self:
            moved = shape.followers.pop(other.number, None)
            if moved is not None:
                _add_entry(shape.followers, into.number, moved)

    def drop(self, shape: Shape) -> None:
        """Forget a shape."""
        self.set_counts(shape, {})
        del self.by_number[shape.number]


def _most(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _add_entry(followers: dict[int, list[float]], number: int, entry: list[float]) -> None:
    known = followers.get(number)
    followers[number] = entry if known is None else [known[0] + entry[0], known[1] + entry[1]]
