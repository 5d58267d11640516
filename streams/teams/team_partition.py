"""Phase 2: one partition of ``activity.partial``, keyed by team. Pure, like phase 1.

The partials of one window come from every partition of ui-events, interleaved by chance. A window is released when
every source's mark has passed it, so that what is released depends on the sources' contents alone. Late partials carry
the window they are to be released with (``release_ms``) and pass the floor with the other late ones of that release.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from streams.dead_letter import InputPlace, dead_letter
from streams.operator import Output, Record
from streams.stages import cells
from streams.stages.cells import add
from streams.stages.skew import not_beyond
from streams.stages.snapshot_format import HEAD
from streams.stages.stage_settings import StageSettings
from streams.stages.validate import MAX_DETAIL
from streams.stages.window import WINDOW_MS, Cell, Key, LateKey
from streams.teams.floor import release
from taskstream.errors import UNDECODABLE
from taskstream.events import MAX_ADVANCE_MS, encode
from taskstream.records import ActivityPartial, ActivityWindow, Int, WindowMark
from taskstream.topics import ACTIVITY, ACTIVITY_PARTIAL

MAX_WAITING_CELLS: Final = 500_000
"""Cells waiting for release at most. Beyond it the oldest windows are released without waiting for the last source."""
MARK: Final = b"taskstream.mark"


class TeamSnapshot(Struct, array_like=True, frozen=True):
    marks: dict[Int, Int]
    released: Int
    chunks: dict[Int, Int]
    number: Int
    sources: Int = 0
    k: Int = 0


class TeamPartitionState:
    """State of one partition of ``activity.partial``. Implements :class:`streams.operator.Operator`.

    ``marks``     source → first window it has not finished
    ``waiting``   release window → cells; a cell's key begins with its own window, and whether it is late
    ``released``  first window not released yet
    """

    def __init__(self, partition: int, sources: int, k: int) -> None:
        self.partition = partition
        self.sources = sources
        self.k = k
        self.marks: dict[int, int] = {}
        self.waiting: dict[int, dict[LateKey, Cell]] = {}
        self.released = -1
        self.count = 0
        self.messages = 0
        self.refused = 0
        self.early = 0
        """Windows let out for want of room, before their last source: counted for metrics, no state."""
        self._number = 0
        self._dirty: set[int] = set()
        self._chunks: dict[int, int] = {}
        self._has_head = False

    def missing(self) -> list[int]:
        """Sources that have sent no mark at all: they hold back every window."""
        return [source for source in range(self.sources) if source not in self.marks]

    @property
    def reached_ms(self) -> int:
        """Event time that some source has reached; −1 when none has spoken."""
        return max(self.marks.values(), default=-1) * WINDOW_MS if self.marks else -1

    def flush(self) -> list[Output]:
        """Nothing: windows leave as they are released."""
        return []

    def apply(self, record: Record) -> list[Output]:
        """Everything that ``record`` causes, in order."""
        self.messages += 1
        out: list[Output] = []
        try:
            if any(name == "ce_type" and content == MARK for name, content in record.headers):
                mark = _mark_decoder.decode(record.value or b"")
                self._mark(mark.source, not_beyond(mark.before_ms, record.timestamp, MAX_ADVANCE_MS), out)
            else:
                partial = _decoder.decode(record.value or b"")
                _check(partial)
                self._add(partial)
                while self.count > MAX_WAITING_CELLS:
                    self._release(min(self.waiting) + 1, out)
                    self.early += 1
        except (msgspec.DecodeError, UnicodeError, IndexError, RecursionError) as error:
            self.refused += 1
            source = InputPlace(ACTIVITY_PARTIAL.name, self.partition, record)
            out.append(dead_letter(source, "foreign", str(error)[:MAX_DETAIL], "merge", record.value or b""))
        return out

    def _mark(self, source: int, before_ms: int, out: list[Output]) -> None:
        if 0 <= source < self.sources:
            self.marks[source] = max(before_ms // WINDOW_MS, self.marks.get(source, -1))
            if len(self.marks) == self.sources:
                self._release(min(self.marks.values()), out)

    def _add(self, partial: ActivityPartial) -> None:
        number = max(partial.release_ms // WINDOW_MS, self.released)
        moved = number * WINDOW_MS != partial.release_ms  # only a foreign writer's: its window is out already
        waiting = self.waiting.setdefault(number, {})
        tenant, team, actors = partial.tenant, partial.team, partial.actors
        for cell in partial.cells:
            window = cell.window_start_ms // WINDOW_MS * 2 + (cell.late or moved)
            key = (window, tenant, team, cell.app, cell.kind)
            count = Cell(cell.events, cell.active_ms, {actors[place] for place in cell.who})
            found = waiting.get(key)
            if found is None:
                waiting[key] = count
                self.count += 1
            else:
                add(found, count)
        self._dirty.add(number)

    def _release(self, before: int, out: list[Output]) -> None:
        """Let out the windows before ``before``, oldest first."""
        for number in sorted(window for window in self.waiting if window < before):
            cells_ = self.waiting.pop(number)
            self._dirty.add(number)
            self.count -= len(cells_)
            groups: dict[int, dict[Key, Cell]] = {}
            for (window, *key), cell in cells_.items():
                groups.setdefault(window, {})[tuple(key)] = cell  # type: ignore[index]
            for window in sorted(groups):
                self._rows(number, window, groups[window], out)
        self.released = max(self.released, before)

    def _rows(self, number: int, window: int, group: dict[Key, Cell], out: list[Output]) -> None:
        for (tenant, team, app, kind), events, active_ms, people in release(group, self.k):
            row = ActivityWindow(
                id=f"{self.partition}:{number * WINDOW_MS}:{self._number}", tenant=tenant, team=team,
                window_start_ms=window // 2 * WINDOW_MS, app=app, kind=kind, events=events, active_ms=active_ms,
                people=people, late=bool(window % 2),
            )  # fmt: skip
            self._number += 1
            out.append(Output(ACTIVITY.name, self.partition, f"{tenant}/{team}".encode(), encode(row)))

    def snapshot(self) -> list[tuple[str, bytes | None]]:
        """Items changed since the last snapshot; see :class:`streams.operator.Operator`."""
        items: list[tuple[str, bytes | None]] = []
        for number in sorted(self._dirty):
            chunks = cells.dump(self.waiting.get(number, {}))
            items += cells.replaced(f"w:{number}", chunks, self._chunks.pop(number, 0))
            if chunks:
                self._chunks[number] = len(chunks)
        self._dirty.clear()
        saved = TeamSnapshot(self.marks, self.released, self._chunks, self._number, self.sources, self.k)
        items.append((HEAD, msgspec.msgpack.encode(saved)))
        return items

    def configure(self, settings: StageSettings) -> bool:
        """Go on with other settings from the next record on; see :class:`streams.operator.Operator`."""
        changed = (settings.partitions, settings.k) != (self.sources, self.k)
        self.sources, self.k = settings.partitions, settings.k
        return changed

    def save_all(self) -> None:
        """Let the next snapshot hold everything, changed or not."""
        self._dirty |= self.waiting.keys()

    def load(self, items: Mapping[str, bytes]) -> dict[str, str]:
        """Take over what :meth:`snapshot` gave, with the settings of then; see :class:`streams.operator.Operator`."""
        unread: dict[str, str] = {}
        first = {HEAD: items[HEAD]} if HEAD in items else {}  # it tells which others belong to the snapshot
        for key, data in {**first, **items}.items():
            try:
                self._load(key, data)
            except UNDECODABLE as error:
                unread[key] = str(error)
        self.count = sum(len(window) for window in self.waiting.values())
        return unread

    def _load(self, key: str, data: bytes) -> None:
        kind, _, name = key.partition(":")
        if kind == "w":
            stored = self._chunks if self._has_head else None
            number, chunk = cells.window_of(name, stored), cells.load(data, cells.DATED)
            waiting = self.waiting.setdefault(number, {})
            for what, cell in chunk:
                add(waiting.setdefault(what, Cell(0, 0, set())), cell)
        elif key == HEAD:
            saved = msgspec.msgpack.decode(data, type=TeamSnapshot)
            self.marks, self.released, self._chunks = saved.marks, saved.released, saved.chunks
            self._number = saved.number
            self._has_head = True
            self.sources, self.k = saved.sources or self.sources, saved.k or self.k
        else:
            raise ValueError("no name of an item")


def _check(partial: ActivityPartial) -> None:
    """Refuse a partial whose cells name people it does not list, before anything of it is counted.

    Raises:
        IndexError: it does.
    """
    most = len(partial.actors)
    for cell in partial.cells:
        if cell.who and not (min(cell.who) >= 0 and max(cell.who) < most):
            raise IndexError("a cell names people that are not listed")


_mark_decoder = msgspec.json.Decoder(WindowMark)
_decoder = msgspec.json.Decoder(ActivityPartial)
