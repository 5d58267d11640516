"""Which numbers of an element tell what is done before or next.

The second field of a form leads to the third, wherever it stands; the second row of a list leads where any row leads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

NUMBER: Final = re.compile(r"\d+")
SHARE: Final = 0.25
"""Share of the uncertainty about a number that the neighbours must take away for it to tell something; 0 is chance, 1
a form whose fields follow each other in one order. To refit it, change it and run ``python -m benchmarks.worlds``."""
ENOUGH: Final = 20_000
"""Events of a group that are looked at; more tell no more."""
SHUFFLES: Final = 3
"""Shuffles by which chance is told."""
NONE: Final = -1
"""Neighbour of the first and the last event of a person."""


class Surroundings:
    """Neighbours of each key, a number for what an event says of its element.

    ``keys``      of each person the keys of the events in order
    ``element``   of each key the element, whatever is done to it; -1 for events that name none, which are passed over
    ``texts``     of each element where it is and what it is called
    """

    def __init__(self, keys: Sequence[NDArray[np.int32]], element: Ints, texts: Sequence[str]) -> None:
        self._keys, self._element, self._texts = keys, element, texts

    @cached_property
    def _visits(self) -> tuple[Ints, list[Ints]]:
        """Of the events that name an element, by key: the key, and the elements before and behind. Made when it is
        first asked for: few logs have names that need it."""
        key: list[Ints] = []
        before: list[Ints] = []
        behind: list[Ints] = []
        for own in self._keys:
            events = own[self._element[own] >= 0]
            if not len(events):
                continue
            places = self._element[events]
            # Several events on one element are one visit: what is next is the next element.
            first = np.ones(len(events), np.bool_)
            first[1:] = places[1:] != places[:-1]
            visit = np.cumsum(first) - 1
            padded = np.concatenate([[NONE], places[first], [NONE]])
            key.append(events.astype(np.int64))
            before.append(padded[visit])
            behind.append(padded[visit + 2])
        if not key:
            return np.zeros(0, np.int64), []
        keys = np.concatenate(key)
        order = np.argsort(keys, kind="stable")
        return keys[order], [np.concatenate(side)[order] for side in (before, behind)]

    def tells(self, number: Mapping[int, str], known: Mapping[int, int]) -> float:
        """Share of what is uncertain about the ``number`` of keys that their neighbours take away.

        ``known``: what is known of the keys beforehand. The better of both sides counts, adjusted for chance.
        """
        values = {value: n for n, value in enumerate(dict.fromkeys(number.values()))}
        keys, beside = self._visits
        if not beside or len(values) < 2:
            return 0.0
        runs = [np.arange(*np.searchsorted(keys, [key, key + 1])) for key in number]
        places = np.concatenate(runs)
        lengths = [len(run) for run in runs]
        value = np.repeat(np.array([values[one] for one in number.values()]), lengths)
        given = np.repeat(np.array([known[key] for key in number]), lengths)
        some = slice(None, None, -(-len(places) // ENOUGH))
        sides = (self._seen_from(list(values), value[some], side[places[some]]) for side in beside)
        return max(_explained(given[some], value[some], side) for side in sides)

    def _seen_from(self, values: Sequence[str], value: Ints, beside: Ints) -> Ints:
        """Neighbours with each number that is the element's own told as that: the next cell of the same row is one
        thing in every row."""
        pairs, place = np.unique(np.stack([value, beside]), axis=1, return_inverse=True)
        seen: dict[str, int] = {}
        told = [
            seen.setdefault("" if other == NONE else self._told(values[own], other), len(seen))
            for own, other in pairs.T.tolist()
        ]
        return np.array(told, np.int64)[place.reshape(-1)]

    def _told(self, value: str, other: int) -> str:
        return NUMBER.sub(lambda match: "=" if match[0] == value else match[0], self._texts[other])


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
