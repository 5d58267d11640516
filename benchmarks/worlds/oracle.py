"""What the order of steps alone would achieve: exact decoding with the true first-order chain of every task.

Each person's stream is cut into ten pieces; the tables that decode one come from the true executions of the others, so
nothing is decoded with what it taught. The oracle is told of interleaving (the executions are laid one after the other
first) and knows what each step is, whatever its label; it knows no times, values, words or keys. Discovery may
therefore beat it where these tell more than order, and cannot be expected to where they tell nothing.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from benchmarks.worlds.logs import Log, Truth, by_person, rows_of

PIECES: Final = 10
_AROUND: Final = 150
"""Steps before and after a piece that are decoded with it, so that its edges cut no execution."""
_SMOOTH: Final = 0.5
"""Observations that the unigram of all steps counts for in every row of a chain."""
_ENDS: Final = 2.0
"""Observations by which the chance to end after a step is drawn towards the task's mean."""
_FLOOR: Final = 1e-9
_END: Final = ""


class _Chain:
    """A task's first-order chain with start and end; of work that is no task, each event is an execution."""

    def __init__(self, executions: Iterable[Sequence[str]], unigram: dict[str, float]) -> None:
        self.count = 0
        self._unigram = unigram
        self._starts: Counter[str] = Counter()
        self._follow: dict[str, Counter[str]] = defaultdict(Counter)
        for acts in executions:
            self.count += 1
            self._starts[acts[0]] += 1
            for a, b in zip(acts, [*acts[1:], _END], strict=True):
                self._follow[a][b] += 1
        steps = sum(row.total() for row in self._follow.values())
        self._end_rate = self.count / steps if steps else 0.5

    def start(self, act: str) -> float:
        """Log-likelihood that an execution starts with the step."""
        return _log(self._starts[act] + _SMOOTH * self._base(act), self.count + _SMOOTH)

    def end(self, act: str) -> float:
        """Log-likelihood that it ends after the step."""
        row = self._follow.get(act, Counter())
        return _log(row[_END] + _ENDS * self._end_rate, row.total() + _ENDS)

    def step(self, a: str, b: str) -> float:
        """Log-likelihood that it goes on from one step to the other."""
        row = self._follow.get(a, Counter())
        on = row.total() - row[_END]
        stay = math.log(max(1.0 - math.exp(self.end(a)), _FLOOR))
        return stay + _log(row[b] + _SMOOTH * self._base(b), on + _SMOOTH)

    def _base(self, act: str) -> float:
        return self._unigram.get(act, _FLOOR)


def _log(count: float, total: float) -> float:
    return math.log(max(count / total, _FLOOR))


def oracle(log: Log) -> tuple[list[str], list[str]]:
    """Executions and routines by row, as discovery would give them."""
    executions, routines = [""] * len(log.truth), [""] * len(log.truth)
    streams = [_unwoven(rows_of(events), log.truth) for events in by_person(log)]
    for held in range(PIECES):
        spans = [(len(rows) * held // PIECES, len(rows) * (held + 1) // PIECES) for rows in streams]
        others = [rows[:first] + rows[last:] for rows, (first, last) in zip(streams, spans, strict=True)]
        chains = _chains(others, log.truth)
        for number, (rows, (first, last)) in enumerate(zip(streams, spans, strict=True)):
            begin = max(0, first - _AROUND)
            found = _decode([log.truth[row].act for row in rows[begin : last + _AROUND]], chains)
            for row, (place, task) in zip(rows[first:last], found[first - begin :], strict=False):
                if task:
                    executions[row], routines[row] = f"{number} {begin + place}", task
    return executions, routines


def _unwoven(rows: list[int], truth: Sequence[Truth]) -> list[int]:
    """One person's rows, each execution in one piece where it began; what is of no task stays behind its forerunner."""
    began: dict[str, int] = {}
    places = []
    last = 0
    for place, row in enumerate(rows):
        name = truth[row].execution
        last = began.setdefault(name, place) if name else last
        places.append(last)
    return [row for _, row in sorted(zip(places, rows, strict=True), key=lambda pair: pair[0])]


def _chains(streams: Sequence[Sequence[int]], truth: Sequence[Truth]) -> dict[str, _Chain]:
    """Task → its chain; "" for what is of no task."""
    acts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for rows in streams:
        for row in rows:
            one = truth[row]
            acts[one.task][one.execution or str(row)].append(one.act)
    total = Counter(truth[row].act for rows in streams for row in rows)
    unigram = {act: count / total.total() for act, count in total.items()}
    return {task: _Chain(executions.values(), unigram) for task, executions in acts.items()}


def _decode(acts: Sequence[str], chains: dict[str, _Chain]) -> list[tuple[int, str]]:
    """The most likely explanation: for each step the place where its execution begins, and the task (Viterbi)."""
    if not acts or not chains:
        return [(0, "")] * len(acts)
    tasks = sorted(chains)
    total = sum(chain.count for chain in chains.values())
    prior = {task: _log(chains[task].count, total) for task in tasks}
    best = {task: prior[task] + chains[task].start(acts[0]) for task in tasks}
    back: list[dict[str, str | None]] = [dict.fromkeys(tasks)]
    for a, b in pairwise(acts):
        closing, ended = max((best[task] + chains[task].end(a), task) for task in tasks)
        after: dict[str, float] = {}
        came: dict[str, str | None] = {}
        for task in tasks:
            inside = best[task] + chains[task].step(a, b)
            fresh = closing + prior[task] + chains[task].start(b)
            after[task], came[task] = (fresh, ended) if fresh > inside else (inside, None)
        best = after
        back.append(came)
    task = max(tasks, key=lambda one: best[one] + chains[one].end(acts[-1]))
    spans: list[str] = []
    cuts: list[int] = []
    for place in range(len(acts) - 1, -1, -1):
        spans.append(task)
        before = back[place][task]
        if before is not None or place == 0:
            cuts.append(place)
        task = before if before is not None else task
    starts = set(cuts)
    out, begin = [], 0
    for place, task in enumerate(reversed(spans)):
        begin = place if place in starts else begin
        out.append((begin, task))
    return out
