"""A log's steps dealt into lanes, where its description gets shorter by that."""

from __future__ import annotations

from math import log
from typing import Final, NamedTuple

import numpy as np

from streams.discovery.semimarkov import priors
from streams.discovery.semimarkov import routine_chains as chains
from streams.discovery.semimarkov.beam import Chain, deal
from streams.discovery.semimarkov.learning import Solution, begin, refine
from streams.discovery.semimarkov.step_log import Cuts, Floats, Ints, Log, Steps, gap_classes

SWITCHES: Final = (0.05, 0.15, 0.3)
"""How often people change between open executions: rarely, now and then, all the time."""
ROUNDS: Final = 3
REFINE: Final = 5
SMOOTHING: Final = 0.3
NOISE: Final = 0.02
START_COUNTS: Final = 3.0
RARE: Final = 0.1
"""A pair that is so small a part of what follows and precedes is a change rather than a step."""
GAP: Final = 0.25
"""What each class of gap beyond the first says for a new execution."""


class Dealt(NamedTuple):
    """Steps ordered lane by lane; ``lane``: per step in the order of time, the first step of its execution."""

    order: Ints
    lane: Ints
    resumed: int


class Unravelled(NamedTuple):
    """A solution on a log in another order; ``switch``: how often people change, 0 where they do not.

    ``cost``: nats that the order takes to describe.
    """

    log: Log
    solution: Solution
    switch: float
    cost: float = 0.0


def unravel(log_: Log, found: Solution) -> Unravelled:
    """The log in the order of lanes if that is shorter to describe, else as it is."""
    best = Unravelled(log_, found, 0.0)
    highest = found.likelihood
    for switch in SWITCHES:
        cuts: Cuts | None = None
        now = log_
        for number in range(ROUNDS):
            dealt = deal_all(log_.steps, whole_chain(now, cuts), switch)
            if not dealt.resumed:
                break
            now = Log(log_.steps, dealt.order)
            begun = begin(now)
            solved = refine(now, begun.with_routines(np.minimum(begun.routine, 0)), 1, REFINE)
            cuts = solved.cuts
            price = cost(log_.size, dealt.resumed)
            value = solved.likelihood - price
            if number and value > highest:
                highest, best = value, Unravelled(now, solved, switch, price)
    return best


def cost(size: int, resumed: int) -> float:
    """Nats to say where people changed, and to which of two lanes."""
    if not resumed:
        return 0.0
    share = resumed / size
    rest = (1 - share) * log(1 - share) if share < 1 else 0.0
    return -size * (share * log(share) + rest) + resumed * log(2.0)


def deal_all(steps: Steps, chain: Chain, switch: float) -> Dealt:
    """Each person's steps into lanes."""
    order: list[int] = []
    lanes: list[int] = []
    resumed = 0
    gaps = GAP * np.maximum(gap_classes(steps) - 1, 0)
    for start, end in steps.sessions():
        own = slice(start, end)
        lane = deal(
            chain, steps.act[own].tolist(), steps.value[own].tolist(), steps.key[own].tolist(), gaps[own].tolist(),
            switch,
        )  # fmt: skip
        resumed += sum(lane[k] != lane[k - 1] and lane[k] < k for k in range(1, len(lane)))
        order += (start + np.argsort(np.array(lane), kind="stable")).tolist()
        lanes += [start + one for one in lane]
    return Dealt(np.array(order, np.int64), np.array(lanes, np.int64), resumed)


def whole_chain(log_: Log, cuts: Cuts | None) -> Chain:
    """One chain of the whole log: of its segments, or of its pairs where there are none yet."""
    a = log_.activities
    if cuts is None:
        pairs = np.maximum(log_.pair_counts - 0.7, 0.0)
        into = np.bincount(log_.second, pairs, minlength=a)
        out = np.bincount(log_.first, pairs, minlength=a)
        rare = pairs < RARE * np.minimum(out[log_.first], into[log_.second])
        pairs = np.where(rare, NOISE * pairs, pairs)
        starts = np.bincount(log_.act[log_.fresh], np.full(int(log_.fresh.sum()), priors.OPENING), minlength=a) + 1.0
        ends, rates = np.zeros(a), chains.end_rates(log_)
    else:
        counts = chains.count(log_, cuts.with_routines(np.minimum(cuts.routine, 0)), 1)
        pairs, starts, ends = counts.steps[0, :-1], counts.starts[0], counts.ends[0]
        rates = chains.end_rates(log_, ends, counts.onward(log_)[0])
    return _chain(log_, pairs, np.asarray(starts, np.float64), ends, rates)


def _chain(log_: Log, pairs: Floats, starts: Floats, ends: Floats, rates: Floats) -> Chain:
    a, share = log_.activities, log_.share
    onward = np.bincount(log_.first, pairs, minlength=a)
    end = (ends + priors.END_COUNTS * rates) / (onward + ends + priors.END_COUNTS)
    keep = 1.0 - NOISE
    first, second = log_.first, log_.second
    step = keep * (pairs + SMOOTHING * share[second]) / (onward[first] + SMOOTHING)
    step = np.log(step + NOISE * SMOOTHING * share[second]) + np.log(1 - end)[first]
    rest = np.log(keep * SMOOTHING / (onward + SMOOTHING) + NOISE * SMOOTHING) + np.log(1 - end)
    start = np.log((starts + START_COUNTS * share) / (starts.sum() + START_COUNTS))
    known = dict(zip((first * a + second).tolist(), step.tolist(), strict=True))
    return Chain(known, rest.tolist(), np.log(share).tolist(), start.tolist(), np.log(end).tolist())
