"""A few steps of one person explained by tables that were learned before: what :mod:`whole` does with a log."""

from __future__ import annotations

from math import exp, log, log2
from typing import Final

from mypy_extensions import i64

from streams.discovery.semimarkov import priors
from streams.discovery.semimarkov.decoder import Decoder
from streams.discovery.semimarkov.served import ServedTables
from streams.discovery.semimarkov.set_aside import put_together, runs_at_home
from streams.discovery.semimarkov.step_log import GAP_BINS, LINK_STEPS, LINKS

OFTEN: Final = 6
"""A value that a person's steps hold more often links nothing."""
PACE_COUNTS: Final = 20
"""Steps that the tenant's pace weighs beside the person's own."""

Found = tuple[int, int, int]
"""First step, the step after the last one, routine; steps are places in the order of the explanation."""


class Window:
    """Steps in the order of time. ``acts``: the tables' numbers; ``values``: digests, 0 for none."""

    __slots__ = ("acts", "apps", "at_ms", "screens", "values")

    def __init__(
        self, acts: list[int], at_ms: list[int], values: list[int], screens: list[int], apps: list[str]
    ) -> None:
        self.acts = acts
        self.at_ms = at_ms
        self.values = _telling(values)
        self.screens = screens
        self.apps = apps


class Explained:
    """Steps as executions: ``order`` holds the places of the steps, execution by execution (None: as they came)."""

    __slots__ = ("order", "segments")

    def __init__(self, order: list[int] | None, segments: list[Found]) -> None:
        self.order = order
        self.segments = segments


def explain(tables: ServedTables, window: Window, order: list[int] | None = None) -> Explained:
    """The best explanation of the steps; ``order``: of their places, lane by lane, where people change lanes."""
    gaps = _gaps(window.at_ms, tables.pace_s)
    tables.make_room()
    segments = _decoded(tables, window, gaps, order)
    if tables.woven:
        pieces = runs_at_home(tables, window.acts, segments, order)
        if len(pieces) > len(segments):
            order = []
            for piece in put_together(tables, window.acts, window.values, pieces):
                order += piece.places
            segments = _decoded(tables, window, gaps, order)
    return Explained(order, _without_strays(tables, window.acts, segments, order))


def _decoded(tables: ServedTables, window: Window, gaps: list[int], order: list[int] | None) -> list[Found]:
    """Segments of the steps in an order."""
    places = list(range(len(window.acts))) if order is None else order
    acts = [window.acts[place] for place in places]
    links = _links([window.values[place] for place in places])
    decoder = Decoder(tables.tables)
    repeats = tables.repeats
    size: i64 = tables.size
    seen: dict[int, int] = {}
    last: i64 = acts[0]
    first: i64 = acts[0]
    repeated: i64 = -2
    for number, place in enumerate(places):
        act: i64 = acts[number]
        if not number:
            decoder.push(act, 0, True, 0.0, -1, 0.0)
            continue
        before = places[number - 1]
        where = 0
        if window.apps[place] != window.apps[before]:
            where = 2
        elif window.screens[place] != window.screens[before]:
            where = 1
        cue = tables.gap[gaps[place]] + tables.link[links[number]] + tables.place[where]
        pair = first * size + act
        back: i64 = seen.get(pair, -1)
        seen[pair] = number - 1
        cost = 0.0
        if back >= 0:
            cost = repeats[acts[back]]
            if back == repeated + 1:
                cost *= priors.REPEAT_ON
        repeated = back if back >= 0 else -2
        decoder.push(act, tables.row(last, first, act), False, cue, back, cost)
        last = first
        first = act
    return decoder.segments()


def _without_strays(
    tables: ServedTables, acts: list[int], segments: list[Found], order: list[int] | None
) -> list[Found]:
    """The segments, less what at their edges is done between tasks and not in them."""
    if True not in tables.stray:
        return segments
    none = len(tables.routines)
    found: list[Found] = []
    for start, end, routine in segments:
        own = [not tables.stray[acts[n if order is None else order[n]]] for n in range(start, end)]
        if routine == none or True not in own:
            found.append((start, end, routine))
            continue
        first = start + own.index(True)
        own.reverse()
        last = end - own.index(True)
        if start < first:
            found.append((start, first, none))
        found.append((first, last, routine))
        if last < end:
            found.append((last, end, none))
    return found


def _gaps(at_ms: list[int], tenant_s: float) -> list[int]:
    """Class of the pause before each step, by the pace of the person, as far as it shows, and the tenant's."""
    size = len(at_ms)
    seconds = [0.0] * size
    for place in range(1, size):
        seconds[place] = max(at_ms[place] - at_ms[place - 1], 0) / 1000.0
    own = sorted(seconds[1:])
    pace = tenant_s
    if own:
        n = len(own)
        median = max(own[n // 2], 0.01)
        pace = exp((n * log(median) + PACE_COUNTS * log(max(tenant_s, 0.01))) / (n + PACE_COUNTS))
    classes = [0] * size
    for place in range(1, size):
        ratio = log2((seconds[place] + 0.05 * pace + 1e-3) / (1.05 * pace + 1e-3))
        found = 0
        for bound in GAP_BINS:
            if ratio < bound:
                break
            found += 1
        classes[place] = found
    return classes


def _telling(values: list[int]) -> list[int]:
    """The values, with 0 for those that come too often to link anything."""
    times: dict[int, int] = {}
    for value in values:
        if value:
            times[value] = times.get(value, 0) + 1
    return [value if value and times[value] <= OFTEN else 0 for value in values]


def _links(values: list[int]) -> list[int]:
    """How many values occur on both sides of the edge before each step, near by."""
    size = len(values)
    change = [0] * (size + 1)
    last: dict[int, int] = {}
    for place, value in enumerate(values):
        if value:
            before = last.get(value, -LINK_STEPS - 1)
            if place - before <= LINK_STEPS:
                change[before + 1] += 1
                change[place + 1] -= 1
            last[value] = place
    crossing = 0
    found: list[int] = []
    for place in range(size):
        crossing += change[place]
        found.append(crossing if crossing < LINKS else LINKS)
    return found
