"""Evidence that an execution ends between two events: what speaks for it and against it is added up in log-odds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.discovery.model import GAP_CLASSES, SHIFT, TOP_GAP, Model
from streams.discovery.words import STRONG

AUTHENTICATION_EVENTS: Final = 4
"""Events after signing in that complete nothing."""
SHORT: Final = 6
"""Segments below this length cost extra."""


class Weights(Struct, frozen=True):
    """Weights of the evidence, in natural log-odds. One set serves every log and every person.

    ``prior``     of any edge: about one in thirty ends an execution
    ``surprise``  per unit of -log P of the transition, by the better of its two directions
    ``known``     below this many occurrences an activity says nothing, and the other side decides up to ``known_cap``
    ``strong``, ``weak``  of a completion word, fading by ``fade`` an event
    ``start_strong``  of a strong completion after the edge: no segment starts with one
    ``link``      where a copied value crosses the edge
    ``gap``       for each doubling of the person's median gap, up to ``gap_max``
    ``short``, ``shorter``  of a segment under SHORT events, and for each event it is shorter
    ``long``      for each event beyond ``patience``, up to ``long_max``
    ``cycle``     for each of up to three events that repeat how the segment began
    ``ends``, ``starts``  of how often segments ended or started with the activity, over ``base`` shrunk by ``shrink``
    ``opening``   what the first event of a session counts as a start, fading by ``opening_fade``
    ``ahead``     a cut goes to the best of so many places; ``minimum``: events of a segment at least

    Lanes (see streams.discovery.lanes), shares unless said otherwise:
    ``lane_low``  P of the transition from one of the ``lane_back`` last events below which an event surprises
    ``lane_high``, ``lane_times``  P from a waiting lane at least, and times that of the lane at hand, to resume it
    ``lane_taken``  P from a waiting lane at which an event of another shows that it went on there
    ``lane_short``  foreign events at most that stay where they broke in; ``lane_horizon``: events a lane waits
    ``lane_waiting``  lanes that wait at most; ``lane_end``: ended of all occurrences, from which work counts as over
    ``lane_share``, ``lane_often``  resumed of all surprises, from which lanes are used; from which switching is usual
    """

    prior: float = -3.4
    surprise: float = 0.75
    known: int = 2
    known_cap: int = 20
    strong: float = 3.5
    weak: float = 1.0
    fade: float = 0.75
    start_strong: float = -2.0
    link: float = -2.5
    gap: float = 0.5
    gap_max: float = 2.0
    short: float = 1.0
    shorter: float = 0.5
    long: float = 0.03
    patience: float = 50.0
    long_max: float = 2.0
    cycle: float = 0.8
    ends: float = 0.8
    starts: float = 1.2
    base: float = 0.05
    shrink: float = 2.0
    opening: float = 3.0
    opening_fade: float = 0.6
    ahead: int = 5
    minimum: int = 3
    lane_low: float = 0.1
    lane_high: float = 0.2
    lane_times: float = 4.0
    lane_taken: float = 0.2
    lane_back: int = 3
    lane_short: int = 2
    lane_horizon: int = 200
    lane_waiting: int = 3
    lane_end: float = 0.3
    lane_share: float = 0.12
    lane_often: float = 0.35


DEFAULT: Final = Weights()


class View(Struct):
    """Events in the order in which they are to be cut; ``linked``: whether a copied value crosses the edge before."""

    acts: list[int]
    times: list[int]
    linked: Sequence[int]


def learned(count: float, seen: float, w: Weights) -> float:
    """Evidence of an activity that began or ended ``count`` of the ``seen`` segments it occurred in."""
    seen = max(seen, count)
    if not seen:
        return 0.0
    p0, m = w.base, w.shrink
    q0 = 1 - p0
    return math.log((count + m * p0) / (seen - count + m * q0) * q0 / p0)


def of_gaps(model: Model, w: Weights) -> list[float]:
    """Evidence by class of the gap."""
    total, seen, median = sum(model.gaps), 0, 0
    for index, count in enumerate(model.gaps):
        seen += count
        if 2 * seen >= total:
            median = index
            break
    if not median:
        return [0.0] * GAP_CLASSES
    return [min(max(w.gap * (index - median - 1), 0.0), w.gap_max) for index in range(GAP_CLASSES)]


def scores(model: Model, w: Weights, view: View) -> tuple[list[float], list[float]]:
    """Each edge's score as far as it does not depend on where its segment began, and the completion in it."""
    acts, times, linked = view.acts, view.times, view.linked
    size = len(acts)
    decided, ends, starts = model.decided, model.ends, model.starts
    gaps = of_gaps(model, w)
    pairs, counts, strengths, auth = model.pairs, model.activities.counts, model.completion, model.authentication
    level, most = (0.0, w.weak, w.strong), w.strong + w.weak
    fade, prior, surprise = w.fade, w.prior, w.surprise
    out = [0.0] * size
    completion = [0.0] * size
    known: dict[int, float] = {}
    done, quiet = 0.0, 0
    a, before = acts[0], times[0]
    for i in range(1, size):
        b = acts[i]
        done *= fade
        if auth[a]:
            quiet = AUTHENTICATION_EVENTS
        elif quiet:
            quiet -= 1
        elif strengths[a]:
            done += level[strengths[a]]
            done = min(done, most)
        key = a << SHIFT | b
        score = known.get(key)
        if score is None:
            n, more = counts[a], counts[b]
            if n > more:
                n, more = more, n
            if n < w.known:
                n = min(more, w.known_cap)
            score = prior + surprise * math.log(n / (pairs.get(key, 1) - 0.7))
            score += w.ends * learned(ends[a], decided[a], w) + w.starts * learned(starts[b], decided[b], w)
            if strengths[b] == STRONG:
                score += w.start_strong
            known[key] = score
        if linked[i]:
            score += w.link
        now = times[i]
        gap = now - before
        if gap > 0:
            score += gaps[gap.bit_length() if gap < TOP_GAP else -1]
        completion[i] = done
        out[i] = score + done
        a, before = b, now
    return out, completion


