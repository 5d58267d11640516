"""What an edge between two steps says of a cut there, as likelihood ratios that each log teaches."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from streams.discovery.semimarkov import priors
from streams.discovery.semimarkov.step_log import GAP_CLASSES, Bools, Floats, Log


class Cue(NamedTuple):
    """``column`` of the log with classes 0 …; ``prior``: log-ratio of each class at cuts.

    ``rises``   1 where a higher class can never speak less for a cut, -1 where never more, 0 where either may be
    ``counted`` whether it takes part in the description of the log; places follow from the activities
    """

    column: str
    prior: tuple[float, ...]
    rises: int
    counted: bool = True


CUES: Final = (
    Cue("gap", tuple([0.35 * n for n in range(GAP_CLASSES)]), 1),
    Cue("link", (0.0, -1.2, -2.4, -3.6), -1),
    Cue("key", (0.0, -3.0, 3.0), 0),
    Cue("place", (0.0, 0.3, 0.6), 0, counted=False),
)


class CueWeights(NamedTuple):
    """``edge``: log-ratio of the edge before each step; ``base``: log-likelihood of the cues themselves."""

    edge: Floats
    base: float
    ratios: dict[str, Floats]


def learn(log: Log, cut: Bools | None) -> CueWeights:
    """The cues' weights where the log is cut as ``cut`` says; None: as believed before any cut."""
    total = np.zeros(log.size)
    base = 0.0
    inner = ~log.fresh
    ratios = {}
    for cue in CUES:
        column = getattr(log, cue.column)
        size = len(cue.prior)
        usual = np.bincount(column[inner], minlength=size) + 0.5
        usual = usual / usual.sum()
        at_cuts = usual * np.exp(cue.prior)
        at_cuts /= at_cuts.sum()
        if cut is None:
            here, elsewhere = at_cuts, usual
        else:
            c = np.bincount(column[inner & cut], minlength=size)
            o = np.bincount(column[inner & ~cut], minlength=size)
            m = priors.CUE_COUNTS
            here = (c + m * at_cuts) / (c.sum() + m)
            elsewhere = (o + m * usual) / (o.sum() + m)
        if cue.column == "key":  # class 0: no keys to compare, which says nothing
            here, elsewhere, usual = _known(here), _known(elsewhere), _known(usual)
        ratio = np.clip(np.log(here / elsewhere), -priors.CUE_LIMIT, priors.CUE_LIMIT)
        if cue.rises > 0:
            ratio = np.maximum.accumulate(ratio)
        elif cue.rises < 0:
            ratio = np.minimum.accumulate(ratio)
        ratios[cue.column] = ratio
        total += ratio[column]
        if cut is not None and cue.counted:
            base += float(o @ np.log(elsewhere / usual) + c @ np.log(here / usual))
    return CueWeights(total, base, ratios)


def edges(log: Log, ratios: dict[str, Floats]) -> Floats:
    """What the cues say of the edge before each step, by ratios learned elsewhere."""
    total = np.zeros(log.size)
    for name, ratio in ratios.items():
        total += ratio[getattr(log, name)]
    return total


def _known(shares: Floats) -> Floats:
    shares = shares / shares[1:].sum()
    shares[0] = 1.0
    return shares
