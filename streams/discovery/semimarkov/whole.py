"""A whole log explained: learned from all of it, or from a sample of its sessions where it is large."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from msgspec import Struct

from streams.discovery.semimarkov import cues, interleaving, solving
from streams.discovery.semimarkov.beam import Chain
from streams.discovery.semimarkov.learning import Learned, explain, learn
from streams.discovery.semimarkov.step_log import Cuts, Floats, Ints, Log, Steps

LEARN: Final = 20_000
"""Steps that are learned from; more tell little more, and cost time."""
CHUNK: Final = 50_000
"""Steps explained at a time; a longer session is cut there."""
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
"""Multiplying by it scatters consecutive numbers (Knuth, "The Art of Computer Programming" 3, 6.4)."""


class FoundExecution(Struct):
    """A segment: its routine (-1: none), places of its steps in the order of time, whether other work lay between."""

    routine: int
    places: list[int]
    woven: bool


class LearnedModel(Struct):
    """All that explaining needs, learned on a sample.

    ``codes``   pairs of activities of which ``learned`` holds counts; ``share``: of each activity
    ``chain``   by which steps are dealt into lanes, with ``switch``; None where people do one thing at a time
    ``idle``    routines in which nothing is done
    """

    learned: Learned
    codes: Ints
    share: Floats
    chain: Chain | None
    switch: float

    def explain(self, steps: Steps) -> tuple[Log, Cuts]:
        """Cut steps that were not learned from."""
        order = None if self.chain is None else interleaving.deal_all(steps, self.chain, self.switch).order
        log = Log(steps, order, self.codes)
        log.share = self.share
        counts = self.learned.counts
        own = np.zeros((len(counts.steps), log.pairs + 1))
        own[:, np.searchsorted(log.codes, self.codes)] = counts.steps[:, :-1]
        learned = self.learned._replace(counts=counts._replace(steps=own))
        edge = cues.edges(log, learned.cues.ratios)
        return log, explain(log, learned.tables(log), edge, learned.repeats)


def executions(steps: Steps, *, lanes: bool = True) -> Iterator[tuple[int, list[FoundExecution]]]:
    """The segments of a log, chunk by chunk, with the place after the chunk's last step."""
    if not len(steps):
        return
    sample = _sample(steps)
    part = steps if sample is None else steps.take(sample)
    log = Log(part)
    beginnings = solving.one_chain(log)
    dealt = interleaving.unravel(log, beginnings[0]) if lanes else None
    if dealt is not None and dealt.switch:
        log, beginnings = dealt.log, [dealt.solution]
    switch = 0.0 if dealt is None else dealt.switch
    cuts = solving.routines(log, beginnings, 0.0 if dealt is None else dealt.cost)
    done = solving.without_idle(log, cuts)
    if sample is None:
        yield len(steps), _executions(log, done, 0)
        return
    idle = set(cuts.routine.tolist()) - set(done.routine.tolist())
    chain = interleaving.whole_chain(log, cuts) if switch else None
    model = LearnedModel(learn(log, cuts, max(cuts.routines, 1)), log.codes, log.share, chain, switch)
    for start, end in _chunks(steps):
        log, cuts = model.explain(steps.take(slice(start, end)))
        routine = np.where(np.isin(cuts.routine, sorted(idle)), -1, cuts.routine)
        yield end, _executions(log, cuts.with_routines(routine), start)


def _executions(log: Log, cuts: Cuts, offset: int) -> list[FoundExecution]:
    order = np.arange(log.size) if log.order is None else log.order
    found = []
    for start, end, routine in zip(cuts.start.tolist(), cuts.end.tolist(), cuts.routine.tolist(), strict=True):
        places = sorted((order[start:end] + offset).tolist())
        found.append(FoundExecution(routine, places, places[-1] - places[0] + 1 != len(places)))
    found.sort(key=lambda one: one.places[0])
    return found


def _sample(steps: Steps) -> Ints | None:
    """Places of whole sessions of many people, LEARN steps of them; None: the log is no larger."""
    if len(steps) <= LEARN:
        return None
    begins = np.nonzero(np.diff(steps.session, prepend=-1))[0]
    ends = np.append(begins[1:], len(steps))
    with np.errstate(over="ignore"):
        scattered = np.arange(1, len(begins) + 1, dtype=np.uint64) * _GOLDEN
    chosen: list[Ints] = []
    room = LEARN
    for session in np.argsort(scattered, kind="stable").tolist():
        end = min(int(ends[session]), int(begins[session]) + room)
        chosen.append(np.arange(begins[session], end))
        room -= len(chosen[-1])
        if room <= 0:
            break
    return np.sort(np.concatenate(chosen))


def _chunks(steps: Steps) -> Iterator[tuple[int, int]]:
    """Stretches of whole sessions, as far as they fit."""
    begins = np.nonzero(np.diff(steps.session, prepend=-1))[0].tolist()
    start = 0
    for begin, end in zip(begins, [*begins[1:], len(steps)], strict=True):
        while end - start > CHUNK:
            stop = begin if begin > start else start + CHUNK
            yield start, stop
            start = stop
    yield start, len(steps)
