"""Routines by what segments hold: segments with the same activities, each weighted by how much it tells, are of one.

The number of routines is chosen here and not by description length, which merges tasks that share nothing.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.discovery.semimarkov import routine_chains as chains
from streams.discovery.semimarkov.learning import rate
from streams.discovery.semimarkov.step_log import Bools, Cuts, Floats, Ints, Log, renumbered

LEADER: Final = 0.6
"""Weighted Jaccard from which a segment joins a group at once."""
ALIKE: Final = 0.35
"""Weighted Jaccard from which two groups are one."""
CONTAINED: Final = 0.4
"""Share of a small group's weight that a larger one must hold to take it over."""
SMALL: Final = 0.03
SMALLER: Final = 0.1
"""A group is small below SMALL of all segments, or SMALLER of the largest group."""
FEW: Final = 3
MAX_GROUPS: Final = 256
TELLING: Final = 0.3
"""Weight of what every segment holds, beside the logarithm of how few hold a thing; rarities, and what belongs to
signing in, weigh so much at most."""
RARE: Final = 0.01
COHERENT: Final = 0.3
COHERENT_SEGMENT: Final = 0.12
"""Mean share of a step among what usually follows, or precedes, below which a group may be, a segment is, of no
routine."""
STRAY: Final = 0.4
"""The same of a segment, beside the mean of its routine."""


def group(log: Log, cuts: Cuts) -> Cuts:
    """The segments of routines given to routines by what they hold; those without rhyme or reason to none."""
    known = np.nonzero(cuts.routine >= 0)[0]
    if not len(known):
        return cuts
    bags = [tuple(sorted(set(log.acts[cuts.start[j] : cuts.end[j]]))) for j in known]
    owner = _owners(bags, log.activities, log.signing)
    routine = cuts.routine.copy()
    routine[known] = [owner[bag] for bag in bags]
    return renumbered(_coherent(log, cuts.with_routines(routine)))


def _owners(bags: list[tuple[int, ...]], activities: int, signing: Bools) -> dict[tuple[int, ...], int]:
    times: dict[tuple[int, ...], int] = {}
    for bag in bags:
        times[bag] = times.get(bag, 0) + 1
    shapes = sorted(times, key=lambda bag: (-times[bag], -len(bag), bag))
    mass = np.array([times[bag] for bag in shapes], np.float64)
    groups = _Groups(shapes, mass, activities, signing)
    groups.lead()
    groups.unite_alike()
    groups.absorb_small()
    number = {k: place for place, k in enumerate(groups.alive)}
    return {bag: number[groups.root(k)] for bag, k in zip(shapes, groups.own, strict=True)}


