"""A log as the model sees it: steps as columns of numbers, in the order in which they are explained."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from streams.discovery.semimarkov import priors

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

GAP_CLASSES: Final = len(priors.GAP_BINS) + 1


class Steps(Struct):
    """The steps of a log, person by person in the order of time, as columns of equal length.

    ``act``         activity, a number below ``activities``
    ``person``      whose step it is; ``session``: uninterrupted work of one person, numbered over all
    ``at_ms``       when it began
    ``value``       number of the value it holds, or -1; values that recur often are -1: they link nothing
    ``key``         number of the business key on its screen, or -1
    ``screen``, ``app``  where it happened
    ``completion``  of each activity: 2 a strong completing word, 1 a weak one, 0 none or a part of signing in
    ``signing``     of each activity: whether it is a part of signing in, which says nothing of what is done then
    ``works``       of each activity: whether it leaves something behind (writes, copies, completes)
    """

    act: Ints
    person: Ints
    session: Ints
    at_ms: Ints
    value: Ints
    key: Ints
    screen: Ints
    app: Ints
    completion: Ints
    works: Bools
    signing: Bools

    def __len__(self) -> int:
        return len(self.act)

    def take(self, places: Any) -> Steps:
        """Some of the steps, in their order."""
        columns = ("act", "person", "session", "at_ms", "value", "key", "screen", "app")
        return structs.replace(self, **{name: getattr(self, name)[places] for name in columns})

    @property
    def activities(self) -> int:
        """Number of distinct activities."""
        return len(self.completion)

    def sessions(self) -> list[tuple[int, int]]:
        """Place of the first step of each session, and the place behind its last."""
        begins = np.nonzero(np.diff(self.session, prepend=-1))[0].tolist()
        return list(pairwise([*begins, len(self)]))


class Log:
    """Steps in one order (their own, or lane by lane) with all that the model asks of them.

    ``fresh``   steps before which nothing is known: the first of each session
    ``gap``, ``link``, ``key``, ``place``  classes of the edge before each step (see :mod:`cues`)
    ``codes``   the pairs of activities, a × activities + b, sorted; those of ``codes`` given are among them
    ``pair``    number of the pair of activities that ends here, ``skip``: of the pair with the last but one, or P
    ``row``     number of the triple of activities that ends here; ``triples`` their pair, skip and activities
    ``back``    place of the same pair's previous occurrence of this person, -1 for none
    ``part``    how much of a repeat's cost each step's repeat costs: less where it goes on with what is repeated
    ``share``   of each activity among all steps
    """

    def __init__(self, steps: Steps, order: Ints | None = None, codes: Ints | None = None) -> None:
        self.steps = steps
        self.order = order
        take: Any = slice(None) if order is None else order
        self.act = act = steps.act[take]
        session = steps.session[take]
        self.size = n = len(act)
        self.activities = a = steps.activities
        self.completion = steps.completion
        self.signing = steps.signing
        self.fresh = np.ones(n, np.bool_)
        self.fresh[1:] = session[1:] != session[:-1]
        self.counts = np.bincount(act, minlength=a).astype(np.float64)
        self.share = (self.counts + 0.5) / (n + 0.5 * a)
        self.gap = gap_classes(steps)[take]
        self.link = _links(steps.value[take].tolist(), session.tolist())
        self.key = _keys(steps.key[take].tolist(), self.fresh.tolist())
        self.place = _places(steps.screen[take], steps.app[take])
        self._pairs(np.zeros(0, np.int64) if codes is None else codes)
        self.acts: list[int] = act.tolist()
        self.rows: list[int] = self.row.tolist()
        self.fresh_list: list[bool] = self.fresh.tolist()
        self.back = _previous(self.pair.tolist(), session.tolist(), self.fresh_list)
        back = np.asarray(self.back)
        again = np.zeros(n, np.bool_)
        again[1:] = (back[1:] == back[:-1] + 1) & (back[:-1] >= 0)
        self.part = np.where(again, priors.REPEAT_ON, 1.0)

    def _pairs(self, known: Ints) -> None:
        act, a = self.act, self.activities
        before = np.concatenate([act[:1], act[:-1]])
        last = np.concatenate([act[:1], act[:1], act[:-2]])[: self.size]
        own = before * a + act
        self.codes = codes = np.union1d(own, known)
        self.pair = np.searchsorted(codes, own)
        self.pairs = p = len(codes)
        self.first, self.second = codes // a, codes % a
        skip = last * a + act
        at = np.minimum(np.searchsorted(codes, skip), max(p - 1, 0))
        found = codes[at] == skip if p else np.zeros(0, np.bool_)
        self.skip = np.where(found, at, p)
        triple, self.row = np.unique(last * p + self.pair, return_inverse=True)
        _, example = np.unique(self.row, return_index=True)
        self.triple_pair = self.pair[example]
        self.triple_skip = self.skip[example]
        self.triple_last = triple // max(p, 1)
        inner = ~self.fresh
        self.pair_counts = np.bincount(self.pair[inner], minlength=p).astype(np.float64)


def gap_classes(steps: Steps) -> Ints:
    """Class of the pause before each step, by the person's median pause."""
    n = len(steps)
    gap = np.zeros(n, np.float64)
    gap[1:] = np.maximum(steps.at_ms[1:] - steps.at_ms[:-1], 0) / 1_000.0
    fresh = np.ones(n, np.bool_)
    fresh[1:] = steps.person[1:] != steps.person[:-1]
    classes = np.zeros(n, np.int64)
    begins = [*np.nonzero(fresh)[0].tolist(), n]
    for start, end in pairwise(begins):
        own = gap[start + 1 : end]
        if len(own):
            classes[start + 1 : end] = gap_class(own, float(np.median(own)))
    return classes


