"""Several executions open at once: each step continues the lane at hand, another one, or opens one; a beam search.

The best few ways to deal the steps so far into lanes are kept. What waits too long is over.
"""

from __future__ import annotations

from math import log
from typing import Final

from mypy_extensions import i64

WIDTH: Final = 16
"""Ways that are kept."""
LANES: Final = 5
"""Executions open at once at most."""
WAIT: Final = 120
"""Steps that an execution may wait."""
WAITING: Final = 0.005
"""Cost of each step that it waited."""
LOST: Final = 25.0
"""Ways worse than the best by more are dropped at once."""
VALUES: Final = 4
"""Latest values of a lane that are remembered."""
LINK: Final = 2.5
SAME_KEY: Final = 1.5
OTHER_KEY: Final = -2.5
"""What a value, a business key of the lane seen again, another key say for a lane; believed, not learned: before the
lanes are known there is nothing to learn them from."""
OVER_ONE: Final = 3.0
"""Cost of a step that follows from the last but one of its lane."""


class Chain:
    """Logarithms of the chain of the whole log; pairs never seen follow from ``likely`` and ``rest``."""

    __slots__ = ("activities", "end", "likely", "pairs", "rest", "start")

    def __init__(
        self,
        pairs: dict[int, float],
        rest: list[float],
        likely: list[float],
        start: list[float],
        end: list[float],
    ) -> None:
        self.pairs = pairs
        self.rest = rest
        self.likely = likely
        self.start = start
        self.end = end
        self.activities = len(start)

    def step(self, a: i64, b: i64) -> float:
        """From activity ``a`` to ``b``."""
        known = self.pairs.get(a * self.activities + b)
        return self.rest[a] + self.likely[b] if known is None else known


class Lane:
    """An open execution: its last two activities, the places of its last and first step, its key, its latest values."""

    __slots__ = ("act", "before", "key", "opened", "place", "values")

    def __init__(self, act: i64, before: i64, place: i64, opened: i64, key: i64, values: list[int]) -> None:
        self.act = act
        self.before = before
        self.place = place
        self.opened = opened
        self.key = key
        self.values = values


class Way:
    """One way to deal the steps so far: the open lanes, which one is at hand, and the score."""

    __slots__ = ("at", "lanes", "score")

    def __init__(self, score: float, lanes: list[Lane], at: i64) -> None:
        self.score = score
        self.lanes = lanes
        self.at = at


class Move:
    """A candidate: way ``way`` puts the step into lane ``lane``; -1: the lane at hand is over, -2: it waits."""

    __slots__ = ("lane", "score", "way")

    def __init__(self, score: float, way: i64, lane: i64) -> None:
        self.score = score
        self.way = way
        self.lane = lane


def _by_score(move: Move) -> float:
    return -move.score


def deal(
    chain: Chain,
    acts: list[int],
    values: list[int],
    keys: list[int],
    gaps: list[float],
    switch: float,
    width: int = WIDTH,
) -> list[int]:
    """For each step of a person the place of the first step of its execution.

    ``gaps``: what the pause before each step says for a new execution; ``switch``: how often people change; ``width``:
    ways that are kept.
    """
    size = len(acts)
    if not size:
        return []
    first = Lane(acts[0], -1, 0, 0, keys[0], _kept([], values[0]))
    ways = [Way(chain.start[acts[0]], [first], 0)]
    parents: list[list[int]] = [[0]]
    opened: list[list[int]] = [[0]]
    for place in range(1, size):
        moves = _moves(chain, ways, acts[place], values[place], keys[place], gaps[place], place, switch)
        moves.sort(key=_by_score)
        ways = _kept_ways(chain, ways, moves, acts[place], values[place], keys[place], place, width)
        parents.append([way.at >> 8 for way in ways])
        for way in ways:
            way.at = way.at & 255
        opened.append([way.lanes[way.at].opened for way in ways])
    return _traced(chain, ways, parents, opened)