def cuts(model: Model, w: Weights, view: View, tops: Sequence[int] | None, limit: int) -> tuple[list[int], list[float]]:
    """Where to cut, left to right, each at the best of the next few places once the score is above 0; and the scores.

    Only what lies wholly before ``limit`` is cut; ``tops`` gives for each place how far the events before it reach.
    """
    acts = view.acts
    size = len(acts)
    if size < 2:
        return [], []
    edges, completion = scores(model, w, view)
    short = [w.short + w.shorter * (SHORT - n) for n in range(SHORT)]
    fade, minimum, ahead, cycle = w.fade, w.minimum, w.ahead, w.cycle
    patience, long, long_max = w.patience, w.long, w.long_max
    places: list[int] = []
    values: list[float] = []
    start, done = 0, 0.0
    first, second, third = _head(acts, 0)
    best, best_at, deadline = 0.0, 0, 0
    last = size - 1
    i = 1
    while i < size:
        done *= fade
        length = i - start
        if length >= minimum:
            score = edges[i] - done
            if length < SHORT:
                score -= short[length]
            elif length > patience:
                score += min(long * (length - patience), long_max)
            if acts[i] == first:
                score += cycle
                if i < last and acts[i + 1] == second:
                    score += cycle
                    if i + 1 < last and acts[i + 2] == third:
                        score += cycle
            if score > best:
                if not best_at:
                    deadline = i + ahead
                best, best_at = score, i
        if best_at and (i >= deadline or i == last):
            if (best_at if tops is None else tops[best_at]) > limit:
                break
            places.append(best_at)
            values.append(best)
            i = start = best_at
            first, second, third = _head(acts, start)
            done, best, best_at = completion[i], 0.0, 0
        i += 1
    return places, values


def _head(acts: list[int], start: int) -> tuple[int, int, int]:
    head = acts[start : start + 3]
    return head[0], head[1] if len(head) > 1 else -1, head[2] if len(head) > 2 else -1
