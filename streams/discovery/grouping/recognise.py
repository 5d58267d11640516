"""Recognising known routines in the stream, from the catalogue's records alone."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

from streams.discovery.grouping.shapes import JOIN
from streams.discovery.grouping.variants import Bags, jaccard
from taskstream.records import Assignment, Routine, Segment

HUB = 64
"""Activities that more routines than this hold do not propose candidates."""


MAX_ROUTINES = 5_000
"""Routines of all tenants that are known at a time; the one whose record is oldest makes room."""


class Recogniser:
    """The routines of a catalogue with an index from activities. Pure; update it as ``routines`` records arrive."""

    def __init__(self, routines: Iterable[Routine] = (), max_routines: int = MAX_ROUTINES) -> None:
        self._most = max_routines
        self._routines: dict[str, Routine] = {}
        self._parts: dict[tuple[str, int], tuple[dict[str, float], float]] = {}
        self._index: dict[str, dict[tuple[str, int], float]] = {}
        self._bags = Bags()
        self._variants: dict[str, list[tuple[str, int]]] = {}
        for routine in routines:
            self.update(routine)

    def __len__(self) -> int:
        return len(self._routines)

    def update(self, routine: Routine) -> None:
        """Take in a routine's latest record; a withdrawn one is forgotten."""
        self.forget(routine.id)
        if routine.withdrawn or not routine.presence:
            return
        if len(self._routines) >= self._most:
            self.forget(next(iter(self._routines)))
        self._routines[routine.id] = routine
        self._variants[routine.id] = [(v.id, self._bags.mask(v.steps)) for v in routine.variants]
        for number, part in enumerate(routine.parts or (routine.presence,)):
            key = routine.id, number
            self._parts[key] = part, sqrt(sum([share * share for share in part.values()]))
            for activity, share in part.items():
                self._index.setdefault(activity, {})[key] = share

    def forget(self, routine: str) -> None:
        """Know nothing of a routine any more."""
        self._routines.pop(routine, None)
        self._variants.pop(routine, None)
        for key in [key for key in self._parts if key[0] == routine]:
            for activity in self._parts.pop(key)[0]:
                postings = self._index[activity]
                del postings[key]
                if not postings:
                    del self._index[activity]

    def assign(self, segment: Segment) -> Assignment | None:
        """The routine that ``segment`` is an execution of; None where no known one is near enough."""
        steps = [step.activity for step in segment.steps]
        key, fit = self._nearest(frozenset(steps), segment.tenant)
        if key is None or fit < JOIN:
            return None
        routine = key[0]
        bag = self._bags.known(steps)
        variants = self._variants[routine]
        return Assignment(
            segment=segment.id,
            tenant=segment.tenant,
            team=segment.team,
            routine=routine,
            variant=max(variants, key=lambda variant: jaccard(bag, variant[1]))[0] if variants else "",
            fit=round(fit, 4),
            start_ms=segment.start_ms,
            active_ms=segment.active_ms,
            execution=segment.id,
        )

    def _nearest(self, activities: frozenset[str], tenant: str) -> tuple[tuple[str, int] | None, float]:
        dots: dict[tuple[str, int], float] = {}
        for activity in sorted(activities):
            postings = self._index.get(activity)
            if postings is None or len(postings) > HUB:
                continue
            for key, share in postings.items():
                dots[key] = dots.get(key, 0.0) + share
        best, best_cosine = None, 0.0
        for key, dot in dots.items():
            if self._routines[key[0]].tenant != tenant:
                continue
            cosine = dot / self._parts[key][1]
            if cosine > best_cosine or (cosine == best_cosine and best is not None and key < best):
                best, best_cosine = key, cosine
        return best, best_cosine / sqrt(len(activities)) if activities else 0.0
