"""Where one execution ends and the next begins, for one agent, online.

Events are held until enough followed. Then lanes are told apart, the edges between events are judged, cuts are made
from left to right, and every cut feeds the counts by which the next are judged.
"""

from __future__ import annotations

import math
from itertools import accumulate, pairwise
from typing import Any, Final

from streams.discovery.segmentation import edges
from streams.discovery.segmentation.edges import EdgeView
from streams.discovery.segmentation.lanes import Lanes, is_over, unravel
from streams.discovery.segmentation.model import COPY, SHIFT, TOP_GAP, WRITE, Model
from streams.discovery.segmentation.steps import RawStep, dump_steps, load_steps
from streams.discovery.segmentation.weights import DEFAULT, Weights
from streams.discovery.semimarkov.served import ServedTables
from streams.discovery.semimarkov.undecided import Undecided, explain

BLOCK: Final = 320
"""Undecided events at which a decision is due."""
STEP: Final = 160
"""The latest events stay undecided; longer than nearly every execution."""
TAIL: Final = 64
"""The same where steps are explained by tables, which look no further back than to where an execution began."""
MAX_OPEN: Final = 1024
"""Events of one uncut stretch at most; then it is cut all the same."""
LINK_EVENTS: Final = 12
"""A copied value is expected to be pasted within so many events."""
MAX_COPIES: Final = 4
MEMORY: Final = 1_000
"""Pieces after which the counts of the past are halved."""
IDLE_SHARE: Final = 0.2
"""Where a smaller share of the pieces writes, copies or completes anything, that is no condition."""
FORCED: Final = -9.0
"""Score of a cut without evidence."""
CERTAIN: Final = 4.0
"""Score of the start or end of a session."""
EXPLAINED: Final = 2.0
"""Score of a cut in the best explanation."""
NEW: Final = 4
"""Steps of no routine in a row that may be of a task that the tables do not know."""
ENDS: Final = -0.7
"""From such a (logarithm of a) share on an activity is taken for the end of its execution."""


UNTOLD: Final = 0
OF_ONE: Final = 1
OF_NONE: Final = 2


class PlacedCuts:
    """Where to cut the steps in the order of ``lanes``: ``places`` behind each piece, its score and its routine."""

    __slots__ = ("lanes", "places", "routines", "scores")

    def __init__(self, lanes: Lanes | None, places: list[int], scores: list[float], routines: list[int]) -> None:
        self.lanes = lanes
        self.places = places
        self.scores = scores
        self.routines = routines


class Piece:
    """A decided segment: its steps in the order of its lane.

    ``score``     of its weaker end, in log-odds; ``complete``: whether a completion ended it
    ``lane``      0 for uninterrupted work, 1 where the segment was set aside and taken up again
    ``routine``   :data:`UNTOLD`, or whether the tables know it as an execution: :data:`OF_ONE` or :data:`OF_NONE`
    """

    __slots__ = ("complete", "lane", "routine", "score", "steps")

    def __init__(self, steps: list[RawStep], score: float, complete: bool, lane: int, routine: int) -> None:
        self.steps = steps
        self.score = score
        self.complete = complete
        self.lane = lane
        self.routine = routine


