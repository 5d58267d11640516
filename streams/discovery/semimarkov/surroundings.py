"""Which numbers of an element tell what is done before or next.

The second field of a form leads to the third, wherever it stands; the second row of a list leads where any row leads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

SHARE: Final = 0.25
"""Share of the uncertainty about a number that the neighbours must take away for it to tell something; 0 is chance, 1
a form whose fields follow each other in one order. A list worked off from top to bottom, of which the last row alone is
followed by something else, has 0.1 for 20 rows. To refit it, change it and run ``python -m benchmarks.worlds``."""
ENOUGH: Final = 20_000
"""Events of a group that are looked at; more tell no more."""
SHUFFLES: Final = 3
"""Shuffles by which chance is told."""
NONE: Final = -1
"""Neighbour of the first and the last event of a person."""


class Surroundings:
    """Neighbours of each key (a number for what an event says of its element), in counts.

    ``keys``      of each person the keys of the events in order
    ``element``   of each key the element, whatever is done to it; -1 for events that name none, which are passed over
    ``rough``     of each element a number that it shares with those that differ from it in digits alone
    """

    def __init__(self, keys: Iterable[Ints], element: Ints, rough: Ints) -> None:
        key, before, behind = [], [], []
        for own in keys:
            events = own[element[own] >= 0]
            if not len(events):
                continue
            places = element[events]
            # Several events on one element are one visit: what is next is the next element.
            first = np.ones(len(events), np.bool_)
            first[1:] = places[1:] != places[:-1]
            visit = np.cumsum(first) - 1
            visited = rough[places[first]]
            padded = np.concatenate([[NONE], visited, [NONE]])
            key.append(events)
            before.append(padded[visit])
            behind.append(padded[visit + 2])
        self._key = np.concatenate(key) if key else np.zeros(0, np.int64)
        order = np.argsort(self._key, kind="stable")
        self._key = self._key[order]
        self._sides = [np.concatenate(side)[order] for side in (before, behind)] if key else []

    def tells(self, number: Mapping[int, int], known: Mapping[int, int]) -> float:
        """Share of what is uncertain about ``number`` of the keys that their neighbours take away.

        ``known``: what is known of the keys beforehand. The better of both sides counts, less what chance would take.
        """
        if not self._sides or len(set(number.values())) < 2:
            return 0.0
        runs = [np.arange(*np.searchsorted(self._key, [key, key + 1])) for key in number]
        places = np.concatenate(runs)
        lengths = [len(run) for run in runs]
        value = np.repeat(np.fromiter(number.values(), np.int64), lengths)
        given = np.repeat(np.fromiter((known[key] for key in number), np.int64), lengths)
        some = slice(None, None, -(-len(places) // ENOUGH))
        return max(_explained(given[some], value[some], side[places[some]]) for side in self._sides)


def _explained(given: Ints, value: Ints, beside: Ints) -> float:
    """Share of the entropy of ``value`` under ``given`` that ``beside`` takes away, adjusted for chance.

    Chance is the mean over shuffled neighbours (adjusted mutual information: Vinh, Epps and Bailey 2010).
    """
    unsure, told, chance = 0.0, 0.0, 0.0
    draw = np.random.default_rng(0)
    for one in np.unique(given).tolist():
        place = given == one
        row = np.unique(value[place], return_inverse=True)[1]
        column = np.unique(beside[place], return_inverse=True)[1]
        size = len(row)
        unsure += size * _entropy(np.bincount(row))
        told += size * _mutual(row, column)
        chance += size * sum(_mutual(row, draw.permutation(column)) for _ in range(SHUFFLES)) / SHUFFLES
    return max((told - chance) / (unsure - chance), 0.0) if unsure - chance > 1e-9 else 0.0


def _mutual(row: Ints, column: Ints) -> float:
    """Mutual information of two columns of small numbers, in nats."""
    both = np.unique(row * (int(column.max()) + 1) + column, return_counts=True)[1]
    return _entropy(np.bincount(row)) + _entropy(np.bincount(column)) - _entropy(both)


def _entropy(counts: Ints) -> float:
    """Of counts, in nats."""
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())
