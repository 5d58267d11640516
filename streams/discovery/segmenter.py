"""Where one execution ends and the next begins, for one agent, online.

Events are held until enough followed. Then lanes are told apart, the edges between events are judged, cuts are made
from left to right, and every cut feeds the counts by which the next are judged.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Final

from msgspec import Struct

from streams.discovery import edges
from streams.discovery.edges import DEFAULT, View, Weights
from streams.discovery.lanes import Lanes, unravel
from streams.discovery.model import COPY, SHIFT, TOP_GAP, WRITE, Model

BLOCK: Final = 320
"""Undecided events at which a decision is due."""
STEP: Final = 160
"""The latest events stay undecided; longer than nearly every execution."""
MAX_OPEN: Final = 1024
"""Events of one uncut stretch at most; then it is cut all the same."""
LINK_EVENTS: Final = 12
"""A copied value is expected to be pasted within so many events."""
MAX_COPIES: Final = 4
FORCED: Final = -9.0
"""Score of a cut without evidence."""
CERTAIN: Final = 4.0
"""Score of the start or end of a session."""


class Piece(Struct):
    """A decided segment: its events, column by column, in the order of its lane.

    ``score``     of its weaker end, in log-odds; ``complete``: whether a completion ended it
    ``lane``      0 for uninterrupted work, 1 where the segment was set aside and taken up again
    """

    seqs: list[int]
    acts: list[int]
    times: list[int]
    digests: list[int]
    score: float
    complete: bool
    lane: int


class Segmenter:
    """Decisions on the activity ids of one agent.

    The columns hold the undecided events in the order in which they came. ``sources`` names for each written value
    the place of the event it was copied at, or -1.
    """

    __slots__ = (
        "_cold", "_copies", "_due", "_fresh", "_last", "acts", "digests", "model", "seqs", "sources", "times",
        "weights",
    )  # fmt: skip

    def __init__(self, weights: Weights = DEFAULT) -> None:
        self.weights = weights
        self.model = Model()
        self.seqs: list[int] = []
        self.acts: list[int] = []
        self.times: list[int] = []
        self.digests: list[int] = []
        self.sources: list[int] = []
        self._copies: list[tuple[int, int]] = []
        self._last = -1
        self._cold = True
        self._fresh = True
        self._due = BLOCK

    def push(self, seq: int, act: int, at_ms: int, digest: int) -> bool:
        """Take an event; True when a block is due."""
        model = self.model
        if act >= len(model.decided):
            model.grow()
        acts, times = self.acts, self.times
        here = len(acts)
        last = self._last
        if last >= 0:
            key = last << SHIFT | act
            pairs = model.pairs
            pairs[key] = pairs.get(key, 0) + 1
        if here:
            gap = at_ms - times[-1]
            model.gaps[gap.bit_length() if 0 < gap < TOP_GAP else 0] += 1
        self._last = act
        acts.append(act)
        times.append(at_ms)
        self.seqs.append(seq)
        self.digests.append(digest)
        kind = model.classes[act]
        if kind == WRITE:
            self.sources.append(self._source(here, digest))
        else:
            self.sources.append(-1)
            if kind == COPY:
                self._copies.append((here, digest))
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
        limit = size if final else size - STEP
        if self._fresh:
            self._opening()
        model, w = self.model, self.weights
        lanes = unravel(self.acts, self.sources, model, w)
        view, tops = self._view(lanes)
        if self._cold:
            self._learn(view.acts, *edges.cuts(model, w, view, None, size))
            lanes = unravel(self.acts, self.sources, model, w)
            view, tops = self._view(lanes)
            places, scores = edges.cuts(model, w, view, tops, limit)
            model.forget_learned()
            self._opening()
            self._cold = False
        else:
            places, scores = edges.cuts(model, w, view, tops, limit)
        if final:
            if places and len(view.acts) - places[-1] < w.minimum:
                places.pop()
                scores.pop()
            places.append(len(view.acts))
            scores.append(CERTAIN)
        elif not places and size > MAX_OPEN:
            places.append(limit if lanes is None else sum(place < limit for place in lanes.order))
            scores.append(FORCED)
        self._learn(view.acts, places, scores)
        pieces = self._pieces(view, lanes, places, scores)
        self._drop(lanes, places[-1] if places else 0, final)
        model.forget()
        return pieces

    def _view(self, lanes: Lanes | None) -> tuple[View, list[int] | None]:
        """The undecided events in the order in which they are to be cut."""
        sources = self.sources
        size = len(sources)
        linked = bytearray(size + 1)
        if lanes is None:
            for place, source in enumerate(sources):
                if source >= 0:
                    for edge in range(source + 1, place + 1):
                        linked[edge] = 1
            return View(self.acts, self.times, linked), None
        order = lanes.order
        where = {place: number for number, place in enumerate(order)}
        tops, top = [0], 0
        for number, place in enumerate(order):
            source = where.get(sources[place], number)
            for edge in range(source + 1, number + 1):
                linked[edge] = 1
            top = max(top, place + 1)
            tops.append(top)
        acts, times = self.acts, self.times
        clock, now = [], 0
        for place in order:
            now += times[place] - times[place - 1] if place else 0
            clock.append(now)
        return View([acts[place] for place in order], clock, linked), tops

    def _learn(self, acts: list[int], places: list[int], scores: list[float]) -> None:
        model = self.model
        start = 0
        decided, ends, starts = model.decided, model.ends, model.starts
        for place, score in zip(places, scores, strict=True):
            for act in acts[start:place]:
                decided[act] += 1
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

    def _pieces(self, view: View, lanes: Lanes | None, places: list[int], scores: list[float]) -> list[Piece]:
        completion = self.model.completion
        pieces = []
        start, before = 0, CERTAIN
        seqs, digests, times = self.seqs, self.digests, self.times
        for place, score in zip(places, scores, strict=True):
            lane = 0
            if lanes is None:
                own_seqs, own_digests, own_times = seqs[start:place], digests[start:place], times[start:place]
            else:
                members = lanes.order[start:place]
                self._repair(members)
                own_seqs, own_digests = [seqs[k] for k in members], [digests[k] for k in members]
                own_times = [times[k] for k in members]
                lane = int(members[-1] - members[0] + 1 > len(members))
            acts = view.acts[start:place]
            complete = any(completion[act] for act in acts[-3:])
            pieces.append(Piece(own_seqs, acts, own_times, own_digests, min(before, score), complete, lane))
            start, before = place, score
        return pieces

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
        columns = (self.seqs, self.acts, self.times, self.digests, self.sources)
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

    def dump(self) -> list[Any]:
        """The complete state as plain data."""
        return [
            self.model.dump(), _deltas(self.seqs), self.acts, _deltas(self.times), self.digests, self.sources,
            self._copies, self._last, self._cold, self._fresh, self._due,
        ]  # fmt: skip

    @classmethod
    def load(cls, state: list[Any], weights: Weights = DEFAULT) -> Segmenter:
        """The inverse of :meth:`dump`."""
        made = cls(weights)
        made.model = Model.load(state[0])
        made.seqs, made.acts, made.times = _sums(state[1]), state[2], _sums(state[3])
        made.digests, made.sources = state[4], state[5]
        made._copies = [(place, digest) for place, digest in state[6]]
        made._last, made._cold, made._fresh, made._due = state[7:]
        return made


def _deltas(values: list[int]) -> list[int]:
    """Differences to the value before: small numbers take one byte."""
    out, before = [], 0
    for value in values:
        out.append(value - before)
        before = value
    return out


def _sums(deltas: list[int]) -> list[int]:
    out, total = [], 0
    for delta in deltas:
        total += delta
        out.append(total)
    return out
