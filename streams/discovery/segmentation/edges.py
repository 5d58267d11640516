"""Evidence that an execution ends between two events: what speaks for it and against it is added up in log-odds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from streams.discovery.segmentation.model import GAP_CLASSES, SHIFT, Model
from streams.discovery.segmentation.weights import Weights
from streams.discovery.words.completion import STRONG

AUTHENTICATION_EVENTS: Final = 4
"""Events after signing in that complete nothing."""
SHORT: Final = 6
"""Segments below this length cost extra."""
MAX_SHARED: Final = 3
DONE: Final = 0.5
"""Completion evidence below which nothing was completed lately."""
RUN: Final = 3
"""Unknown activities in a row that show unknown territory, rather than a slip."""


class EdgeView:
    """Steps in the order in which they are to be cut.

    ``gaps``    class of the gap before each step; ``linked``: whether a copied value crosses the edge before it
    ``shared``  for each edge the number of values that occur on both of its sides
    """

    __slots__ = ("acts", "gaps", "linked", "shared")

    def __init__(self, acts: list[int], gaps: list[int], linked: bytearray, shared: list[int]) -> None:
        self.acts = acts
        self.gaps = gaps
        self.linked = linked
        self.shared = shared


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


def scores(model: Model, w: Weights, view: EdgeView) -> tuple[list[float], list[float]]:
    """Each edge's score as far as it does not depend on where its segment began, and the completion in it."""
    acts, gaps, linked, shared = view.acts, view.gaps, view.linked, view.shared
    size = len(acts)
    decided, ends, starts = model.decided, model.ends, model.starts
    waited = of_gaps(model, w)
    pairs, counts, strengths, auth = model.pairs, model.activities.counts, model.completion, model.authentication
    level, most = (0.0, w.weak, w.strong), w.strong + w.weak
    fade, prior, surprise = w.fade, w.prior, w.surprise
    out = [0.0] * size
    completion = [0.0] * size
    known: dict[int, float] = {}
    unknown = w.known
    done, quiet = 0.0, 0
    a = acts[0]
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
            n = counts[a] if counts[a] < counts[b] else counts[b]
            score = prior + surprise * math.log(n / (pairs.get(key, 1) - 0.7))
            score += w.ends * learned(ends[a], decided[a], w) + w.starts * learned(starts[b], decided[b], w)
            if strengths[b] == STRONG:
                score += w.start_strong
            known[key] = score
        if (counts[a] < unknown) != (counts[b] < unknown) and _strange(acts, counts, i, unknown):
            score += w.strange
        if linked[i]:
            score += w.link
        if shared[i]:
            score += w.shared * (shared[i] if shared[i] < MAX_SHARED else MAX_SHARED)
        score += waited[gaps[i]]
        completion[i] = done
        out[i] = score + done
        a = b
    return out, completion


def _strange(acts: list[int], counts: list[int], i: int, known: int) -> bool:
    """Whether the steps on the unknown side of the edge before i are all unknown."""
    run = acts[i : i + RUN] if counts[acts[i]] < known else acts[max(i - RUN, 0) : i]
    return len(run) == RUN and all(counts[act] < known for act in run)


def cuts(
    model: Model, w: Weights, view: EdgeView, tops: Sequence[int] | None, limit: int
) -> tuple[list[int], list[float]]:
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
    strengths = model.completion
    ended, completed = model.finished
    usual = w.incomplete * max(2.0 * completed / ended - 1.0, 0.0) if ended else 0.0
    fee = 0.0
    places: list[int] = []
    values: list[float] = []
    worked = False
    start, done = 0, 0.0
    first, second, third = _head(acts, 0)
    best, best_at, deadline = 0.0, 0, 0
    last = size - 1
    i = 1
    while i < size:
        done *= fade
        length = i - start
        if not worked:
            worked = model.works(acts[i - 1])
        if best_at and strengths[acts[i - 1]] == STRONG:
            best += w.again if best < w.sure else w.again + w.sure
        if length >= minimum or not worked:
            score = edges[i] - done
            if worked and completion[i] - done < DONE:
                score -= usual
            if length < SHORT:
                fee = short[length] if worked else w.idle_cost
            else:
                fee = -min(long * (length - patience), long_max) if length > patience else 0.0
            if acts[i] == first:
                score += cycle
                if i < last and acts[i + 1] == second:
                    score += cycle
                    if i + 1 < last and acts[i + 2] == third:
                        score += cycle
            if score > fee and (not best_at or score > best):
                if not best_at:
                    deadline = i + ahead
                best, best_at = score, i
        if best_at and (i >= deadline or i == last):
            if (best_at if tops is None else tops[best_at]) > limit:
                break
            head, value = _idle_head(model, w, acts, edges, start, best_at)
            if head:
                places.append(head)
                values.append(value)
                start = head
            tail, value = _idle_tail(model, w, acts, edges, start, best_at)
            if tail:
                places.append(tail)
                values.append(value)
            places.append(best_at)
            values.append(best)
            i = start = best_at
            first, second, third = _head(acts, start)
            done, best, best_at = completion[i], 0.0, 0
            worked = False
        i += 1
    return places, values


def _idle_tail(
    model: Model, w: Weights, acts: list[int], edges: list[float], start: int, end: int
) -> tuple[int, float]:
    """Where a segment should end already, because what follows until its ``end`` is no work; and the score. Else 0.

    A usual last step that writes nothing, such as closing the form, is likely after what is before it, and stays.
    """
    place = end
    while place > start and not model.works(acts[place - 1]):
        place -= 1
    best, best_at = 0.0, 0
    if place - start >= w.minimum:
        counts, pairs = model.activities.counts, model.pairs
        for k in range(place, end):
            a, b = acts[k - 1], acts[k]
            likely = (pairs.get(a << SHIFT | b, 1) - 0.7) / counts[a]
            if likely < w.idle_likely and edges[k] > best:
                best, best_at = edges[k], k
    return best_at, best


def _idle_head(
    model: Model, w: Weights, acts: list[int], edges: list[float], start: int, end: int
) -> tuple[int, float]:
    """Where a segment should begin only, because what is before it is no work and elsewhere; and the score. Else 0.

    What leads into the work happens where the work does, or is usual right before it, and stays; so does what
    segments clearly begin with more often than with what follows.
    """
    first = start
    while first < end and not model.works(acts[first]):
        first += 1
    best_at = 0
    if start < first < end:
        counts, pairs, screens = model.activities.counts, model.pairs, model.screens
        decided, starts = model.decided, model.starts
        usual = learned(starts[acts[start]], decided[acts[start]], w) - w.idle_start
        for k in range(start + 1, first + 1):
            a, b = acts[k - 1], acts[k]
            if screens[a] != screens[b]:
                seen = pairs.get(a << SHIFT | b, 1) - 0.7
                if seen < w.idle_likely * counts[a] and seen < w.idle_likely * counts[b]:
                    found = learned(starts[b], decided[b], w)
                    if found > usual:
                        best_at, usual = k, found
    return best_at, max(edges[best_at], 0.0)


def _head(acts: list[int], start: int) -> tuple[int, int, int]:
    head = acts[start : start + 3]
    return head[0], head[1] if len(head) > 1 else -1, head[2] if len(head) > 2 else -1