class Segmenter:
    """Decisions on the steps of one agent.

    The columns hold the undecided steps in the order in which they came. ``gaps`` holds the class of the gap before
    each, ``sources`` names for each written value the place of the step it was copied at, or -1. ``tables``: what was
    learned of the tenant's work; with it the steps are explained as a whole instead of edge by edge.
    """

    __slots__ = (
        "_cold", "_copies", "_due", "_fresh", "_last", "_numbers", "acts", "gaps", "model", "sources", "steps",
        "tables", "weights",
    )  # fmt: skip

    def __init__(self, weights: Weights = DEFAULT) -> None:
        self.weights = weights
        self.model = Model()
        self.steps: list[RawStep] = []
        self.acts: list[int] = []
        self.gaps: list[int] = []
        self.sources: list[int] = []
        self._copies: list[tuple[int, int]] = []
        self._last = -1
        self._cold = True
        self._fresh = True
        self._due = BLOCK
        self.tables: ServedTables | None = None
        self._numbers: list[int] = []

    def use(self, tables: ServedTables | None) -> None:
        """Decide by ``tables`` from now on."""
        self.tables = tables
        self._numbers = []

    def push(self, step: RawStep) -> bool:
        """Take a step; True when a block is due."""
        model, act = self.model, step.act
        acts = self.acts
        here = len(acts)
        last = self._last
        model.activities.counts[act] += 1
        if last >= 0:
            key = last << SHIFT | act
            pairs = model.pairs
            pairs[key] = pairs.get(key, 0) + 1
        gap = int(step.gap)
        gap = gap.bit_length() if 0 < gap < TOP_GAP else 0
        if here:
            model.gaps[gap] += 1
        self._last = act
        acts.append(act)
        self.steps.append(step)
        self.gaps.append(gap)
        kind = model.classes[act]
        if kind == WRITE:
            self.sources.append(self._source(here, step.digest))
        else:
            self.sources.append(-1)
            if kind == COPY:
                self._copies.append((here, step.digest))
                if len(self._copies) > MAX_COPIES:
                    del self._copies[0]
        return here + 1 >= self._due

    def _source(self, here: int, digest: int) -> int:
        """Place of the event that copied what is written here, if it is near."""
        for place, copied in reversed(self._copies):
            if place < here - LINK_EVENTS:
                break
            if copied == digest:
                return place
        return -1

    def decide(self, final: bool) -> list[Piece]:
        """Cut what can be cut; with ``final`` everything is."""
        size = len(self.acts)
        if not size:
            return []
        tail = STEP if self.tables is None else TAIL
        return self._decide(size if final else size - tail, close=final, final=final)

    def may_pause(self) -> bool:
        """Whether there is anything to decide before more follows; without tables the first block is
        learned from as a whole."""
        return (not self._cold or self.tables is not None) and len(self.acts) >= self.weights.minimum

    def over(self, act: int) -> bool:
        """Whether the work is probably finished that ends with ``act``."""
        tables = self.tables
        if tables is not None:
            number = self._number(act)
            if number < tables.size - 1:
                return max(tables.tables.end[number][: len(tables.routines)]) >= ENDS
        return is_over(act, self.model, self.weights)

    def pause(self, finished: bool) -> list[Piece]:
        """The person has stopped for a while: cut what is done; with ``finished`` the work at hand is.

        What was begun stays open, with the last steps before it that a later one might still draw to itself.
        """
        size = len(self.acts)
        limit = size if finished and self.tables is None else size - self.weights.ahead
        return self._decide(limit, close=finished, final=False)

    def _decide(self, limit: int, *, close: bool, final: bool) -> list[Piece]:
        """Cut what lies before ``limit``; with ``close`` what is left is a piece, with ``final`` the session ends."""
        if self._fresh:
            self._opening()
        if self.tables is None:
            cuts = self._judged(limit)
        else:
            cuts = self._explained(self.tables, limit, closing=close)
        lanes, places, scores, routines = cuts.lanes, cuts.places, cuts.scores, cuts.routines
        size = len(self.acts)
        if close and self.tables is None:
            if places and size - places[-1] < self.weights.minimum:
                places.pop()
                scores.pop()
            places.append(size)
            scores.append(CERTAIN)
        elif not places and size > MAX_OPEN:
            places.append(limit if lanes is None else sum(place < limit for place in lanes.order))
            scores.append(FORCED)
        acts = self.acts if lanes is None else [self.acts[place] for place in lanes.order]
        self._learn(acts, places, scores)
        pieces = self._pieces(acts, lanes, places, scores, routines)
        self._drop(lanes, places[-1] if places else 0, final)
        self.model.forget()
        return pieces

    def _judged(self, limit: int) -> PlacedCuts:
        """The cuts before ``limit`` by the evidence at each edge."""
        model, w = self.model, self.weights
        lanes = unravel(self.acts, self.sources, model, w)
        view, tops = self._view(lanes)
        if self._cold:
            self._learn(view.acts, *edges.cuts(model, w, view, None, len(self.acts)))
            lanes = unravel(self.acts, self.sources, model, w)
            view, tops = self._view(lanes)
            places, scores = edges.cuts(model, w, view, tops, limit)
            model.forget_learned()
            self._opening()
            self._cold = False
        else:
            places, scores = edges.cuts(model, w, view, tops, limit)
        return PlacedCuts(lanes, places, scores, [])

    def _explained(self, tables: ServedTables, limit: int, *, closing: bool) -> PlacedCuts:
        """The executions of the best explanation of all steps that lie before ``limit``; with ``closing`` also those
        that end as executions end."""
        model, steps = self.model, self.steps
        window = Undecided(
            [self._number(act) for act in self.acts],
            [step.head_ms for step in steps],
            [step.digest for step in steps],
            [model.screens[act] for act in self.acts],
            [model.apps[act] for act in self.acts],
        )
        found = explain(tables, window)
        none = len(tables.routines)
        order = found.order
        self._cold = False
        segments = [
            list(range(start, end)) if order is None else sorted(order[start:end]) for start, end, _ in found.segments
        ]
        ready = [max(places) < limit or (closing and self.over(self.acts[places[-1]])) for places in segments]
        if order is None and True in ready:  # what others follow is over
            last = len(ready) - 1 - ready[::-1].index(True)
            ready = [number <= last for number in range(len(ready))]
        decided: list[int] = []
        waiting: list[int] = []
        ends: list[int] = []
        routines: list[int] = []
        unknown: list[int] = []
        goes_on = False
        for number, places in enumerate(segments):
            if not ready[number]:
                waiting += places
                goes_on = goes_on or found.segments[number][2] == none
                continue
            routine = found.segments[number][2]
            if routine == none:
                unknown += places
                continue
            self._take_unknown(unknown, decided, ends, routines, goes_on=False)
            decided += places
            ends.append(len(decided))
            routines.append(OF_NONE if tables.idle[routine] else OF_ONE)
        self._take_unknown(unknown, decided, ends, routines, goes_on=goes_on)
        lanes = None if order is None else Lanes(decided + unknown + waiting)
        return PlacedCuts(lanes, ends, [EXPLAINED] * len(ends), routines)

    def _take_unknown(
        self, unknown: list[int], decided: list[int], ends: list[int], routines: list[int], *, goes_on: bool
    ) -> None:
        """Work that the tables know of no routine: what is long enough for a new one is cut by the evidence at its
        edges, until the next tables know it. Where it ``goes_on`` in what is not decided yet, the steps behind the last
        cut stay in ``unknown``; else all are taken."""
        if not unknown:
            return
        places: list[int] = []
        if len(unknown) >= NEW:
            places, _ = edges.cuts(self.model, self.weights, self._view(Lanes(unknown))[0], None, len(unknown))
        if not goes_on or (not places and len(unknown) > MAX_OPEN):
            places.append(len(unknown))
        if not places:
            return
        begin = len(decided)
        decided += unknown[: places[-1]]
        ends += [begin + place for place in places]
        routines += [UNTOLD if len(unknown) >= NEW else OF_NONE] * len(places)
        del unknown[: places[-1]]

    def _number(self, act: int) -> int:
        """The tables' number of an activity."""
        numbers, tables = self._numbers, self.tables
        if act >= len(numbers) and tables is not None:
            for name in self.model.activities.names[len(numbers) :]:
                numbers.append(tables.number(name))
        return numbers[act]

    def _view(self, lanes: Lanes | None) -> tuple[EdgeView, list[int] | None]:
        """The undecided events in the order in which they are to be cut."""
        sources = self.sources
        size = len(sources)
        linked = bytearray(size + 1)
        if lanes is None:
            for place, source in enumerate(sources):
                if source >= 0:
                    for edge in range(source + 1, place + 1):
                        linked[edge] = 1
            return EdgeView(self.acts, self.gaps, linked, self._shared(self.steps)), None
        order = lanes.order
        where = {place: number for number, place in enumerate(order)}
        tops, top = [0], 0
        for number, place in enumerate(order):
            source = where.get(sources[place], number)
            for edge in range(source + 1, number + 1):
                linked[edge] = 1
            top = max(top, place + 1)
            tops.append(top)
        acts, gaps = self.acts, self.gaps
        steps = self.steps
        return EdgeView(
            [acts[place] for place in order],
            [gaps[place] for place in order],
            linked,
            self._shared([steps[place] for place in order]),
        ), tops

    def _shared(self, steps: list[RawStep]) -> list[int]:
        """For each edge the number of values that occur on both of its sides, near by and nowhere else."""
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for place, step in enumerate(steps):
            digest = step.digest
            if digest:
                if digest not in first:
                    first[digest] = place
                last[digest] = place
        changes = [0] * (len(steps) + 2)
        span = self.weights.shared_span
        for digest, place in first.items():
            end = last[digest]
            if place < end <= place + span:
                changes[place + 1] += 1
                changes[end + 1] -= 1
        return list(accumulate(changes))

    def _learn(self, acts: list[int], places: list[int], scores: list[float]) -> None:
        model = self.model
        start = 0
        decided, ends, starts = model.decided, model.ends, model.starts
        for place, score in zip(places, scores, strict=True):
            for act in acts[start:place]:
                decided[act] += 1
            seen, completed = model.finished
            done = any(model.completion[act] for act in acts[max(start, place - 3) : place])
            seen, completed = seen + 1, completed + done
            model.finished = (seen // 2, completed // 2) if seen > MEMORY else (seen, completed)
            if place < len(acts):
                weight = 1.0 / (1.0 + math.exp(-min(max(score, -20.0), 20.0)))
                ends[acts[place - 1]] += weight
                starts[acts[place]] += weight
            start = place

    def _opening(self) -> None:
        """A session most often begins with the beginning of an execution."""
        weight = self.weights.opening
        for act in self.acts[:3]:
            self.model.starts[act] += weight
            weight *= self.weights.opening_fade
        self._fresh = False

    def _pieces(
        self, acts: list[int], lanes: Lanes | None, places: list[int], scores: list[float], routines: list[int]
    ) -> list[Piece]:
        completion = self.model.completion
        pieces: list[Piece] = []
        start, before = 0, CERTAIN
        steps = self.steps
        for place, score in zip(places, scores, strict=True):
            lane = 0
            if lanes is None:
                own = steps[start:place]
            else:
                members = sorted(lanes.order[start:place])
                self._repair(members)
                own = [steps[k] for k in members]
                lane = int(members[-1] - members[0] + 1 > len(members))
            complete = any(completion[act] for act in acts[max(start, place - 3) : place])
            number = len(pieces)
            routine = routines[number] if number < len(routines) else UNTOLD
            pieces.append(Piece(own, min(before, score), complete, lane, routine))
            start, before = place, score
        return pieces

    def at_work(self, pieces: list[Piece]) -> list[Piece]:
        """The pieces in which something was done: completed, written or copied; all where that is rarely seen at all.

        Chat, news and mail read in between repeat themselves too, but there is nothing in them to hand over.
        """
        model = self.model
        works = model.works
        pieces = [piece for piece in pieces if piece.routine != OF_NONE]
        done = [piece.routine == OF_ONE or any(works(step.act) for step in piece.steps) for piece in pieces]
        seen, working = model.work
        seen, working = seen + len(pieces), working + sum(done)
        model.work = (seen // 2, working // 2) if seen > MEMORY else (seen, working)
        if working < IDLE_SHARE * seen:
            return pieces
        return [piece for piece, worked in zip(pieces, done, strict=True) if worked]

    def _repair(self, members: list[int]) -> None:
        """Count what followed within the lane instead of what broke in."""
        acts, pairs = self.acts, self.model.pairs
        for place, after in pairwise(members):
            if after > place + 1:
                key = acts[place] << SHIFT | acts[place + 1]
                if pairs.get(key, 0) > 1:
                    pairs[key] -= 1
                key = acts[place] << SHIFT | acts[after]
                pairs[key] = pairs.get(key, 0) + 1

    def _drop(self, lanes: Lanes | None, count: int, final: bool) -> None:
        """Forget the decided events."""
        columns: tuple[list[Any], ...] = (self.steps, self.acts, self.gaps, self.sources)
        if final:
            for column in columns:
                column.clear()
            self._copies.clear()
            self._last = -1
            self._fresh = True
            self._due = BLOCK
            return
        if count:
            size = len(self.acts)
            keep = range(count, size) if lanes is None else lanes.remaining(count, size)
            moved = {place: number for number, place in enumerate(keep)}
            if lanes is None:
                for column in columns:
                    del column[:count]
            else:
                for column in columns:
                    column[:] = [column[place] for place in keep]
            self.sources[:] = [moved.get(place, -1) if place >= 0 else -1 for place in self.sources]
            self._copies = [(moved[place], digest) for place, digest in self._copies if place in moved]
        self._due = max(BLOCK, len(self.acts) + STEP)

    def heir(self) -> Segmenter:
        """One with nothing open that has learned the same; it shares the model, so this one must not go on."""
        made = Segmenter(self.weights)
        made.model, made._cold = self.model, self._cold
        made.tables, made._numbers = self.tables, self._numbers
        return made

    def dump(self) -> list[Any]:
        """The complete state as plain data."""
        return [
            self.model.dump(), dump_steps(self.steps), self.gaps, self.sources, self._copies, self._last, self._cold,
            self._fresh, self._due,
        ]  # fmt: skip

    @classmethod
    def load(cls, state: list[Any], weights: Weights = DEFAULT) -> Segmenter:
        """The inverse of :meth:`dump`."""
        made = cls(weights)
        made.model = Model.load(state[0])
        made.steps = load_steps(state[1])
        made.acts = [step.act for step in made.steps]
        made.gaps, made.sources = state[2], state[3]
        made._copies = [(place, digest) for place, digest in state[4]]
        made._last, made._cold, made._fresh, made._due = state[5:]
        return made
