"""How sure an execution is: the probability of other explanations of its steps, calibrated on worlds of known truth.

The tables are estimated from the very cuts that are judged, so probabilities under them are too sure of themselves.
What they and the routine say is therefore weighed by a logistic regression (Platt, "Probabilistic outputs for support
vector machines", 1999) that tells how often an execution with such evidence overlaps a true one by four fifths.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.discovery.semimarkov.decoder import doubts
from streams.discovery.semimarkov.learning import Learned
from streams.discovery.semimarkov.step_log import Cuts, Floats, Log

WHOLE: Final = 0.8
"""Overlap from which an execution counts as found: of both together the share that both hold."""
LOWEST: Final = 1e-3
"""Probabilities are told apart down to this, and as near to 1."""
WEIGHTS: Final = (-0.01, 0.29, -4.14, 0.20, -0.70)
"""Of the columns of :func:`evidence`; fitted on 60 worlds, each of the same weight (docs/decisions/0015)."""
OPENING: Final = 2.0
"""What the beginning of a session says for a start, as a cue."""
INTERLEAVED: Final = 0.2
"""Share of executions with other work in between, from which it is usual."""
TELLING: Final = (-4.0, 8.0)
"""Bounds of how much more cues say at starts than within."""


def sure(log: Log, cuts: Cuts, learned: Learned, edge: Floats) -> Floats:
    """Probability that each segment overlaps a true execution by WHOLE; ``edge``: what the cues say of each edge."""
    return weigh(evidence(log, cuts, learned, edge))


def weigh(columns: Floats) -> Floats:
    """The probability that evidence amounts to."""
    found: Floats = 1.0 / (1.0 + np.exp(-(columns @ np.array(WEIGHTS))))
    return found


def evidence(log: Log, cuts: Cuts, learned: Learned, edge: Floats) -> Floats:
    """What speaks for each segment, in columns.

    One; the logit of the probability that an execution lies there; how far the logarithm of its length is from its
    routine's mean; how much more the cues say at its routine's starts than within; whether work was interleaved.
    """
    own = np.where(cuts.routine >= 0, cuts.routine, cuts.routines)
    size = cuts.routines + 1
    many = np.maximum(np.bincount(own, minlength=size), 1)
    held = np.clip(_probable(log, cuts, learned, edge), LOWEST, 1.0 - LOWEST)
    lengths = cuts.end - cuts.start
    length = np.log(lengths)
    usual = np.bincount(own, length, minlength=size) / many
    starts = np.where(log.fresh[cuts.start], OPENING, edge[cuts.start])
    inner = np.ones(log.size, np.bool_)
    inner[cuts.start] = False
    owner = np.repeat(own, lengths)[inner]
    within = np.bincount(owner, edge[inner], minlength=size) / np.maximum(np.bincount(owner, minlength=size), 1)
    telling = np.clip(np.bincount(own, starts, minlength=size) / many - within, *TELLING)
    return np.column_stack([
        np.ones(len(cuts)),
        np.log(held / (1.0 - held)),
        np.abs(length - usual[own]),
        telling[own],
        _interleaved(log, cuts),
    ])  # fmt: skip


def _interleaved(log: Log, cuts: Cuts) -> Floats:
    """1 for segments with other work in between, and for all where that is usual."""
    if log.order is None:
        return np.zeros(len(cuts))
    spans = log.order[cuts.end - 1] - log.order[cuts.start] + 1
    found = (spans != cuts.end - cuts.start).astype(np.float64)
    return np.ones(len(cuts)) if found.mean() > INTERLEAVED else found


def _probable(log: Log, cuts: Cuts, learned: Learned, edge: Floats) -> Floats:
    """Per segment the probability that an execution lies there, give or take a fifth."""
    found = doubts(
        learned.tables(log), log.acts, log.rows, log.fresh_list, edge.tolist(), log.back, learned.repeats.tolist(),
        log.part.tolist(),
    )  # fmt: skip
    rows = np.array([one[:2] for one in found], np.int64).reshape(-1, 2)
    start, end = rows[:, 0], rows[:, 1]
    own = np.searchsorted(cuts.start, (start + end) // 2, side="right") - 1
    both = np.minimum(end, cuts.end[own]) - np.maximum(start, cuts.start[own])
    either = np.maximum(end, cuts.end[own]) - np.minimum(start, cuts.start[own])
    share = np.array([one[2] for one in found]) * (both >= WHOLE * either)
    return np.asarray(np.bincount(own, share, minlength=len(cuts)), np.float64)
