"""Phase 1 of the 1-minute tumbling windows: what one partition saw, by (window, team, application, kind).

A window closes when the partition's watermark has passed its end by the allowed lateness. What comes after that is a
late record: it is gathered apart and sent with the next window that closes: added downstream, never dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from streams.stages.actor_parts import parts
from taskstream.events import EventBatch
from taskstream.records import ActivityPartial, PartialCell
from taskstream.topics import ACTIVITY_PARTIAL

WINDOW_MS: Final = 60_000
MAX_CELLS: Final = 2_000
"""Cells of one team in one window of one partition at most; beyond it applications are counted as ``(other)``."""
MAX_LATE_WINDOWS: Final = 2_000
"""Windows for which late records are gathered at most; then they are sent at once."""
MESSAGE_CELLS: Final = 500
"""Cells in one message at most."""
MESSAGE_ACTORS: Final = 10_000
"""People counted in one message at most; a larger cell is sent in parts."""
MESSAGE_BYTES: Final = ACTIVITY_PARTIAL.value_bytes - 8_192
"""Bytes of the cells and people of one message at most: a name may be long, and escaped. The rest is for its head."""
CELL_BYTES: Final = 100
"""Bytes of a cell's numbers at most, and PLACE_BYTES those of a person's place in it, and of what sets a name off."""
PLACE_BYTES: Final = 8
OTHER: Final = "(other)"
UNCOUNTED: Final = frozenset({"health", "gap"})


class Cell:
    """One count: events, active time in milliseconds, and who."""

    __slots__ = ("active_ms", "actors", "events")

    def __init__(self, events: int, active_ms: int, actors: set[str]) -> None:
        self.events = events
        self.active_ms = active_ms
        self.actors = actors


Team = tuple[str, str]
"""tenant, team"""
What = tuple[str, str]
"""application, kind"""
Teams = dict[Team, dict[What, Cell]]
Key = tuple[str, str, str, str]
"""tenant, team, application, kind"""
LateKey = tuple[int, str, str, str, str]
"""window, tenant, team, application, kind"""


class Windows:
    """The open windows of one partition, numbered by event time over :data:`WINDOW_MS`.

    ``horizon`` is the first window not closed; None before the first watermark. ``late`` holds what came for windows
    before it.
    """

    def __init__(self) -> None:
        self.horizon: int | None = None
        self.open: dict[int, Teams] = {}
        self.late: dict[int, Teams] = {}
        self.released = 0
        self.dirty: set[int] = set()

    def add(self, batch: EventBatch, active: Sequence[int]) -> int:
        """Count a batch; ``active`` holds each event's active time. Returns how many events were late."""
        team = (batch.tenant, batch.team)
        actor = batch.actor
        horizon = self.horizon
        start_ms, end_ms, late = 0, 0, 0
        behind = False
        cells: dict[What, Cell] = {}
        for event, active_ms in zip(batch.events, active, strict=True):
            kind = event.kind
            if kind in UNCOUNTED:
                continue
            at_ms = event.at_ms
            if not start_ms <= at_ms < end_ms:
                number = at_ms // WINDOW_MS
                start_ms = number * WINDOW_MS
                end_ms = start_ms + WINDOW_MS
                behind = horizon is not None and number < horizon
                cells = self._cells(self.late if behind else self.open, number, team)
            late += behind
            cell = cells.get((event.app, kind))
            if cell is None:
                what = (event.app, kind) if len(cells) < MAX_CELLS else (OTHER, OTHER)
                cell = cells.setdefault(what, Cell(0, 0, set()))
            cell.events += 1
            cell.active_ms += active_ms
            cell.actors.add(actor)
        return late

    def _cells(self, windows: dict[int, Teams], number: int, team: Team) -> dict[What, Cell]:
        if windows is self.open:
            self.dirty.add(number)
        return windows.setdefault(number, {}).setdefault(team, {})

    def advance(self, horizon: int, partition: int) -> Iterator[ActivityPartial]:
        """Close the windows before ``horizon``: their partials in order of time and team, then the late ones."""
        for number in sorted(window for window in self.open if window < horizon):
            teams = self.open.pop(number)
            self.dirty.add(number)
            for team in sorted(teams):
                rows = ((number, what, teams[team][what]) for what in sorted(teams[team]))
                yield from self._partials(partition, number, team, rows, late=False)
        yield from self.flush_late(horizon - 1, partition)
        self.horizon = horizon

    def flush_late(self, release: int, partition: int) -> Iterator[ActivityPartial]:
        """Send what is late, to be released with window ``release``."""
        windows, self.late = self.late, {}
        for team in sorted({team for teams in windows.values() for team in teams}):
            rows = (
                (number, what, windows[number][team][what])
                for number in sorted(windows)
                for what in sorted(windows[number].get(team, ()))
            )
            yield from self._partials(partition, release, team, rows, late=True)

    def _partials(
        self, partition: int, release: int, team: Team, rows: Iterable[tuple[int, What, Cell]], *, late: bool
    ) -> Iterator[ActivityPartial]:
        places: dict[str, int] = {}
        cells: list[PartialCell] = []
        room, room_bytes = MESSAGE_ACTORS, MESSAGE_BYTES
        for number, (app, kind), cell in rows:
            events, active_ms = cell.events, cell.active_ms
            own = CELL_BYTES + _in_json(app) + _in_json(kind)
            for part, size in parts(sorted(cell.actors), MESSAGE_ACTORS, MESSAGE_BYTES - own, _in_json):
                size += own
                if cells and (len(part) > room or size > room_bytes or len(cells) >= MESSAGE_CELLS):
                    yield self._partial(partition, release, team, places, cells)
                    places, cells, room, room_bytes = {}, [], MESSAGE_ACTORS, MESSAGE_BYTES
                who = tuple(places.setdefault(actor, len(places)) for actor in part)
                cells.append(PartialCell(number * WINDOW_MS, app, kind, events, active_ms, late, who))
                room -= len(part)
                room_bytes -= size
                events = active_ms = 0
        if cells:
            yield self._partial(partition, release, team, places, cells)

    def _partial(
        self, partition: int, release: int, team: Team, places: dict[str, int], cells: list[PartialCell]
    ) -> ActivityPartial:
        identity = f"{partition}:{release * WINDOW_MS}:{self.released}"
        self.released += 1
        return ActivityPartial(
            id=identity,
            tenant=team[0],
            team=team[1],
            release_ms=release * WINDOW_MS,
            actors=tuple(places),
            cells=tuple(cells),
        )


def _in_json(name: str) -> int:
    """Bytes that a name takes in a message, with one place that refers to it."""
    return len(_encoder.encode(name)) + PLACE_BYTES


_encoder = msgspec.json.Encoder()


def flat(teams: Teams) -> dict[Key, Cell]:
    """The cells of one window by one key."""
    return {(*team, *what): cell for team, cells in teams.items() for what, cell in cells.items()}
