"""How long a log's description is under a segmentation: to compare whole solutions, never to choose their number.

Counts are coded by Dirichlet-multinomial marginals, so tables pay for themselves (Grünwald, "The Minimum Description
Length Principle", 2007). All edges' cues take part, not only those at cuts: else every cut would gain.
"""

from __future__ import annotations

from math import lgamma, log, log1p
from typing import Final

import numpy as np

from streams.discovery.semimarkov import priors
from streams.discovery.semimarkov.routine_chains import ChainCounts, Null, repeats
from streams.discovery.semimarkov.step_log import Cuts, Floats, Log, short_costs

MASS: Final = 1.0
"""Prior counts of a row of steps or starts."""


def gammas(values: Floats) -> float:
    """Sum of the logarithms of the gamma function."""
    return sum(map(lgamma, values.tolist()))


def likelihood(log_: Log, cuts: Cuts, counts: ChainCounts, rates: Floats, null: Null, cues: float) -> float:
    """Logarithm of the log's probability under the segmentation (larger is better); ``cues``: that of the cues."""
    total = cues - priors.CUT * len(cuts)
    used = [k for k in range(len(counts.segments)) if counts.segments[k] > 0]
    onward = counts.onward(log_)
    for k in used:
        total += _rows(log_, counts, onward[k], k, rates)
    n = float(counts.segments.sum())
    if used:
        total += sum(lgamma(1.0 + counts.segments[k]) for k in used) + lgamma(len(used)) - lgamma(len(used) + n)
        total -= len(used) * log(n + 1)
    total += _null(log_, cuts, null)
    known = cuts.routine >= 0
    total -= float(short_costs((cuts.end - cuts.start)[known]).sum())
    held, again = repeats(log_, cuts)
    some = held > 0
    r, m = again[some], held[some]
    each = lgamma(10.0) - lgamma(0.5) - lgamma(9.5)
    return total + gammas(r + 0.5) + gammas(m - r + 9.5) - gammas(m + 10.0) + int(some.sum()) * each


def _rows(log_: Log, counts: ChainCounts, onward: Floats, k: int, rates: Floats) -> float:
    """Steps, ends and starts of a routine."""
    share, m = log_.share, MASS
    pairs = np.nonzero(counts.steps[k, :-1])[0]
    c, base = counts.steps[k, pairs], m * share[log_.second[pairs]]
    total = gammas(base + c) - gammas(base)
    acts = np.nonzero(onward + counts.ends[k])[0]
    total += len(acts) * lgamma(m) - gammas(m + onward[acts])
    w = priors.END_COUNTS
    rate, e, n = rates[acts], counts.ends[k, acts], onward[acts]
    total += gammas(w * rate + e) - gammas(w * rate) + gammas(w * (1 - rate) + n) - gammas(w * (1 - rate))
    total += len(acts) * lgamma(w) - gammas(w + n + e)
    some = np.nonzero(counts.starts[k])[0]
    s, base = counts.starts[k, some], m * share[some]
    return total + gammas(base + s) - gammas(base) + lgamma(m) - lgamma(m + float(s.sum()))


def _null(log_: Log, cuts: Cuts, null: Null) -> float:
    """Segments of no routine, and that the others are of one."""
    none = cuts.routine < 0
    n = int(none.sum())
    total = (len(cuts) - n) * log1p(-null.part)
    if n:
        steps = int((cuts.end - cuts.start)[none].sum())
        total += (steps - n) * log(1 - priors.NULL_END) + n * (log(priors.NULL_END) + log(null.part))
        c = np.bincount(log_.act[cuts.labels() < 0], minlength=log_.activities)
        some = np.nonzero(c)[0]
        base = 5.0 * null.prior[some]
        total += gammas(base + c[some]) - gammas(base) + lgamma(5.0) - lgamma(5.0 + steps)
    return total