def _moves(
    chain: Chain, ways: list[Way], act: i64, value: i64, key: i64, gap: float, place: i64, switch: float
) -> list[Move]:
    """All that may be done with the step."""
    stay, change, aside = log(1.0 - switch - 0.6 * switch), log(switch), log(0.6 * switch)
    moves: list[Move] = []
    begun = chain.start[act] + gap
    for number, way in enumerate(ways):
        lanes = way.lanes
        count: i64 = len(lanes)
        apart = change - log(float(count - 1)) if count > 1 else 0.0
        for lane, one in enumerate(lanes):
            score = chain.step(one.act, act)
            if one.before >= 0:
                over = chain.step(one.before, act) - OVER_ONE
                score = max(score, over)
            if value >= 0 and value in one.values:
                score += LINK
            if key >= 0 and one.key >= 0:
                score += SAME_KEY if one.key == key else OTHER_KEY
            score += stay if lane == way.at else apart - WAITING * float(place - one.place)
            moves.append(Move(way.score + score, number, lane))
        moves.append(Move(way.score + chain.end[lanes[way.at].act] + begun, number, -1))
        moves.append(Move(way.score + aside + begun, number, -2))
    return moves


def _kept_ways(
    chain: Chain, ways: list[Way], moves: list[Move], act: i64, value: i64, key: i64, place: i64, width: i64
) -> list[Way]:
    """The best moves carried out; ``at`` holds the lane at hand and, above 8 bits, the way it came from."""
    kept: list[Way] = []
    for move in moves:
        if len(kept) >= width or (kept and move.score < kept[0].score - LOST):
            break
        way = ways[move.way]
        score = move.score
        lanes: list[Lane] = []
        at: i64 = -1
        for number, lane in enumerate(way.lanes):
            if number == move.lane:
                at = len(lanes)
                lanes.append(_extended(lane, act, value, key, place))
            elif move.lane == -1 and number == way.at:
                pass
            elif place - lane.place > WAIT:
                score += chain.end[lane.act]
            else:
                lanes.append(lane)
        if at < 0:
            fresh = Lane(act, -1, place, place, key, _kept([], value))
            if len(lanes) >= LANES:
                at = _oldest(lanes)
                score += chain.end[lanes[at].act]
                lanes[at] = fresh
            else:
                at = len(lanes)
                lanes.append(fresh)
        made = Way(score, lanes, at)
        if not _known(kept, made):
            made.at = at | move.way << 8
            kept.append(made)
    return kept


def _extended(lane: Lane, act: i64, value: i64, key: i64, place: i64) -> Lane:
    return Lane(act, lane.act, place, lane.opened, key if key >= 0 else lane.key, _kept(lane.values, value))


def _kept(values: list[int], value: i64) -> list[int]:
    return [value, *values[: VALUES - 1]] if value >= 0 else values


def _oldest(lanes: list[Lane]) -> i64:
    """The lane that has waited longest."""
    oldest: i64 = 0
    for number, lane in enumerate(lanes):
        if lane.place < lanes[oldest].place:
            oldest = number
    return oldest


def _known(kept: list[Way], made: Way) -> bool:
    """Whether a better way has the same lanes: their last steps, and the first of the one at hand."""
    here = made.lanes[made.at]
    for way in kept:
        if len(way.lanes) != len(made.lanes):
            continue
        there = way.lanes[way.at & 255]
        if there.place != here.place or there.opened != here.opened:
            continue
        same = True
        for lane in way.lanes:
            found = False
            for other in made.lanes:
                if other.place == lane.place:
                    found = True
                    break
            if not found:
                same = False
                break
        if same:
            return True
    return False


def _traced(chain: Chain, ways: list[Way], parents: list[list[int]], opened: list[list[int]]) -> list[int]:
    best = 0
    highest = -1e300
    for number, way in enumerate(ways):
        score = way.score
        for lane in way.lanes:
            score += chain.end[lane.act]
        if score > highest:
            highest, best = score, number
    found = [0] * len(parents)
    place = len(parents) - 1
    while place > 0:
        found[place] = opened[place][best]
        best = parents[place][best]
        place -= 1
    return found
