"""A task in the midst of another: what a segment holds of another routine becomes an execution.

A chain that has seen a call now and then learns the called task by heart, and then explains the calls as its own steps.
So the steps of each segment are asked which routine they are at home in, and what was set aside is put together again;
whether that was right decides the length of the whole log's description.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import log as ln
from typing import Final, NamedTuple

import numpy as np

from streams.discovery.semimarkov import beam, interleaving, priors
from streams.discovery.semimarkov import routine_chains as chains
from streams.discovery.semimarkov.learning import Solution, refine
from streams.discovery.semimarkov.served import HOME
from streams.discovery.semimarkov.set_aside import LEAVE, OPEN, RESUME, WAIT
from streams.discovery.semimarkov.step_log import Cuts, Floats, Ints, Log, cuts_of

LEAVES: Final = (LEAVE, 3.0)
"""Cost of each change of routine within a segment (nats): a task of three steps of its own is worth two changes; where
half of the executions hold a call, its steps tell little, and less is asked."""
ROUNDS: Final = 3
CALL: Final = 1.0
"""What a whole execution of a routine that is also done alone says for itself, in the midst of another (nats); nothing
is paid for the order then. The chain of the caller may learn a call by heart at a lower price; people see two tasks."""
LEAST: Final = 4
USUAL: Final = 0.2
"""Steps of a whole execution at least, and how usual its first and its last one are."""
ALONE: Final = 0.25
"""Share of a routine's executions that must be done alone."""


class Stretch(NamedTuple):
    """Steps of one routine without a pause: their places in the order of time."""

    routine: int
    places: list[int]


class Woven(NamedTuple):
    """A log in the order of executions, its solution, and the nats that the order takes to describe."""

    log: Log
    solution: Solution
    cost: float

    @property
    def likelihood(self) -> float:
        """Logarithm of the log's probability, its order with it."""
        return self.solution.likelihood - self.cost


def weave(found: Woven) -> Woven:
    """The log with calls set aside where that is shorter to describe, else as it is."""
    best = found
    for leave in LEAVES:
        for _ in range(ROUNDS):
            if best.solution.cuts.routines < 2:
                return best
            order, cuts = reorder(best.log, best.solution.cuts, leave)
            if order is None:
                break
            now = _refined(Log(best.log.steps, order), cuts)
            if now.likelihood <= best.likelihood:
                break
            best = now
    return best


def _refined(log: Log, cuts: Cuts) -> Woven:
    return priced(log, refine(log, cuts, cuts.routines))


def priced(log: Log, solution: Solution) -> Woven:
    """A solution of a log whose order was made here, with the price of that order."""
    places = np.arange(log.size) if log.order is None else log.order
    cuts = solution.cuts
    rows = zip(cuts.start.tolist(), cuts.end.tolist(), cuts.routine.tolist(), strict=True)
    pieces = [Stretch(routine, places[start:end].tolist()) for start, end, routine in rows]
    gaps = [(a, b) for piece in pieces for a, b in pairwise(piece.places) if b != a + 1]
    calls = _calls(log, chains.count(log, cuts, max(cuts.routines, 1)), pieces, gaps)
    return Woven(log, solution, interleaving.cost(log.size, len(gaps) - calls) - CALL * calls)


def reorder(
    log: Log, cuts: Cuts, leave: float = LEAVE, counts: chains.ChainCounts | None = None
) -> tuple[Ints | None, Cuts]:
    """An order of the steps in which what belongs together stands together (None: as it is), and the cuts in it.

    ``counts``: the routines' chains; those of the cuts themselves if not given.
    """
    if counts is None:
        counts = chains.count(log, cuts, max(cuts.routines, 1))
    joined = _joined(log, counts, _pieces(log, cuts, _homes(log, counts), leave))
    order: list[int] = []
    rows: list[tuple[int, int, int]] = []
    for piece in joined:
        rows.append((len(order), len(order) + len(piece.places), piece.routine))
        order += piece.places
    found = np.array(order, np.int64)
    before = np.arange(log.size) if log.order is None else log.order
    return None if (found == before).all() else found, cuts_of(rows)


def _calls(log: Log, counts: chains.ChainCounts, joined: list[Stretch], gaps: list[tuple[int, int]]) -> int:
    """How many gaps are filled by whole executions of routines that are done alone as well."""
    act = log.steps.act
    starts = counts.starts / np.maximum(counts.starts.sum(1, keepdims=True), 1.0)
    ends = counts.ends / np.maximum(counts.ends.sum(1, keepdims=True), 1.0)
    whole = np.zeros(log.size, np.int64)  # of the first step of a whole execution its length
    owner = np.full(log.size, -1, np.int64)
    inside = np.zeros(log.size, np.bool_)
    for a, b in gaps:
        inside[a + 1 : b] = True
    alone: Counter[int] = Counter()
    sizes: Counter[int] = Counter()
    for piece in joined:
        k, first, last = piece.routine, piece.places[0], piece.places[-1]
        owner[first] = k
        if k >= 0:
            sizes[k] += 1
            usual = starts[k, act[first]] >= USUAL and ends[k, act[last]] >= USUAL
            if usual and last - first + 1 == len(piece.places) >= LEAST:
                whole[first] = len(piece.places)
                alone[k] += not inside[first]
    found = 0
    for a, b in gaps:
        at = a + 1
        while at < b and whole[at] and alone[int(owner[at])] >= ALONE * sizes[int(owner[at])]:
            at += int(whole[at])
        found += at == b
    return found


