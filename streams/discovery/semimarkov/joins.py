"""Tasks that come cut in two: routines of which one nearly always follows the other are joined if that is shorter."""

from __future__ import annotations

from collections import Counter
from typing import Final

from streams.discovery.semimarkov.learning import Solution, refine
from streams.discovery.semimarkov.step_log import Cuts, Log, cuts_of, renumbered

FOLLOWS: Final = 0.6
"""Share of one routine's segments, or the other's, from which they may be one."""
FEW: Final = 3
TRIES: Final = 60
ROUNDS: Final = 2


def join(log: Log, found: Solution) -> Solution:
    """Join routines, the most regular followers first, as long as the log's description gets shorter."""
    tried: set[tuple[int, int, int, int]] = set()
    changed = True
    while changed and len(tried) < TRIES:
        changed = False
        cuts = found.cuts
        sizes = Counter(cuts.routine[cuts.routine >= 0].tolist())
        for a, b in _followers(log, cuts, sizes):
            key = a, b, sizes[a], sizes[b]
            if key in tried or len(tried) >= TRIES:
                continue
            tried.add(key)
            new = refine(log, _joined(log, cuts, a, b, b if sizes[b] >= sizes[a] else a), cuts.routines, ROUNDS)
            if new.likelihood > found.likelihood:
                found, changed = new, True
                break
    return Solution(renumbered(found.cuts), found.likelihood)


def _followers(log: Log, cuts: Cuts, sizes: Counter[int]) -> list[tuple[int, int]]:
    """Pairs of routines of which the second follows the first often."""
    a, b = cuts.routine[:-1], cuts.routine[1:]
    at_once = (a >= 0) & (b >= 0) & ~log.fresh[cuts.start[1:]]
    follows = Counter(zip(a[at_once].tolist(), b[at_once].tolist(), strict=True))
    often = [
        (n / max(sizes[x], sizes[y]), x, y)
        for (x, y), n in follows.items()
        if n >= FEW and (n > FOLLOWS * sizes[x] or n > FOLLOWS * sizes[y])
    ]
    return [(x, y) for _, x, y in sorted(often, reverse=True)]


def _joined(log: Log, cuts: Cuts, a: int, b: int, into: int) -> Cuts:
    out: list[tuple[int, int, int]] = []
    fresh = log.fresh[cuts.start].tolist()
    free = False
    rows = zip(cuts.start.tolist(), cuts.end.tolist(), cuts.routine.tolist(), fresh, strict=True)
    for start, end, routine, opens in rows:
        if free and not opens and routine == b and out[-1][2] == a:
            out[-1] = (out[-1][0], end, into)
            free = False
        else:
            out.append((start, end, routine))
            free = True
    return cuts_of(out)
