"""K Markov chains with START and END, counted from a segmentation, and the scores that the decoder adds up."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from streams.discovery.semimarkov import priors
from streams.discovery.semimarkov.decoder import Tables
from streams.discovery.semimarkov.step_log import Cuts, Floats, Log


class ChainCounts(NamedTuple):
    """``steps``: per routine and pair of activities (one column more, of zeros, for pairs that never occur);
    ``starts``, ``ends``: per routine and activity; ``segments``: per routine."""

    steps: Floats
    starts: Floats
    ends: Floats
    segments: Floats

    def onward(self, log: Log) -> Floats:
        """How often each activity was followed by a step of its segment, per routine."""
        return np.stack([np.bincount(log.first, row[:-1], minlength=log.activities) for row in self.steps])


def count(log: Log, cuts: Cuts, routines: int) -> ChainCounts:
    """What the segments of routines hold."""
    size, a = log.pairs + 1, log.activities
    known = cuts.routine >= 0
    start, end, routine = cuts.start[known], cuts.end[known], cuts.routine[known]
    labels = cuts.labels()
    inner = labels >= 0
    inner[start] = False
    steps = np.bincount(labels[inner] * size + log.pair[inner], minlength=routines * size).reshape(routines, size)
    weight = np.where(log.fresh[start], priors.OPENING, 1.0)
    starts = np.bincount(routine * a + log.act[start], weight, minlength=routines * a).reshape(routines, a)
    ends = np.bincount(routine * a + log.act[end - 1], minlength=routines * a).reshape(routines, a)
    segments = np.bincount(routine, minlength=routines)
    return ChainCounts(_floats(steps), _floats(starts), _floats(ends), _floats(segments))


def _floats(counts: Any) -> Floats:
    return np.asarray(counts, np.float64)


def end_rates(log: Log, ended: Floats | None = None, onward: Floats | None = None) -> Floats:
    """How often each activity ends a segment, by its class: as believed, or as counted."""
    rates = np.array(priors.END_RATES)
    if ended is not None and onward is not None:
        decided = ended + onward
        for kind in range(len(rates)):
            some = (log.completion == kind) & (decided > 2)
            if some.any():
                m = priors.CLASS_COUNTS
                rates[kind] = ((ended[some] / decided[some]).sum() + m * rates[kind]) / (some.sum() + m)
    found: Floats = np.clip(rates, 0.01, 0.8)[log.completion]
    return found


def ended(counts: ChainCounts, onward: Floats, rates: Floats) -> Floats:
    """The share of each routine's activities that end a segment; ``rates``: as believed of each activity."""
    found: Floats = (counts.ends + priors.END_COUNTS * rates) / (onward + counts.ends + priors.END_COUNTS)
    return found


def parts(counts: ChainCounts) -> Floats:
    """The share of each routine among all segments."""
    n = counts.segments
    found: Floats = (n + 0.5) / (n.sum() + 0.5 * len(n))
    return found


class Null(NamedTuple):
    """Work of no routine: ``prior``, ``share`` of each activity in it; ``part``: of the segments that are such."""

    prior: Floats
    share: Floats
    part: float


def null_before(log: Log) -> Null:
    """Before any cut: what little foresees and is little foreseen."""
    inner = log.pair_counts
    least = np.minimum(log.counts[log.first], log.counts[log.second])
    foreseen = np.maximum(inner - 1.0, 0) * inner / np.maximum(least, 1.0)
    after = np.bincount(log.first, foreseen, minlength=log.activities)
    before = np.bincount(log.second, foreseen, minlength=log.activities)
    counts = np.maximum(log.counts, 1e-9)
    known = np.minimum(1.0, np.maximum(after, before) / counts)
    weight = counts * (1.0 - known) ** 3 + 0.02 * counts
    share = weight / weight.sum()
    first, of = priors.NULL_SHARE
    return Null(share, share, first / of)


def null_after(log: Log, before: Null, cuts: Cuts) -> Null:
    """As the segments of no routine say."""
    counts = np.bincount(log.act[cuts.labels() < 0], minlength=log.activities)
    m = priors.NULL_COUNTS
    share = (counts + m * before.prior) / (counts.sum() + m)
    first, of = priors.NULL_SHARE
    return Null(before.prior, share, float(((cuts.routine < 0).sum() + first) / (len(cuts) + of)))


def repeat_costs(log: Log, cuts: Cuts) -> Floats:
    """What a repeated pair costs, by the activity it begins with: as rare as segments repeat it."""
    held, again = repeats(log, cuts)
    m = priors.REPEAT_COUNTS
    rate = (again + m * priors.REPEAT_RATE) / (held + m)
    found: Floats = np.clip(np.log1p(-np.minimum(rate, 0.9)) - np.log(rate), priors.REPEAT_LEAST, priors.REPEAT)
    return found