def gap_class(gap: Floats, median: float) -> Ints:
    """Class of gaps (seconds) beside a person's median gap."""
    ratio = (gap + 0.05 * median + 1e-3) / (median * 1.05 + 1e-3)
    return np.digitize(np.log2(ratio), priors.GAP_BINS).astype(np.int64)


def _links(values: Sequence[int], people: Sequence[int]) -> Ints:
    """How many values occur on both sides of the edge before each step, near by."""
    n = len(values)
    change = np.zeros(n + 1, np.int64)
    last: dict[tuple[int, int], int] = {}
    for place, value in enumerate(values):
        if value >= 0:
            key = people[place], value
            before = last.get(key, -priors.LINK_STEPS - 1)
            if place - before <= priors.LINK_STEPS:
                change[before + 1] += 1
                change[place + 1] -= 1
            last[key] = place
    crossing: Ints = np.minimum(np.cumsum(change)[:n], priors.LINKS)
    return crossing


def _keys(keys: Sequence[int], fresh: Sequence[bool]) -> Ints:
    """0: no business key before or at the step, 1: the same as before, 2: another one."""
    found = np.zeros(len(keys), np.int64)
    before = -1
    for place, key in enumerate(keys):
        if fresh[place]:
            before = -1
        if key >= 0:
            if before >= 0:
                found[place] = 1 if key == before else 2
            before = key
    return found


def _places(screen: Ints, app: Ints) -> Ints:
    """0: on the screen of the step before, 1: on another of the application, 2: in another application."""
    found = np.zeros(len(screen), np.int64)
    found[1:] = np.where(app[1:] != app[:-1], 2, np.where(screen[1:] != screen[:-1], 1, 0))
    return found


def _previous(pairs: Sequence[int], people: Sequence[int], fresh: Sequence[bool]) -> list[int]:
    """For each step the place of the first step of the same pair's previous occurrence."""
    last: dict[tuple[int, int], int] = {}
    found = []
    for place, pair in enumerate(pairs):
        if fresh[place]:
            found.append(-1)
            continue
        key = people[place], pair
        found.append(last.get(key, -1))
        last[key] = place - 1
    return found


class Cuts(Struct):
    """A log cut into segments: first step, the step after the last one, number of the routine (-1: of none)."""

    start: Ints
    end: Ints
    routine: Ints

    def __len__(self) -> int:
        return len(self.start)

    @property
    def routines(self) -> int:
        """Numbers of routines in use, from 0."""
        return int(self.routine.max()) + 1 if len(self) and self.routine.max() >= 0 else 0

    def labels(self) -> Ints:
        """The routine of each step."""
        return np.repeat(self.routine, self.end - self.start)

    def mask(self) -> Bools:
        """Which steps begin a segment."""
        found = np.zeros(int(self.end[-1]) if len(self) else 0, np.bool_)
        found[self.start] = True
        return found

    def with_routines(self, routine: Ints) -> Cuts:
        """The same segments of other routines."""
        return Cuts(self.start, self.end, routine)


def cuts_of(segments: Sequence[tuple[int, int, int]]) -> Cuts:
    """Cuts of a list of (start, end, routine)."""
    rows = np.array(segments, np.int64).reshape(-1, 3)
    return Cuts(rows[:, 0], rows[:, 1], rows[:, 2])


def renumbered(cuts: Cuts) -> Cuts:
    """Routines numbered by how many segments they have, the most first; numbers without segments go."""
    used = cuts.routine[cuts.routine >= 0]
    if not len(used):
        return cuts
    counts = np.bincount(used)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    into = np.full(len(counts) + 1, -1, np.int64)
    into[order] = np.arange(len(order))
    return cuts.with_routines(into[cuts.routine])


def short_costs(lengths: Ints) -> Floats:
    """What segments of such lengths cost for being short."""
    table = np.array([*priors.SHORT, 0.0])
    return table[np.minimum(lengths, len(priors.SHORT))]
