"""The best explanation of a sequence of steps by segments of routines: semi-Markov Viterbi, exact but for `slack`.

A segment of routine k over the steps s … e scores: start_k(s) + the chain's steps + end_k(e) + the cue of the edge
before s, less what repeats and shortness cost. All but start, end and shortness adds up step by step, so an open
segment is one number. Of two open segments of a routine the older can only lose on the newer, by repeats: it goes as
soon as it is not better.

Sarawagi and Cohen, "Semi-Markov conditional random fields for information extraction" (NIPS 2004), have the recursion.
"""

from __future__ import annotations

from math import exp, log
from typing import Final

from mypy_extensions import i64

NEVER: Final = -1e300
WEED: Final = 4
"""Every so many steps what newer segments outdo is given up."""
DOUBT: Final = 12.0
"""Where doubts are weighed, explanations worse than the best by more are none: e^-12 of its probability."""
LEAST: Final = 1e-4
"""Segments of a smaller probability are none."""


class Open:
    """A segment under way, or one that may end here: where it began, of what routine, and the score of the best
    explanation of everything up to here with it."""

    __slots__ = ("routine", "score", "start")

    def __init__(self, start: i64, routine: i64, score: float) -> None:
        self.start = start
        self.routine = routine
        self.score = score


class Tables:
    """Scores of the routines, the last one being that of no routine (if ``null`` is its number, else -1).

    ``step``    per triple of activities and routine: the step and that the segment goes on before it
    ``start``   per activity and routine; ``starting``: per activity the routines worth starting
    ``end``     per activity and routine
    """

    __slots__ = ("end", "longest", "null", "routines", "short", "slack", "start", "starting", "step")

    def __init__(
        self,
        step: list[list[float]],
        start: list[list[float]],
        starting: list[list[int]],
        end: list[list[float]],
        null: i64,
        short: list[float],
        longest: i64,
        slack: float,
    ) -> None:
        self.step = step
        self.start = start
        self.starting = starting
        self.end = end
        self.routines = len(end[0]) if end else 0
        self.null = null
        self.short = short
        self.longest = longest
        self.slack = slack


class Decoder:
    """The recursion, step by step. ``best[i]``: score of the best explanation of the steps before i.

    ``endings``: per place all segments that may end there, where ``doubting``.
    """

    __slots__ = ("best", "came", "doubting", "endings", "open", "routine", "tables")

    def __init__(self, tables: Tables, doubting: bool = False) -> None:
        self.tables = tables
        self.doubting = doubting
        self.endings: list[list[Open]] = [[]]
        self.open: list[Open] = []
        self.best: list[float] = [0.0]
        self.came: list[int] = [0]
        self.routine: list[int] = [-1]

    def push(self, act: i64, row: i64, fresh: bool, cue: float, back: i64, cost: float) -> None:
        """Take the next step: its activity, triple, cue before it; ``back``: where its pair was last, ``cost`` that."""
        tables = self.tables
        null, longest, slack = tables.null, tables.longest, tables.slack
        place: i64 = len(self.best) - 1
        alive: list[Open] = []
        top = NEVER
        if not fresh:
            scores = tables.step[row]
            for one in self.open:
                if place - one.start >= longest:
                    continue
                score = one.score + scores[one.routine]
                if back >= one.start and one.routine != null:
                    score -= cost
                one.score = score
                top = max(top, score)
                alive.append(one)
        bar = top - slack
        base = self.best[place]
        if not fresh:
            base += cue
        starts = tables.start[act]
        for k in tables.starting[act]:
            score = base + starts[k]
            if score > bar:
                alive.append(Open(place, k, score))
                top = max(top, score)
        bar = top - slack
        self._close(alive, act, place, bar)
        if self.doubting:
            self.open = [one for one in alive if one.score >= top - DOUBT]
        else:
            self.open = _weeded(alive, bar, place, tables.routines, null) if place % WEED == 0 else alive

    def _close(self, alive: list[Open], act: i64, place: i64, bar: float) -> None:
        """Note the best segment that ends with this step."""
        tables = self.tables
        null = tables.null
        short = tables.short
        ends = tables.end[act]
        most: i64 = len(short)
        best = NEVER
        came: i64 = 0
        routine: i64 = -1
        endings: list[Open] = []
        for one in alive:
            score = one.score
            if score < bar:
                continue
            score += ends[one.routine]
            length = place - one.start + 1
            if length < most and one.routine != null:
                score -= short[length]
            if self.doubting:
                endings.append(Open(one.start, one.routine, score))
            if score > best:
                best = score
                came = one.start
                routine = one.routine
        if self.doubting:
            self.endings.append([one for one in endings if one.score > best - DOUBT])
        self.best.append(best)
        self.came.append(came)
        self.routine.append(routine)

    def segments(self) -> list[tuple[int, int, int]]:
        """The best explanation of all steps: (start, end, routine)."""
        found: list[tuple[int, int, int]] = []
        place = len(self.best) - 1
        while place > 0:
            start = self.came[place]
            found.append((start, place, self.routine[place]))
            place = start
        found.reverse()
        return found


