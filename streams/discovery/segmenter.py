"""Where one execution ends and the next begins: evidence is added up for each edge between two events.

Events are held until enough followed; blocks of them are decided from left to right, and every cut made feeds the
counts by which the next are judged.
"""

from __future__ import annotations

import math
from typing import Any, Final

from msgspec import Struct

from streams.discovery.model import COPY, GAP_CLASSES, SHIFT, WRITE, Model

BLOCK: Final = 320
STEP: Final = 160
MAX_OPEN: Final = 1024
"""Events of one uncut stretch at most; then it is cut where that hurts least."""
LINK_EVENTS: Final = 12
"""A copied value is expected to be pasted within so many events."""


class Weights(Struct, frozen=True):
    """Weights of the evidence, in natural log-odds."""

    prior: float = -3.4
    surprise: float = 0.8
    strong: float = 3.5
    weak: float = 1.0
    fade: float = 0.85
    start_strong: float = -2.0
    link: float = -2.5
    gap: float = 0.5
    gap_max: float = 2.0
    short: float = -1.0
    long: float = 0.01
    cycle: float = 0.8
    ends: float = 0.8
    starts: float = 1.2
    base: float = 0.05
    shrink: float = 2.0
    ahead: int = 5
    minimum: int = 3


DEFAULT: Final = Weights()


class Cut(Struct, frozen=True):
    """A decided segment: the next ``events`` of the buffer, the score of its end, whether it ended with a completion."""

    events: int
    score: float
    complete: bool


