"""What people do between tasks and not in them: clicks in mail or chat before a task are no steps of it.

A chain learns that its task may begin with such a click, and the pause behind it then counts as work. What lies at the
edges of several routines' executions alike, and hardly ever within, apart from them by its pauses, is of none of them.
"""

from __future__ import annotations

from collections import Counter
from math import sqrt
from typing import Final, NamedTuple

import numpy as np

from streams.discovery.semimarkov import cues
from streams.discovery.semimarkov.step_log import Bools, Cuts, Floats, Ints, Log, Steps, cuts_of

LARGE: Final = 10
"""Executions from which a routine has a say."""
FEW: Final = 5
"""So many executions, of two routines at least, must begin or end with it before anything is said of it."""
CORE: Final = 0.8
"""What so many of a routine's executions hold is theirs."""
MOST: Final = 0.6
"""What more of all executions begin or end with is a part of all tasks, such as signing in."""
ALIKE: Final = 3.0
"""Routines are alike if none is further from the mean of all than so many standard errors (of a Poisson count)."""
OUTSIDE: Final = 0.8
"""Share of its steps that must lie before or behind what is theirs."""
APART: Final = 0.5
"""How much more the cues must say for a cut behind it than between the steps of executions, in the mean (nats)."""


class Strays(NamedTuple):
    """Applications, screens and activities of which steps at an execution's edges are none of its steps."""

    apps: frozenset[int]
    screens: frozenset[int]
    acts: frozenset[int]

    def marks(self, steps: Steps) -> Bools:
        """Which steps are of such."""
        found = np.isin(steps.act, sorted(self.acts)) | np.isin(steps.screen, sorted(self.screens))
        return found | np.isin(steps.app, sorted(self.apps))


NONE: Final = Strays(frozenset(), frozenset(), frozenset())


def find(log: Log, cuts: Cuts) -> Strays:
    """What is done at the edges of executions and not in them. Applications are looked at before screens, and screens
    before activities: of the words of a chat each comes once."""
    sizes = Counter(cuts.routine[cuts.routine >= 0].tolist())
    large = {k: n for k, n in sizes.items() if n >= LARGE}
    if len(large) < 2:
        return NONE
    order = np.arange(log.size) if log.order is None else log.order
    edge = np.asarray(cues.learn(log, cuts.mask()).edge)
    cores = _cores(log, cuts, large)
    levels = {"apps": log.steps.app, "screens": log.steps.screen, "acts": log.steps.act}
    return Strays(**{name: _units(large, cores, column[order], edge) for name, column in levels.items()})


class _Core(NamedTuple):
    """An execution, and the part of it from the first to the last step that is its routine's."""

    routine: int
    start: int
    first: int
    last: int
    end: int


def _cores(log: Log, cuts: Cuts, sizes: dict[int, int]) -> list[_Core]:
    held: Counter[tuple[int, int]] = Counter()
    rows = list(zip(cuts.routine.tolist(), cuts.start.tolist(), cuts.end.tolist(), strict=True))
    for k, start, end in rows:
        if k in sizes:
            held.update((k, act) for act in set(log.acts[start:end]))
    found = []
    for k, start, end in rows:
        if k in sizes:
            own = [at for at in range(start, end) if held[k, log.acts[at]] >= CORE * sizes[k]]
            if own:
                found.append(_Core(k, start, own[0], own[-1] + 1, end))
    return found


def cut_off(log: Log, cuts: Cuts, strays: Strays) -> Cuts:
    """Executions without what is stray before and behind them, which is of no routine."""
    if strays == NONE:
        return cuts
    order = np.arange(log.size) if log.order is None else log.order
    stray = strays.marks(log.steps)[order]
    rows: list[tuple[int, int, int]] = []
    for start, end, routine in zip(cuts.start.tolist(), cuts.end.tolist(), cuts.routine.tolist(), strict=True):
        first, last = _core(stray, start, end) if routine >= 0 else (start, end)
        parts = (start, first, -1), (first, last, routine), (last, end, -1)
        rows += [part for part in parts if part[0] < part[1]]
    return cuts_of(rows)


def _core(stray: Bools, start: int, end: int) -> tuple[int, int]:
    """The execution without its stray edges; all of it where nothing else is in it."""
    own = np.nonzero(~stray[start:end])[0]
    return (start, end) if not len(own) else (start + int(own[0]), start + int(own[-1]) + 1)


def _units(sizes: dict[int, int], cores: list[_Core], units: Ints, edge: Floats) -> frozenset[int]:
    """Those of ``units`` that lie before and behind what is the routines', alike in all."""
    outside: Counter[int] = Counter()
    inside: Counter[int] = Counter()
    held: Counter[tuple[int, int]] = Counter()
    joints: dict[int, list[float]] = {}
    within: list[float] = []
    for one in cores:
        inside.update(units[one.first : one.last].tolist())
        within += edge[one.first + 1 : one.last].tolist()
        before, behind = units[one.start : one.first].tolist(), units[one.last : one.end].tolist()
        outside.update(before + behind)
        held.update((one.routine, unit) for unit in {*before, *behind})
        for unit in before[-1:]:
            joints.setdefault(unit, []).append(float(edge[one.first]))
        for unit in behind[:1]:
            joints.setdefault(unit, []).append(float(edge[one.last]))
    usual = float(np.mean(within)) if within else 0.0
    found = []
    for unit, times in outside.items():
        counts = {k: held[k, unit] for k in sizes}
        some = sum(counts.values())
        share = some / sum(sizes.values())
        alike = all(abs(counts[k] - share * sizes[k]) <= ALIKE * sqrt(share * sizes[k] + 1) for k in sizes)
        two = sum(count > 0 for count in counts.values()) >= 2
        apart = float(np.mean(joints.get(unit, [usual]))) > usual + APART
        if some >= FEW and two and share <= MOST and alike and apart and times >= OUTSIDE * (times + inside[unit]):
            found.append(unit)
    return frozenset(found)