class _Groups:
    """Groups of shapes as presence of each activity, with their mass."""

    def __init__(self, shapes: list[tuple[int, ...]], mass: Floats, activities: int, signing: Bools) -> None:
        self.shapes = shapes
        self.mass_of = mass
        self.activities = activities
        held = np.zeros(activities)
        for bag, n in zip(shapes, mass, strict=True):
            held[list(bag)] += n
        self.total = total = float(mass.sum())
        weight = np.where(held > 0, np.log((total + 1) / (held + 1e-9)) + TELLING, 0.0)
        little = (held < max(FEW, RARE * total)) | signing
        self.weight: Floats = np.where(little, np.minimum(weight, TELLING), weight)
        self.presence: Floats = np.zeros((0, activities))
        self.mass: list[float] = []
        self.own: list[int] = []
        self.alive: list[int] = []
        self.into: list[int] = []

    def likeness(self, groups: Floats, one: Floats) -> Floats:
        """Weighted Jaccard of each of ``groups`` with ``one``."""
        both: Floats = np.minimum(groups, one) @ self.weight
        either: Floats = np.maximum(groups, one) @ self.weight + 1e-9
        return both / either

    def lead(self) -> None:
        """Shapes, the commonest first, join the likest group or found one."""
        presence = np.zeros((min(len(self.shapes), MAX_GROUPS), self.activities))
        for bag, mass in zip(self.shapes, self.mass_of.tolist(), strict=True):
            one = np.zeros(self.activities)
            one[list(bag)] = 1.0
            n = len(self.mass)
            if n:
                like = self.likeness(presence[:n], one)
                k = int(like.argmax())
                if like[k] > LEADER or n >= MAX_GROUPS:
                    presence[k] = (presence[k] * self.mass[k] + one * mass) / (self.mass[k] + mass)
                    self.mass[k] += mass
                    self.own.append(k)
                    continue
            presence[n] = one
            self.mass.append(mass)
            self.own.append(n)
        self.presence = presence[: len(self.mass)]
        self.alive = list(range(len(self.mass)))
        self.into = list(range(len(self.mass)))

    def unite(self, a: int, b: int) -> None:
        """Make group ``b`` part of ``a``."""
        mass = self.mass[a] + self.mass[b]
        self.presence[a] = (self.presence[a] * self.mass[a] + self.presence[b] * self.mass[b]) / mass
        self.mass[a] = mass
        self.into[b] = a
        self.alive.remove(b)

    def unite_alike(self) -> None:
        """Average linkage, the likest two groups first."""
        n = len(self.mass)
        like = np.full((n, n), -1.0)
        for k in range(n):
            like[k] = self.likeness(self.presence, self.presence[k])
            like[k, k] = -1.0
        while len(self.alive) > 1:
            a, b = np.unravel_index(int(like.argmax()), like.shape)
            if like[a, b] < ALIKE:
                break
            kept, lost = (int(a), int(b)) if self.mass[a] >= self.mass[b] else (int(b), int(a))
            self.unite(kept, lost)
            like[lost], like[:, lost] = -1.0, -1.0
            fresh = self.likeness(self.presence[self.alive], self.presence[kept])
            like[kept, self.alive] = like[self.alive, kept] = fresh
            like[kept, kept] = -1.0

    def absorb_small(self) -> None:
        """Give small groups, the smallest first, to what contains them."""
        few = max(float(FEW), SMALL * self.total)
        for b in sorted(self.alive, key=lambda k: self.mass[k]):
            largest = max(self.mass[k] for k in self.alive)
            if self.mass[b] >= few and self.mass[b] >= SMALLER * largest:
                continue
            others = [k for k in self.alive if k != b]
            if not others:
                break
            one, groups = self.presence[b], self.presence[others]
            held = (np.minimum(groups, one) @ self.weight) / (one @ self.weight + 1e-9)
            best = int((held + 0.2 * self.likeness(groups, one)).argmax())
            if held[best] > CONTAINED:
                self.unite(others[best], b)

    def root(self, k: int) -> int:
        """The group that group ``k`` is part of now."""
        while self.into[k] != k:
            k = self.into[k]
        return k


def _coherent(log: Log, cuts: Cuts) -> Cuts:
    """Without the segments whose steps do not foresee each other, and the routines that do so by chance."""
    routines = cuts.routines
    counts = chains.count(log, cuts, routines)
    labels = cuts.labels()
    inner = labels >= 0
    inner[cuts.start] = False
    at = np.nonzero(inner)[0]
    k, pair = labels[at], log.pair[at]
    onward = counts.onward(log) + counts.ends
    into = np.stack([np.bincount(log.second, row[:-1], minlength=log.activities) for row in counts.steps])
    towards = into + counts.starts
    seen = np.maximum(counts.steps[k, pair] - 1, 0)
    ahead = seen / np.maximum(onward[k, log.first[pair]] - 1, 1)
    behind = seen / np.maximum(towards[k, log.second[pair]] - 1, 1)
    foreseen: Any = np.maximum(ahead, behind)
    segment: Ints = np.repeat(np.arange(len(cuts)), cuts.end - cuts.start)[at]
    edges = np.bincount(segment, minlength=len(cuts))
    mean = np.bincount(segment, foreseen, minlength=len(cuts)) / np.maximum(edges, 1)
    lengths = np.where(edges > 0, cuts.end - cuts.start, 0)
    own = np.where(cuts.routine >= 0, cuts.routine, routines)
    weight = np.bincount(own, lengths, minlength=routines + 1)[:routines]
    value = np.bincount(own, lengths * mean, minlength=routines + 1)[:routines] / np.maximum(weight, 1)
    bad = _doubtful(log, cuts, np.nonzero(value < COHERENT)[0].tolist())
    if len(bad) == routines:
        return cuts
    stray = (edges > 0) & (mean < np.minimum(COHERENT_SEGMENT, STRAY * np.append(value, 0.0)[own]))
    return cuts.with_routines(np.where(stray | np.isin(cuts.routine, bad), -1, cuts.routine))


def _doubtful(log: Log, cuts: Cuts, candidates: list[int]) -> list[int]:
    """Those of some routines that describe the log no better than no routine does: fields in any order may."""
    if not candidates:
        return []
    value = rate(log, cuts, cuts.routines)
    bad = []
    for k in candidates:
        without = rate(log, cuts.with_routines(np.where(cuts.routine == k, -1, cuts.routine)), cuts.routines)
        if without > value:
            bad.append(k)
    return bad
