"""Recognising known routines in the stream, from the catalogue's records alone."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable
from math import sqrt
from typing import Final

from msgspec import Struct, msgpack

from streams.discovery.grouping.shapes import JOIN
from streams.discovery.grouping.variants import Bags, jaccard
from taskstream.records import Assignment, Routine, Segment

HUB: Final = 64
"""Activities that more routines than this hold do not propose candidates."""
MAX_ROUTINES: Final = 5_000
"""Routines of all tenants that are known at a time; the one whose record is oldest makes room."""
HOT: Final = 256
"""Routines whose variants are held ready to be compared; those of the others are made ready in about 50 us."""
PLACE: Final = 20
"""Bits of a posting that hold the activity's place in its part; the others hold the part's slot."""

Variants = tuple[Bags, list[tuple[str, int]]]


class _Part(Struct):
    """One way in which a routine's activities come together, with the share of executions that hold each of them."""

    routine: str
    number: int
    activities: tuple[str, ...]
    shares: array[float]
    norm: float


class _Known(Struct):
    """What is kept of a routine: 2 to 4 KB, however many others are known.

    ``slots``     its parts
    ``names``     activities of its variants that are in none of its parts
    ``variants``  ids, and steps as places among the parts' activities and then the names; in msgpack
    """

    tenant: str
    slots: tuple[int, ...]
    names: tuple[str, ...]
    variants: bytes


class Recogniser:
    """The routines of a catalogue with an index from activities. Pure; update it as ``routines`` records arrive.

    Memory grows with the number of known routines and with nothing else: what is forgotten leaves nothing behind.
    """

    def __init__(self, routines: Iterable[Routine] = (), max_routines: int = MAX_ROUTINES) -> None:
        self._most = max_routines
        self._routines: dict[str, _Known] = {}
        self._parts: dict[int, _Part] = {}
        self._next = 0
        self._index: dict[str, int | tuple[int, ...]] = {}
        self._hot: OrderedDict[str, Variants] = OrderedDict()
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
        slots = tuple(
            self._add(routine.id, number, part) for number, part in enumerate(routine.parts or (routine.presence,))
        )
        places = {activity: place for place, activity in enumerate(self._activities(slots))}
        held = len(places)
        packed = msgpack.encode(
            [(v.id, [places.setdefault(step, len(places)) for step in v.steps]) for v in routine.variants]
        )
        self._routines[routine.id] = _Known(routine.tenant, slots, tuple(places)[held:], packed)

    def _add(self, routine: str, number: int, part: dict[str, float]) -> int:
        slot = self._next
        self._next += 1
        norm = sqrt(sum([share * share for share in part.values()]))
        self._parts[slot] = _Part(routine, number, tuple(part), array("d", part.values()), norm)
        for place, activity in enumerate(part):
            held, posting = self._postings(activity), slot << PLACE | place
            self._index[activity] = (*held, posting) if held else posting
        return slot

    def _activities(self, slots: Iterable[int]) -> list[str]:
        """The activities of parts, each once."""
        return list(dict.fromkeys(activity for slot in slots for activity in self._parts[slot].activities))

    def forget(self, routine: str) -> None:
        """Forget a routine."""
        known = self._routines.pop(routine, None)
        self._hot.pop(routine, None)
        for slot in known.slots if known is not None else ():
            for activity in self._parts.pop(slot).activities:
                left = tuple([posting for posting in self._postings(activity) if posting >> PLACE != slot])
                if left:
                    self._index[activity] = left[0] if len(left) == 1 else left
                else:
                    del self._index[activity]

    def _postings(self, activity: str) -> tuple[int, ...]:
        """Where an activity occurs. Most occur in one part alone: these are kept as a number, without a tuple."""
        held = self._index.get(activity, ())
        return held if isinstance(held, tuple) else (held,)

    def assign(self, segment: Segment) -> Assignment | None:
        """The routine that ``segment`` is an execution of; None where no known one is near enough."""
        steps = [step.activity for step in segment.steps]
        part, fit = self._nearest(frozenset(steps), segment.tenant)
        if part is None or fit < JOIN:
            return None
        bags, variants = self._variants(part.routine)
        bag = bags.known(steps)
        return Assignment(
            segment=segment.id,
            tenant=segment.tenant,
            team=segment.team,
            routine=part.routine,
            variant=max(variants, key=lambda variant: jaccard(bag, variant[1]))[0] if variants else "",
            fit=round(fit, 4),
            start_ms=segment.start_ms,
            active_ms=segment.active_ms,
            execution=segment.id,
        )

    def _variants(self, routine: str) -> Variants:
        found = self._hot.get(routine)
        if found is not None:
            self._hot.move_to_end(routine)
            return found
        bags = Bags()
        known = self._routines[routine]
        variants = msgpack.decode(known.variants, type=list[tuple[str, list[int]]])
        names = [*self._activities(known.slots), *known.names]
        masks = [(name, bags.mask([names[place] for place in steps])) for name, steps in variants]
        found = self._hot[routine] = bags, masks
        if len(self._hot) > HOT:
            self._hot.popitem(last=False)
        return found

    def _nearest(self, activities: frozenset[str], tenant: str) -> tuple[_Part | None, float]:
        dots: dict[int, float] = {}
        for activity in sorted(activities):
            postings = self._postings(activity)
            if len(postings) > HUB:
                continue
            for posting in postings:
                slot = posting >> PLACE
                dots[slot] = dots.get(slot, 0.0) + self._parts[slot].shares[posting & (1 << PLACE) - 1]
        best: _Part | None = None
        best_cosine = 0.0
        for slot, dot in dots.items():
            part = self._parts[slot]
            if self._routines[part.routine].tenant != tenant:
                continue
            cosine = dot / part.norm
            name = part.routine, part.number
            if cosine > best_cosine or (
                cosine == best_cosine and best is not None and name < (best.routine, best.number)
            ):
                best, best_cosine = part, cosine
        return best, best_cosine / sqrt(len(activities)) if activities else 0.0
