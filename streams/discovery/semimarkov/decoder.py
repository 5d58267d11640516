"""The best explanation of a sequence of steps by segments of routines: semi-Markov Viterbi, exact but for `slack`.

A segment of routine k over the steps s … e scores: start_k(s) + the chain's steps + end_k(e) + the cue of the edge
before s, less what repeats and shortness cost. All but start, end and shortness adds up step by step, so an open
segment is one number. Of two open segments of a routine the older can only lose on the newer, by repeats: it goes as
soon as it is not better.

Sarawagi and Cohen, "Semi-Markov conditional random fields for information extraction" (NIPS 2004), have the recursion.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

NEVER: Final = -1e300
WEED: Final = 4
"""Every so many steps what newer segments outdo is given up."""


class Open:
    """A segment under way: where it began, of what routine, and the score of everything up to here."""

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
    """The recursion, step by step. ``best[i]``: score of the best explanation of the steps before i."""

    __slots__ = ("best", "came", "open", "routine", "tables")

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
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
        for one in alive:
            score = one.score
            if score < bar:
                continue
            score += ends[one.routine]
            length = place - one.start + 1
            if length < most and one.routine != null:
                score -= short[length]
            if score > best:
                best = score
                came = one.start
                routine = one.routine
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
    for place in range(len(acts)):
        before = back[place]
        cost = costs[acts[before]] * parts[place] if before >= 0 else 0.0
        decoder.push(acts[place], rows[place], fresh[place], cues[place], before, cost)
    return decoder.segments(), decoder.best[len(acts)]
