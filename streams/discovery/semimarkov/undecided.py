"""A few steps of one person, explained by tables that were learned before."""

from __future__ import annotations

from math import exp, log, log2
from typing import Final

from mypy_extensions import i64

from streams.discovery.semimarkov import priors
from streams.discovery.semimarkov.beam import Chain, deal
from streams.discovery.semimarkov.decoder import Decoder
from streams.discovery.semimarkov.served import ServedTables
from streams.discovery.semimarkov.set_aside import put_together, runs_at_home

LANE_GAP: Final = 0.25
"""As :data:`streams.discovery.semimarkov.interleaving.GAP`."""
WIDTH: Final = 6
"""As :data:`streams.discovery.semimarkov.beam.WIDTH`; enough for the few lanes of a short stretch."""
RARE: Final = -3.0
"""Of a (logarithm of a) probability to end or to begin there that is so small, something was left or resumed."""
NEAR: Final = 5
"""Segments after which what was left is looked for."""
HOME: Final = 1.5
"""A step that a routine holds so much more often than work of none (nats) is of the routine."""
PACE_COUNTS: Final = 20
"""Steps that the tenant's pace weighs beside the person's own."""

Found = tuple[int, int, int]
"""First step, the step after the last one, routine; steps are places in the order of the explanation."""


class Undecided:
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


def explain(tables: ServedTables, window: Undecided) -> Explained:
    """The best explanation of the steps. One at a time: a restore replays in a thread beside the event loop."""
    with tables.lock:
        return _explain(tables, window)


def _explain(tables: ServedTables, window: Undecided) -> Explained:
    gaps = _gaps(window.at_ms, tables.pace_s)
    tables.make_room()
    order: list[int] | None = None
    segments = _decoded(tables, window, gaps, None)
    if tables.lanes is not None:
        order = _dealt(tables, tables.lanes, window, gaps, segments)
        if order is not None:
            segments = _decoded(tables, window, gaps, order)
    if tables.woven:
        pieces = runs_at_home(tables, window.acts, segments, order)
        if len(pieces) > len(segments):
            order = []
            for piece in put_together(tables, window.acts, window.values, pieces):
                order += piece.places
            segments = _decoded(tables, window, gaps, order)
    return Explained(order, _without_strays(tables, window.acts, segments, order))


def in_order(tables: ServedTables, window: Undecided) -> list[Found]:
    """The best explanation of the steps as they came: one execution after the other."""
    tables.make_room()
    return _decoded(tables, window, _gaps(window.at_ms, tables.pace_s), None)


def _dealt(
    tables: ServedTables, chain: Chain, window: Undecided, gaps: list[int], segments: list[Found]
) -> list[int] | None:
    """The steps lane by lane, where they are not explained well as they came; None where that changes nothing."""
    order: list[int] = []
    for start, end, doubtful in _stretches(tables, window.acts, segments):
        places = list(range(start, end))
        if doubtful:
            acts = window.acts[start:end]
            waits = [LANE_GAP * max(gap - 1, 0) for gap in gaps[start:end]]
            values = [value if value else -1 for value in window.values[start:end]]
            lane = deal(chain, acts, values, [-1] * len(acts), waits, tables.switch, WIDTH)
            lanes: dict[int, list[int]] = {}
            for place, one in enumerate(lane):
                lanes.setdefault(one, []).append(start + place)
            places = [place for one in sorted(lanes) for place in lanes[one]]
        order += places
    return None if order == list(range(len(order))) else order


def _stretches(tables: ServedTables, acts: list[int], segments: list[Found]) -> list[tuple[int, int, bool]]:
    """First step, the step after the last one, and whether something may be open there that is gone on with later.

    So it is from a segment that ends where executions hardly ever do to one, soon after, that begins so.
    """
    count = len(segments)
    doubtful = [False] * count
    for number in range(count):
        if not _is_left(tables, acts, segments[number]):
            continue
        for other in range(min(number + NEAR, count - 1), number, -1):
            if _is_resumed(tables, acts, segments[other]):
                for between in range(number, other + 1):
                    doubtful[between] = True
                break
    found: list[tuple[int, int, bool]] = []
    for number, (start, end, _) in enumerate(segments):
        if found and found[-1][2] == doubtful[number]:
            found[-1] = (found[-1][0], end, doubtful[number])
        else:
            found.append((start, end, doubtful[number]))
    return found


def _is_left(tables: ServedTables, acts: list[int], segment: Found) -> bool:
    """Whether a segment ends where its routine hardly ever does."""
    start, end, routine = segment
    if routine == len(tables.routines):
        return _is_at_home(tables, acts, start, end)
    return tables.tables.end[acts[end - 1]][routine] < RARE


def _is_resumed(tables: ServedTables, acts: list[int], segment: Found) -> bool:
    """Whether a segment begins where its routine hardly ever does."""
    start, end, routine = segment
    if routine == len(tables.routines):
        return _is_at_home(tables, acts, start, end)
    return tables.begin[acts[start]][routine] < RARE


def _is_at_home(tables: ServedTables, acts: list[int], start: int, end: int) -> bool:
    """Whether steps of no routine are of some all the same."""
    return any(tables.home[act] > tables.stay_none[act] + HOME for act in acts[start:end])


def _decoded(tables: ServedTables, window: Undecided, gaps: list[int], order: list[int] | None) -> list[Found]:
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
        for bound in priors.GAP_BINS:
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
    return [value if value and times[value] <= priors.OFTEN else 0 for value in values]


def _links(values: list[int]) -> list[int]:
    """How many values occur on both sides of the edge before each step, near by."""
    size = len(values)
    change = [0] * (size + 1)
    last: dict[int, int] = {}
    for place, value in enumerate(values):
        if value:
            before = last.get(value, -priors.LINK_STEPS - 1)
            if place - before <= priors.LINK_STEPS:
                change[before + 1] += 1
                change[place + 1] -= 1
            last[value] = place
    crossing = 0
    found: list[int] = []
    for place in range(size):
        crossing += change[place]
        found.append(crossing if crossing < priors.LINKS else priors.LINKS)
    return found
