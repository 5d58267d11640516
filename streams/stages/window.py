"""Stage 8, phase 1 of the 1-minute tumbling windows: what one partition saw, by (window, team, application, kind).

A window closes when the partition's watermark has passed its end by the allowed lateness. What comes after that is a
late record: it is gathered apart and sent with the next window that closes: added downstream, never dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from taskstream.events import EventBatch
from taskstream.records import ActivityPartial

WINDOW_MS: Final = 60_000
MAX_CELLS: Final = 20_000
"""Cells of one window in one partition at most; beyond it applications are counted as ``(other)``."""
MAX_LATE_CELLS: Final = 20_000
"""Cells of late records gathered at most; then they are sent at once."""
MAX_ACTORS: Final = 10_000
"""Actors in one partial at most; a larger cell is sent as several partials."""
OTHER: Final = "(other)"
UNCOUNTED: Final = frozenset({"health", "gap"})


class Cell(Struct, array_like=True):
    """One count: events, active time in milliseconds, and who."""

    events: int
    active_ms: int
    actors: set[str]


Key = tuple[str, str, str, str]
"""tenant, team, application, kind"""
LateKey = tuple[int, str, str, str, str]
"""window, tenant, team, application, kind"""


class Windows:
    """The open windows of one partition, numbered by event time over :data:`WINDOW_MS`.

    ``horizon`` is the first window not closed; None before the first watermark.
    """

    def __init__(self) -> None:
        self.horizon: int | None = None
        self.open: dict[int, dict[Key, Cell]] = {}
        self.late: dict[LateKey, Cell] = {}
        self.released = 0
        self.dirty: set[int] = set()

    def add(self, batch: EventBatch, active: Sequence[int]) -> int:
        """Count a batch; ``active`` holds each event's active time. Returns how many events were late."""
        tenant, team, actor = batch.tenant, batch.team, batch.actor
        horizon = self.horizon
        window = -1
        cells: dict[Key, Cell] = {}
        late = 0
        for event, active_ms in zip(batch.events, active, strict=True):
            kind = event.kind
            if kind in UNCOUNTED:
                continue
            number = event.at_ms // WINDOW_MS
            if number != window:
                window = number
                if horizon is not None and number < horizon:
                    cells = {}
                else:
                    cells = self.open.setdefault(number, {})
                    self.dirty.add(number)
            if horizon is not None and number < horizon:
                late += 1
                self._add_late((number, tenant, team, event.app, kind), active_ms, actor)
                continue
            key: Key = (tenant, team, event.app, kind)
            cell = cells.get(key)
            if cell is None:
                if len(cells) >= MAX_CELLS:
                    key = (tenant, team, OTHER, OTHER)
                cell = cells.setdefault(key, Cell(0, 0, set()))
            cell.events += 1
            cell.active_ms += active_ms
            cell.actors.add(actor)
        return late

    def _add_late(self, key: LateKey, active_ms: int, actor: str) -> None:
        cell = self.late.get(key)
        if cell is None:
            cell = self.late[key] = Cell(0, 0, set())
        cell.events += 1
        cell.active_ms += active_ms
        cell.actors.add(actor)

    def advance(self, horizon: int, partition: int) -> Iterator[ActivityPartial]:
        """Close the windows before ``horizon``: their partials in order of time and key, then the late ones."""
        for number in sorted(window for window in self.open if window < horizon):
            cells = self.open.pop(number)
            self.dirty.add(number)
            for key in sorted(cells):
                yield from self._partials(partition, number, number, key, cells[key], late=False)
        yield from self.flush_late(horizon - 1, partition)
        self.horizon = horizon

    def flush_late(self, release: int, partition: int) -> Iterator[ActivityPartial]:
        """Send the late cells, to be released with window ``release``."""
        cells, self.late = self.late, {}
        for late_key in sorted(cells):
            number, *key = late_key
            yield from self._partials(partition, release, number, tuple(key), cells[late_key], late=True)

    def _partials(
        self, partition: int, release: int, number: int, key: tuple[str, ...], cell: Cell, *, late: bool
    ) -> Iterator[ActivityPartial]:
        tenant, team, app, kind = key
        actors = sorted(cell.actors)
        events, active_ms = cell.events, cell.active_ms
        for start in range(0, len(actors), MAX_ACTORS):
            identity = f"{partition}:{release * WINDOW_MS}:{self.released}"
            self.released += 1
            yield ActivityPartial(
                id=identity, tenant=tenant, team=team, window_start_ms=number * WINDOW_MS, app=app, kind=kind,
                events=events, active_ms=active_ms, actors=tuple(actors[start : start + MAX_ACTORS]), late=late,
                release_ms=release * WINDOW_MS,
            )  # fmt: skip
            events = active_ms = 0