def _homes(log: Log, counts: chains.ChainCounts) -> Floats:
    """Logarithm of how often a step of each routine is each activity."""
    into = [np.bincount(log.second, row[:-1], minlength=log.activities) for row in counts.steps]
    held = np.stack(into) + counts.starts
    found: Floats = np.log((held + HOME * log.share) / (held.sum(1, keepdims=True) + HOME))
    return found


def _pieces(log: Log, cuts: Cuts, homes: Floats, leave: float) -> list[Stretch]:
    """Segments, or the runs of steps at home in different routines, in the order of time."""
    order = np.arange(log.size) if log.order is None else log.order
    found = []
    for start, end, routine in zip(cuts.start.tolist(), cuts.end.tolist(), cuts.routine.tolist(), strict=True):
        places = order[start:end]
        labels = [routine] * len(places) if routine < 0 else _at_home(homes[:, log.act[start:end]], routine, leave)
        run: list[int] = []
        for at, (place, label) in enumerate(zip(places.tolist(), labels, strict=True)):
            if run and label != labels[at - 1]:
                found.append(Stretch(labels[at - 1], run))
                run = []
            run.append(place)
        found.append(Stretch(labels[-1], run))
    found.sort(key=lambda piece: piece.places[0])
    return found


def _at_home(scores: Floats, own: int, leave: float) -> list[int]:
    """The routine of each step: the best sequence where each change costs."""
    if scores.shape[0] < 2 or (scores.max(0) - scores[own]).sum() <= leave:
        return [own] * scores.shape[1]
    value = scores[:, 0].copy()
    came = []
    for at in range(1, scores.shape[1]):
        best = int(value.argmax())
        changes = value[best] - leave > value
        came.append(np.where(changes, best, np.arange(len(value))))
        value = np.where(changes, value[best] - leave, value) + scores[:, at]
    label = int(value.argmax())
    labels = [label]
    for back in reversed(came):
        label = int(back[label])
        labels.append(label)
    return labels[::-1]


class _Steps:
    """How well one step follows another in a routine, beside an end and a new start."""

    def __init__(self, log: Log, counts: chains.ChainCounts) -> None:
        onward = counts.onward(log)
        rates = chains.end_rates(log, counts.ends.sum(0), onward.sum(0))
        m = priors.SMOOTHING
        self._log, self._counts, self._onward, self._m = log, counts, onward, m
        ends = chains.ended(counts, onward, rates)
        self._end, self._on = np.log(ends), np.log(1.0 - ends)
        s = priors.START_COUNTS
        starts = (counts.starts + s * log.share) / (counts.starts.sum(1, keepdims=True) + s)
        self._start = np.log(starts) + np.log(chains.parts(counts))[:, None]

    def gain(self, k: int, a: int, b: int) -> float:
        """Nats by which ``b`` goes on after ``a`` in routine ``k`` rather than beginning another execution."""
        log, m = self._log, self._m
        code = a * log.activities + b
        at = min(int(np.searchsorted(log.codes, code)), log.pairs - 1)
        seen = self._counts.steps[k, at] if log.codes[at] == code else 0.0
        step = ln((seen + m * log.share[b]) / (self._onward[k, a] + m)) + self._on[k, a]
        return float(step - self._end[k, a] - self._start[k, b])


def _joined(log: Log, counts: chains.ChainCounts, pieces: list[Stretch]) -> list[Stretch]:
    """Pieces with those put together of which one goes on with the other."""
    follow = _Steps(log, counts)
    steps = log.steps
    act, values, keys, session = steps.act, steps.value, steps.key, steps.session
    found: list[Stretch] = []
    waiting: list[Stretch] = []
    for piece in pieces:
        first = piece.places[0]
        waiting = [
            one for one in waiting if session[one.places[-1]] == session[first] and first - one.places[-1] <= WAIT
        ][-OPEN:]
        best, most = None, 0.0
        if piece.routine >= 0:
            for one in waiting:
                if one.routine == piece.routine and one.places[-1] < first:
                    gain = follow.gain(piece.routine, int(act[one.places[-1]]), int(act[first])) - RESUME
                    gain += _linked(values, keys, one, piece)
                    if gain > most:
                        best, most = one, gain
        if best is None:
            found.append(piece)
            if piece.routine >= 0:
                waiting.append(piece)
        else:
            best.places.extend(piece.places)
    return found


def _linked(values: Ints, keys: Ints, one: Stretch, other: Stretch) -> float:
    """What values and business keys of two pieces say for one execution."""
    first = {value for value in values[one.places].tolist() if value >= 0}
    score = beam.LINK if first & set(values[other.places].tolist()) else 0.0
    before, after = [[key for key in keys[piece.places].tolist() if key >= 0] for piece in (one, other)]
    if before and after:
        score += beam.SAME_KEY if before[-1] == after[0] else beam.OTHER_KEY
    return score
