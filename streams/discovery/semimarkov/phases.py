"""Where the cycle of a routine is cut: other cuts are tried where cues speak for them, and kept if shorter."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from streams.discovery.semimarkov import cues
from streams.discovery.semimarkov import routine_chains as chains
from streams.discovery.semimarkov.learning import Solution, explain, learn, refine
from streams.discovery.semimarkov.routine_chains import ChainCounts
from streams.discovery.semimarkov.step_log import Cuts, Floats, Log, renumbered

FEW: Final = 5
COMMON: Final = 0.4
"""An edge that so many of the executions hold may be where they are cut."""
EDGES: Final = 5
TRIES: Final = 24
ROUNDS: Final = 3
BETTER: Final = 1.0
"""Nats by which another cut must be shorter to describe."""
STEADY: Final = 30.0
"""The same where the cut was told to people before: it does not change for what a few recordings begin with."""
MORE: Final = 1.02
"""A turn may not cut more often than this: more cuts are nearly always cheaper, and wrong."""
OPENS: Final = 3.0
STARTS_WITH_END: Final = 1.5
"""A task does not begin with "save"."""
LEFT: Final = 0.02


def turn(log: Log, found: Solution, better: float = BETTER) -> Solution:
    """Turn routines, the commonest first."""
    sizes = Counter(found.cuts.routine[found.cuts.routine >= 0].tolist())
    tries = 0
    for k, n in sizes.most_common():
        if n < FEW or tries >= TRIES:
            continue
        cuts = found.cuts
        learned = learn(log, cuts, cuts.routines)
        for first, second in _candidates(log, cuts, learned.counts, k, n):
            tries += 1
            counts = _turned(log, learned.counts, k, first, second, n)
            turned = learned._replace(counts=counts)
            new = refine(
                log, explain(log, turned.tables(log), learned.cues.edge, learned.repeats), cuts.routines, ROUNDS
            )
            if new.likelihood > found.likelihood + better and len(new.cuts) <= len(cuts) * MORE + 1:
                found = new
                break
    return Solution(renumbered(found.cuts), found.likelihood)


def _candidates(log: Log, cuts: Cuts, counts: ChainCounts, k: int, n: int) -> list[tuple[int, int]]:
    """Inner edges of the routine, those with most evidence of a cut first."""
    if k >= len(counts.steps):
        return []
    labels = cuts.labels()
    labels[cuts.start] = -1
    own = labels == k
    rates = chains.end_rates(log)
    edge = cues.learn(log, None).edge
    opens = np.bincount(log.act[log.fresh], minlength=log.activities)
    opens = OPENS * opens / max(1, opens.sum())
    found = []
    for pair in np.nonzero(counts.steps[k, :-1] >= COMMON * n)[0].tolist():
        a, b = int(log.first[pair]), int(log.second[pair])
        at = own & (log.pair == pair)
        evidence = float(edge[at].mean()) + float(np.log(rates[a] / (1 - rates[a]))) + float(opens[b])
        evidence -= STARTS_WITH_END if log.completion[b] == 2 else 0.0
        found.append((evidence, a, b))
    found.sort(reverse=True)
    return [(a, b) for _, a, b in found[:EDGES]]


def _turned(log: Log, counts: ChainCounts, k: int, first: int, second: int, n: int) -> ChainCounts:
    """The tables with the routine's old ends and starts linked and its cut at the edge given."""
    steps, starts, ends = counts.steps.copy(), counts.starts.copy(), counts.ends.copy()
    out: Floats = ends[k] / max(float(ends[k].sum()), 1.0)
    into: Floats = starts[k] / max(float(starts[k].sum()), 1.0)
    steps[k, :-1] += out[log.first] * into[log.second] * n
    pair = int(np.nonzero((log.first == first) & (log.second == second))[0][0])
    moved = steps[k, pair]
    steps[k, pair] = 0.0
    starts[k] *= LEFT
    ends[k] *= LEFT
    starts[k, second] += moved
    ends[k, first] += moved
    return ChainCounts(steps, starts, ends, counts.segments)