def _weeded(alive: list[Open], bar: float, place: i64, routines: int, null: i64) -> list[Open]:
    """Without what is hopeless or outdone by a newer segment of the same routine."""
    best = [NEVER] * routines
    kept: list[Open] = []
    number: i64 = len(alive)
    while number > 0:
        number -= 1
        one = alive[number]
        if one.score < bar or one.score <= best[one.routine]:
            continue
        if place - one.start >= 3 or one.routine == null:
            best[one.routine] = one.score
        kept.append(one)
    kept.reverse()
    return kept


def _push_all(
    decoder: Decoder,
    acts: list[int],
    rows: list[int],
    fresh: list[bool],
    cues: list[float],
    back: list[int],
    costs: list[float],
    parts: list[float],
) -> None:
    for place in range(len(acts)):
        before = back[place]
        cost = costs[acts[before]] * parts[place] if before >= 0 else 0.0
        decoder.push(acts[place], rows[place], fresh[place], cues[place], before, cost)


def decode(
    tables: Tables,
    acts: list[int],
    rows: list[int],
    fresh: list[bool],
    cues: list[float],
    back: list[int],
    costs: list[float],
    parts: list[float],
) -> tuple[list[tuple[int, int, int]], float]:
    """Segments of a whole log, and the score of that explanation.

    ``costs``: of a repeat, per activity; ``parts``: how much of it each step's repeat costs.
    """
    decoder = Decoder(tables)
    _push_all(decoder, acts, rows, fresh, cues, back, costs, parts)
    return decoder.segments(), decoder.best[len(acts)]


def doubts(
    tables: Tables,
    acts: list[int],
    rows: list[int],
    fresh: list[bool],
    cues: list[float],
    back: list[int],
    costs: list[float],
    parts: list[float],
) -> list[tuple[int, int, float]]:
    """All segments that a log may have, (start, end), with their probability.

    The forward sums of the recursion and one pass back over the segments that may end at each place (Rabiner, "A
    tutorial on hidden Markov models", Proc. IEEE 77, 1989, III.B); arguments are those of :func:`decode`.
    """
    decoder = Decoder(tables, True)
    size: i64 = len(acts)
    _push_all(decoder, acts, rows, fresh, cues, back, costs, parts)
    best = decoder.best
    extra: list[float] = [0.0]
    # by how much the sum over all explanations up to a place is above the best
    for end in range(1, len(acts) + 1):
        total = 0.0
        for one in decoder.endings[end]:
            total += exp(one.score - best[end] + extra[one.start])
        extra.append(log(total))
    begins: list[float] = [0.0] * (len(acts) + 1)
    begins[size] = 1.0
    found: list[tuple[int, int, float]] = []
    end_at: i64 = size
    while end_at > 0:
        here = begins[end_at]
        if here > LEAST:
            for one in decoder.endings[end_at]:
                share = here * exp(one.score - best[end_at] + extra[one.start] - extra[end_at])
                begins[one.start] += share
                if share > LEAST:
                    found.append((one.start, end_at, share))
        end_at -= 1
    return found