class Segmenter:
    """Edge scores and decisions on the activity ids of one agent."""

    def __init__(self, weights: Weights = DEFAULT) -> None:
        self.weights = weights
        self.model = Model()
        self.acts: list[int] = []
        self.times: list[int] = []
        self.links: list[int] = []
        self._copies: list[tuple[int, int]] = []
        self._last = -1
        self._cold = True

    def push(self, act: int, at_ms: int, digest: int) -> bool:
        """Take an event; True when a block is due."""
        model = self.model
        if act >= len(model.decided):
            model.grow()
        acts, times = self.acts, self.times
        here = len(acts)
        last = self._last
        if last >= 0:
            key = last << SHIFT | act
            model.pairs[key] = model.pairs.get(key, 0) + 1
        if here:
            gap = at_ms - times[-1]
            model.gaps[gap.bit_length() if 0 < gap < 1 << (GAP_CLASSES - 1) else 0] += 1
        self._last = act
        acts.append(act)
        times.append(at_ms)
        self.links.append(0)
        kind = model.classes[act]
        if kind:
            if kind == COPY:
                self._copies.append((here, digest))
                if len(self._copies) > 4:
                    del self._copies[0]
            elif kind == WRITE:
                self._link(here, digest)
        return here + 1 >= BLOCK and (here + 1 - BLOCK) % STEP == 0

    def _link(self, here: int, digest: int) -> None:
        for place, copied in reversed(self._copies):
            if place < here - LINK_EVENTS:
                break
            if copied == digest:
                links = self.links
                for edge in range(max(place, 0) + 1, here + 1):
                    links[edge] = 1
                return

    def decide(self, final: bool) -> list[Cut]:
        """Cut what can be cut; with ``final`` everything is."""
        size = len(self.acts)
        if not size:
            return []
        limit = size if final else size - STEP
        if self._cold:
            self._learn(*self._cuts(size, size))
            cuts = self._cuts(size, limit)
            self._forget_learned()
            self._cold = False
        else:
            cuts = self._cuts(size, limit)
        places, scores = cuts
        if final:
            places.append(size)
            scores.append(0.0)
        elif not places and size > MAX_OPEN:
            places.append(limit)
            scores.append(-9.0)
        self._learn(places, scores)
        out = []
        start = 0
        for place, score in zip(places, scores, strict=True):
            out.append(Cut(place - start, score, self._completed(start, place)))
            start = place
        del self.acts[:start]
        del self.times[:start]
        del self.links[:start]
        self._copies = [(place - start, digest) for place, digest in self._copies]
        if final:
            self._last = -1
            self._copies.clear()
        self.model.forget()
        return out

    def _learn(self, places: list[int], scores: list[float]) -> None:
        model, acts = self.model, self.acts
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

    def _completed(self, start: int, end: int) -> bool:
        """Whether one of the last three events completes something."""
        completion = self.model.completion
        return any(completion[act] for act in self.acts[max(start, end - 3) : end])

    def _forget_learned(self) -> None:
        model = self.model
        for table in (model.ends, model.starts):
            table[:] = [0.0] * len(table)
        model.decided[:] = [0] * len(model.decided)

    def _tables(self) -> tuple[list[float], list[float], list[float]]:
        """Learned evidence of ends and starts by activity, and of gaps by class."""
        w, model = self.weights, self.model
        p0, m = w.base, w.shrink
        offset = math.log(p0 / (1 - p0))
        ends, starts = [], []
        for n, ended, started in zip(model.decided, model.ends, model.starts, strict=True):
            if n:
                n = max(n, ended, started)
                ends.append(w.ends * (math.log((ended + m * p0) / (n - ended + m * (1 - p0))) - offset))
                starts.append(w.starts * (math.log((started + m * p0) / (n - started + m * (1 - p0))) - offset))
            else:
                ends.append(0.0)
                starts.append(0.0)
        total = sum(model.gaps)
        half, seen, median = total / 2, 0, 0
        for index, count in enumerate(model.gaps):
            seen += count
            if seen >= half:
                median = index
                break
        gaps = [
            min(max(w.gap * (index - median - 1), 0.0), w.gap_max) if median else 0.0 for index in range(GAP_CLASSES)
        ]
        return ends, starts, gaps

    def _edges(self, size: int) -> list[float]:
        """The part of each edge's score that does not depend on where its segment began."""
        w, model = self.weights, self.model
        acts, times, links = self.acts, self.times, self.links
        ends, starts, gaps = self._tables()
        pairs, counts, strengths = model.pairs, model.activities.counts, model.completion
        log = math.log
        scores = [0.0] * size
        a = acts[0]
        for i in range(1, size):
            b = acts[i]
            n = pairs.get(a << SHIFT | b, 1) - 0.7
            na, nb = counts[a], counts[b]
            s = w.prior + w.surprise * log((na if na < nb else nb) / n) + ends[a] + starts[b]
            if links[i]:
                s += w.link
            if strengths[b] == 2:
                s += w.start_strong
            gap = times[i] - times[i - 1]
            if gap > 0:
                s += gaps[gap.bit_length() if gap < 1 << (GAP_CLASSES - 1) else -1]
            scores[i] = s
            a = b
        return scores

    def _cuts(self, size: int, limit: int) -> tuple[list[int], list[float]]:
        """Where to cut, left to right, each at the best of the next few places once the score is above 0."""
        w, model, acts = self.weights, self.model, self.acts
        edges = self._edges(size)
        strengths, auth = model.completion, model.authentication
        level = (0.0, w.weak, w.strong)
        fade, minimum, ahead = w.fade, w.minimum, w.ahead
        most = w.strong + w.weak
        places: list[int] = []
        scores: list[float] = []
        start, quiet, done = 0, 0, 0.0
        best, best_at, deadline = 0.0, 0, 0
        i = 1
        while i < size:
            a = acts[i - 1]
            done *= fade
            if auth[a]:
                quiet = 5
            if quiet:
                quiet -= 1
            elif strengths[a]:
                done = min(done + level[strengths[a]], most)
            length = i - start
            if length >= minimum:
                score = edges[i] + done
                if length < 6:
                    score += w.short
                if acts[i] == acts[start]:
                    score += w.cycle
                    if i + 1 < size and acts[i + 1] == acts[start + 1]:
                        score += w.cycle
                        if i + 2 < size and acts[i + 2] == acts[start + 2]:
                            score += w.cycle
                if score > best:
                    if not best_at:
                        deadline = i + ahead
                    best, best_at = score, i
            if best_at and (i >= deadline or i == size - 1):
                if best_at > limit:
                    break
                places.append(best_at)
                scores.append(best)
                i = start = best_at
                done, quiet, best, best_at = 0.0, 0, 0.0, 0
            i += 1
        return places, scores

    def dump(self) -> list[Any]:
        """The complete state as plain data."""
        return [self.model.dump(), self.acts, self.times, self.links, self._copies, self._last, self._cold]

    @classmethod
    def load(cls, state: list[Any], weights: Weights = DEFAULT) -> Segmenter:
        """The inverse of :meth:`dump`."""
        made = cls(weights)
        made.model = Model.load(state[0])
        made.acts, made.times, made.links = state[1:4]
        made._copies = [(place, digest) for place, digest in state[4]]
        made._last, made._cold = state[5], state[6]
        return made
