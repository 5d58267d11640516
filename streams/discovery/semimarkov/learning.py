"""Tables from cuts, cuts from tables, again: hard expectation maximisation, and where it begins."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from streams.discovery.semimarkov import cues, description, priors
from streams.discovery.semimarkov import routine_chains as chains
from streams.discovery.semimarkov.decoder import Tables, decode
from streams.discovery.semimarkov.routine_chains import ChainCounts, Null
from streams.discovery.semimarkov.step_log import Cuts, Floats, Log, cuts_of

ROUNDS: Final = 6


class Solution(NamedTuple):
    """A segmentation with the (relative) logarithm of the log's probability under it."""

    cuts: Cuts
    likelihood: float


class Learned(NamedTuple):
    """Everything that a segmentation teaches."""

    counts: ChainCounts
    rates: Floats
    cues: cues.CueWeights
    null: Null
    repeats: Floats
    shares: Floats

    def tables(self, log: Log) -> Tables:
        """What the decoder needs."""
        return chains.tables(log, chains.scores(log, self.counts, self.rates, self.shares), self.null)


def believed_shares() -> Floats:
    """The mixture of a step before anything is known."""
    shares: Floats = np.array(priors.MIXTURE) / sum(priors.MIXTURE)
    return shares


def learn(log: Log, cuts: Cuts, routines: int, shares: Floats | None = None) -> Learned:
    """Tables of a segmentation into ``routines`` routines."""
    counts = chains.count(log, cuts, routines)
    rates = chains.end_rates(log, counts.ends.sum(0), counts.onward(log).sum(0))
    null = chains.null_after(log, chains.null_before(log), cuts)
    before = believed_shares() if shares is None else shares
    return Learned(
        counts, rates, cues.learn(log, cuts.mask()), null, chains.repeat_costs(log, cuts),
        chains.mixture(log, cuts, counts, before),
    )  # fmt: skip


def explain(log: Log, tables: Tables, edge: Floats, repeats: Floats) -> Cuts:
    """The best segmentation under the tables."""
    found, _ = decode(
        tables, log.acts, log.rows, log.fresh_list, edge.tolist(), log.back, repeats.tolist(), log.part.tolist()
    )
    null = tables.null
    return cuts_of([(start, end, -1 if routine == null else routine) for start, end, routine in found])


def refine(log: Log, cuts: Cuts, routines: int, rounds: int = ROUNDS) -> Solution:
    """Learn and explain again until nothing changes."""
    shares = None
    for _ in range(rounds):
        learned = learn(log, cuts, routines, shares)
        shares = learned.shares
        found = explain(log, learned.tables(log), learned.cues.edge, learned.repeats)
        same = found.start.tolist() == cuts.start.tolist() and found.routine.tolist() == cuts.routine.tolist()
        cuts = found
        if same:
            break
    return Solution(cuts, rate(log, cuts, routines))


def rate(log: Log, cuts: Cuts, routines: int) -> float:
    """The logarithm of the log's probability under a segmentation."""
    counts = chains.count(log, cuts, routines)
    rates = chains.end_rates(log, counts.ends.sum(0), counts.onward(log).sum(0))
    null = chains.null_after(log, chains.null_before(log), cuts)
    return description.likelihood(log, cuts, counts, rates, null, cues.learn(log, cuts.mask()).base)


def begin(log: Log, bias: float = 0.0, both: bool = False) -> Cuts:
    """Segments before anything is learned: by surprise of the better direction (or of both), cues and repeats."""
    least = np.minimum(log.counts[log.first], log.counts[log.second])
    seen = np.maximum(log.pair_counts - 0.7, 0.05)
    if both:
        surprise = np.log(seen / log.counts[log.first]) + np.log(seen / log.counts[log.second])
    else:
        surprise = np.log(seen / least)
    rates = chains.end_rates(log)
    start = np.where(log.completion == 2, -1.5, 0.0)
    for act in log.act[log.fresh]:
        start[act] = min(start[act] + 1.5, 2.5)
    found = chains.Scores(
        np.minimum(surprise, 0.0)[log.triple_pair][:, None], start[:, None] - 1.0, np.log(rates / (1 - rates))[:, None]
    )
    tables = chains.tables(log, found, chains.null_before(log))
    edge = cues.learn(log, None).edge + bias
    return explain(log, tables, edge, np.full(log.activities, priors.REPEAT))
