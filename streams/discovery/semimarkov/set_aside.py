"""A task in the midst of another, among a few steps: what :mod:`asides` does with a whole log."""

from __future__ import annotations

from math import log
from typing import Final

from streams.discovery.semimarkov.beam import LINK
from streams.discovery.semimarkov.served import ServedTables

LEAVE: Final = 8.0
"""Cost of each change of routine within a segment (nats); see :data:`streams.discovery.semimarkov.asides.LEAVES`."""
RESUME: Final = log(50.0)
"""Cost of going on with what was set aside: believed to happen at one step in fifty."""
WAIT: Final = 120
"""Steps that an execution may wait."""
OPEN: Final = 5
"""Executions that may wait at once."""


class Run:
    """Steps of one routine without a pause: their places in the order of time."""

    __slots__ = ("places", "routine")

    def __init__(self, routine: int, places: list[int]) -> None:
        self.routine = routine
        self.places = places


def _first(piece: Run) -> int:
    return piece.places[0]


def runs_at_home(
    tables: ServedTables, acts: list[int], segments: list[tuple[int, int, int]], order: list[int] | None
) -> list[Run]:
    """Segments, or the runs of steps at home in different routines, in the order of time."""
    none = len(tables.routines)
    found: list[Run] = []
    for start, end, routine in segments:
        places = list(range(start, end)) if order is None else order[start:end]
        if routine == none:
            found.append(Run(routine, places))
            continue
        labels = _at_home(tables, [acts[place] for place in places], routine)
        run: list[int] = []
        for number, place in enumerate(places):
            if run and labels[number] != labels[number - 1]:
                found.append(Run(labels[number - 1], run))
                run = []
            run.append(place)
        found.append(Run(labels[-1], run))
    found.sort(key=_first)
    return found


def _at_home(tables: ServedTables, acts: list[int], own: int) -> list[int]:
    """The routine of each step: the best sequence where each change costs."""
    homes = tables.homes
    abroad = 0.0
    for act in acts:
        scores = homes[act]
        abroad += tables.home[act] - scores[own]
    if abroad <= LEAVE:
        return [own] * len(acts)
    value = list(homes[acts[0]])
    size = len(value)
    came: list[list[int]] = []
    for act in acts[1:]:
        best = value.index(max(value))
        least = value[best] - LEAVE
        scores = homes[act]
        now: list[float] = []
        whence: list[int] = []
        for k in range(size):
            changes = least > value[k]
            now.append((least if changes else value[k]) + scores[k])
            whence.append(best if changes else k)
        value = now
        came.append(whence)
    label = value.index(max(value))
    labels = [label]
    for whence in reversed(came):
        label = whence[label]
        labels.append(label)
    labels.reverse()
    return labels


def put_together(tables: ServedTables, acts: list[int], values: list[int], pieces: list[Run]) -> list[Run]:
    """Pieces with those put together of which one goes on with the other."""
    none = len(tables.routines)
    found: list[Run] = []
    waiting: list[Run] = []
    for piece in pieces:
        first = piece.places[0]
        waiting = [one for one in waiting if first - one.places[-1] <= WAIT][-OPEN:]
        best: Run | None = None
        most = 0.0
        if piece.routine != none:
            for one in waiting:
                if one.routine == piece.routine and one.places[-1] < first:
                    gain = tables.gain(piece.routine, acts[one.places[-1]], acts[first]) - RESUME
                    if _linked(values, one, piece):
                        gain += LINK
                    if gain > most:
                        best, most = one, gain
        if best is None:
            found.append(piece)
            if piece.routine != none:
                waiting.append(piece)
        else:
            best.places.extend(piece.places)
    return found


def _linked(values: list[int], one: Run, other: Run) -> bool:
    """Whether a value occurs in both pieces."""
    held = {values[place] for place in one.places if values[place]}
    return any(values[place] in held for place in other.places)
