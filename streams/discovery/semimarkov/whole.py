"""A whole log explained: learned from all of it, or from a sample of its sessions where it is large."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from msgspec import Struct

from streams.discovery.semimarkov import asides, certainty, cues, interleaving, solving, strays
from streams.discovery.semimarkov.asides import Woven
from streams.discovery.semimarkov.beam import Chain
from streams.discovery.semimarkov.learning import Learned, Solution, explain, learn, rate
from streams.discovery.semimarkov.step_log import Cuts, Floats, Ints, Log, Steps
from streams.discovery.semimarkov.strays import Strays

LEARN: Final = 20_000
"""Steps that are learned from; more tell little more, and cost time."""
CHUNK: Final = 50_000
"""Steps explained at a time; a longer session is cut there."""
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
"""Multiplying by it scatters consecutive numbers (Knuth, "The Art of Computer Programming" 3, 6.4)."""


class FoundExecution(Struct):
    """A segment: its routine (-1: none), places of its steps in the order of time, whether other work lay between.

    ``sure``: probability that it overlaps a true execution by four fifths. ``idle``: the routine that it would be of,
    had anything been written, copied or completed in that (-1: none).
    """

    routine: int
    places: list[int]
    woven: bool
    sure: float
    idle: int = -1


class LearnedModel(Struct):
    """All that explaining needs, learned on a sample.

    ``codes``   pairs of activities of which ``learned`` holds counts; ``share``: of each activity
    ``chain``   by which steps are dealt into lanes, with ``switch``; None where people do one thing at a time
    ``woven``   whether a task may lie in the midst of another
    ``stray``   what is done between tasks and not in them
    """

    learned: Learned
    codes: Ints
    share: Floats
    chain: Chain | None
    switch: float
    woven: bool
    stray: Strays

    def explain(self, steps: Steps) -> tuple[Log, Cuts, Floats]:
        """Cut steps that were not learned from; how sure each segment is."""
        order = None if self.chain is None else interleaving.deal_all(steps, self.chain, self.switch).order
        log, cuts, learned, edge = self._explain(steps, order)
        if self.woven:
            order, _ = asides.reorder(log, cuts, counts=learned.counts)
            if order is not None:
                log, cuts, learned, edge = self._explain(steps, order)
        cuts = strays.cut_off(log, cuts, self.stray)
        return log, cuts, certainty.sure(log, cuts, learned, edge)

    def _explain(self, steps: Steps, order: Ints | None) -> tuple[Log, Cuts, Learned, Floats]:
        """The cuts of steps in an order, with what was learned as the log in that order counts it."""
        log = Log(steps, order, self.codes)
        log.share = self.share
        counts = self.learned.counts
        own = np.zeros((len(counts.steps), log.pairs + 1))
        own[:, np.searchsorted(log.codes, self.codes)] = counts.steps[:, :-1]
        learned = self.learned._replace(counts=counts._replace(steps=own))
        edge = cues.edges(log, learned.cues.ratios)
        return log, explain(log, learned.tables(log), edge, learned.repeats), learned, edge


def executions(
    steps: Steps, *, lanes: bool = True, keep_idle: bool = False
) -> Iterator[tuple[int, list[FoundExecution]]]:
    """The segments of a log, chunk by chunk, with the place after the chunk's last step.

    ``keep_idle``: also those of routines in which nothing is written, copied or completed.
    """
    if not len(steps):
        return
    sample = _sample(steps)
    solved = _solve(steps if sample is None else steps.take(sample), lanes=lanes)
    log, cuts = solved.log, solved.cuts
    idle = [] if keep_idle else idle_routines(log, cuts)
    stray = _strays(solved, idle)
    if sample is None:
        cuts = strays.cut_off(log, cuts, stray)
        done = cuts.with_routines(np.where(np.isin(cuts.routine, idle), -1, cuts.routine))
        learned = learn(log, done, max(done.routines, 1))
        yield len(steps), _executions(log, done, cuts, 0, certainty.sure(log, done, learned, learned.cues.edge))
        return
    model = _model(solved, stray)
    for start, end in _chunks(steps):
        log, cuts, sure = model.explain(steps.take(slice(start, end)))
        routine = np.where(np.isin(cuts.routine, idle), -1, cuts.routine)
        yield end, _executions(log, cuts.with_routines(routine), cuts, start, sure)


def learn_model(steps: Steps, before: Cuts | None = None) -> tuple[LearnedModel, list[int]]:
    """What steps teach, and the routines in which nothing is written, copied or completed.

    ``before``  where what was learned before cuts them: that is begun from, unless another beginning leads to a much
                shorter description. So a task that may be cut here or there is cut where it was.
    """
    solved = _solve(steps, lanes=True, before=before)
    idle = idle_routines(solved.log, solved.cuts)
    return _model(solved, _strays(solved, idle)), idle


class _Solved(NamedTuple):
    """Steps in the order of executions; ``switch`` as in :class:`LearnedModel`."""

    log: Log
    cuts: Cuts
    switch: float
    woven: bool


def _solve(steps: Steps, *, lanes: bool, before: Cuts | None = None) -> _Solved:
    """The executions of steps that are learned from."""
    log = Log(steps)
    beginnings = solving.one_chain(log)
    if before is not None:
        beginnings.insert(0, solving.one_chain_of(log, before))
    dealt = interleaving.unravel(log, beginnings[0]) if lanes else None
    if dealt is not None and dealt.switch:
        log, beginnings = dealt.log, [dealt.solution]
    switch = 0.0 if dealt is None else dealt.switch
    cost = 0.0 if dealt is None else dealt.cost
    solved = _woven(log, beginnings, cost, lanes=lanes, known=before is not None)
    return _Solved(solved.log, solved.solution.cuts, switch, solved.log is not log)


def idle_routines(log: Log, cuts: Cuts) -> list[int]:
    """Routines in which nothing is written, copied or completed."""
    return sorted(set(cuts.routine.tolist()) - set(solving.without_idle(log, cuts).routine.tolist()))


def _strays(solved: _Solved, idle: list[int]) -> Strays:
    """What lies between tasks; where several executions are open at once, what is at the edge of one may be of
    another."""
    if solved.switch:
        return strays.NONE
    cuts = solved.cuts
    return strays.find(solved.log, cuts.with_routines(np.where(np.isin(cuts.routine, idle), -1, cuts.routine)))


def _model(solved: _Solved, stray: Strays) -> LearnedModel:
    log, cuts = solved.log, solved.cuts
    chain = interleaving.whole_chain(log, cuts) if solved.switch else None
    counts = learn(log, cuts, max(cuts.routines, 1))
    return LearnedModel(counts, log.codes, log.share, chain, solved.switch, solved.woven, stray)


def _woven(log: Log, beginnings: list[Solution], cost: float, *, lanes: bool, known: bool) -> Woven:
    """The log's routines, with what lies in the midst of another set aside: before routines are joined (a task that is
    often called looks like a part of its caller) or after, whichever is shorter to describe."""
    found = _routines(log, beginnings, cost, known=known)
    if not lanes:
        return found
    found = asides.weave(found)
    early = asides.weave(Woven(log, solving.grouped(log, beginnings[0]), cost))
    if early.log is log:
        return found
    one_chain = early.solution.cuts.with_routines(np.minimum(early.solution.cuts.routine, 0))
    other = _routines(early.log, [early.solution._replace(cuts=one_chain)], early.cost)
    other = asides.weave(asides.priced(other.log, other.solution))
    return max(found, early, other, key=lambda one: one.likelihood)


def _routines(log: Log, beginnings: list[Solution], cost: float, *, known: bool = False) -> Woven:
    cuts = solving.routines(log, beginnings, cost, known=known)
    return Woven(log, Solution(cuts, rate(log, cuts, max(cuts.routines, 1))), cost)


def _executions(log: Log, cuts: Cuts, all_cuts: Cuts, offset: int, sure: Floats) -> list[FoundExecution]:
    """The segments as cut; ``all_cuts``: the same with the idle ones' routines."""
    order = np.arange(log.size) if log.order is None else log.order
    found = []
    idle = np.where(cuts.routine < 0, all_cuts.routine, -1)
    columns = (cuts.start, cuts.end, cuts.routine, sure, idle)
    for start, end, routine, likely, other in zip(*(column.tolist() for column in columns), strict=True):
        places = sorted((order[start:end] + offset).tolist())
        found.append(FoundExecution(routine, places, places[-1] - places[0] + 1 != len(places), likely, other))
    found.sort(key=lambda one: one.places[0])
    return found


def _sample(steps: Steps) -> Ints | None:
    """Places of whole sessions of many people, LEARN steps of them; None: the log is no larger."""
    if len(steps) <= LEARN:
        return None
    sessions = steps.sessions()
    with np.errstate(over="ignore"):
        scattered = np.arange(1, len(sessions) + 1, dtype=np.uint64) * _GOLDEN
    chosen: list[Ints] = []
    room = LEARN
    for session in np.argsort(scattered, kind="stable").tolist():
        start, end = sessions[session]
        chosen.append(np.arange(start, min(end, start + room)))
        room -= len(chosen[-1])
        if room <= 0:
            break
    return np.sort(np.concatenate(chosen))


def _chunks(steps: Steps) -> Iterator[tuple[int, int]]:
    """Stretches of whole sessions, as far as they fit."""
    start = 0
    for begin, end in steps.sessions():
        while end - start > CHUNK:
            stop = begin if begin > start else start + CHUNK
            yield start, stop
            start = stop
    yield start, len(steps)