def repeats(log: Log, cuts: Cuts) -> tuple[Floats, Floats]:
    """How often segments of routines hold each activity, and how often its pair comes again in the same segment."""
    labels = cuts.labels()
    held = np.bincount(log.act[labels >= 0], minlength=log.activities).astype(np.float64)
    back = np.asarray(log.back)
    starts = np.repeat(cuts.start, cuts.end - cuts.start)
    again = (labels >= 0) & (back >= starts)
    return held, _floats(np.bincount(log.act[back[again]], log.part[again], minlength=log.activities))


def dropped(log: Log, counts: ChainCounts) -> Floats:
    """Per routine and pair (a, b) the probability of b two steps after a: one step was left out."""
    k, a = counts.starts.shape
    m, share = priors.SMOOTHING, log.share
    found = np.zeros((k, log.pairs))
    onward = counts.onward(log)
    for routine in range(k):
        inverse = 1.0 / (onward[routine] + m)
        pairs = np.nonzero(counts.steps[routine, :-1])[0]
        own = np.unique(np.concatenate([log.first[pairs], log.second[pairs]]))
        local = np.full(a, -1, np.int64)
        local[own] = np.arange(len(own))
        dense = np.zeros((len(own), len(own)))
        dense[local[log.first[pairs]], local[log.second[pairs]]] = counts.steps[routine, pairs]
        to, past = np.zeros(a), np.zeros(a)
        to[own] = dense @ inverse[own]
        past[own] = (share * inverse)[own] @ dense
        value = m * share[log.second] * to[log.first] + m * past[log.second]
        value += m * m * share[log.second] * float(share @ inverse)
        both = (local[log.first] >= 0) & (local[log.second] >= 0)
        twice = (dense * inverse[own]) @ dense
        value[both] += twice[local[log.first[both]], local[log.second[both]]]
        found[routine] = value * inverse[log.first]
    return found


def mixture(log: Log, cuts: Cuts, counts: ChainCounts, before: Floats) -> Floats:
    """Shares of step, one inserted, one left out and noise within segments."""
    labels = cuts.labels()
    inner = labels >= 0
    inner[cuts.start] = False
    inner[np.minimum(cuts.start + 1, log.size - 1)] = False
    at = np.nonzero(inner)[0]
    if len(at) < priors.MIXTURE_LEAST:
        return before
    routine, pair = labels[at], log.pair[at]
    act, first = log.act[at], log.first[pair]
    onward = counts.onward(log)
    own = counts.steps[routine, pair]
    m = priors.SMOOTHING
    parts = np.stack([
        np.maximum(own - 1, 0) / np.maximum(onward[routine, first] - 1, 1e-9),
        (counts.steps[routine, log.skip[at]] + m * log.share[act]) / (onward[routine, log.act[at - 2]] + m),
        dropped(log, counts)[routine, pair],
        log.share[act],
    ])  # fmt: skip
    shares = before
    for _ in range(3):
        part = shares[:, None] * parts
        part /= part.sum(0) + 1e-300
        shares = part.sum(1) + np.array(priors.MIXTURE)
        shares = shares / shares.sum()
    return shares


class Scores(NamedTuple):
    """Logarithms: ``step`` per triple and routine, ``start`` and ``end`` per activity and routine."""

    step: Floats
    start: Floats
    end: Floats


def scores(log: Log, counts: ChainCounts, rates: Floats, shares: Floats) -> Scores:
    """The chains as probabilities. ``start`` holds the routine's own share too."""
    m, share = priors.SMOOTHING, log.share
    onward = counts.onward(log)
    end = ended(counts, onward, rates)
    pair, skip, last = log.triple_pair, log.triple_skip, log.triple_last
    first, second = log.first[pair], log.second[pair]
    likely = share[second]
    step = shares[0] * (counts.steps[:, pair] + m * likely) / (onward[:, first] + m)
    step += shares[1] * (counts.steps[:, skip] + m * likely) / (onward[:, last] + m)
    step += shares[2] * dropped(log, counts)[:, pair] + shares[3] * likely
    step = np.log(step) + np.log(1.0 - end)[:, first]
    starts = counts.starts
    usual = starts.sum(0) + 1e-9
    s = priors.START_COUNTS
    start = (starts + s * (0.5 * share + 0.5 * usual / usual.sum())) / (starts.sum(1, keepdims=True) + s)
    return Scores(step.T, (np.log(start) + np.log(parts(counts))[:, None]).T, np.log(end).T)


def tables(log: Log, found: Scores, null: Null) -> Tables:
    """The decoder's tables: the routines' scores, and those of no routine."""
    stay, leave = np.log(1.0 - priors.NULL_END), np.log(priors.NULL_END)
    share = np.log(null.share)
    start = np.column_stack([found.start + np.log(1.0 - null.part), share + np.log(null.part)])
    step = np.column_stack([found.step, share[log.second[log.triple_pair]] + stay])
    end = np.column_stack([found.end, np.full(log.activities, leave)])
    slack = priors.SLACK
    near: Any = start >= start.max(1, keepdims=True) - slack
    return Tables(
        step.tolist(), start.tolist(), [np.nonzero(row)[0].tolist() for row in near], end.tolist(),
        start.shape[1] - 1, list(priors.SHORT), priors.LONGEST, slack,
    )  # fmt: skip
