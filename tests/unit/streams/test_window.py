"""Phase 1's bounds: cells of a team, people and cells of a message."""

from __future__ import annotations

import pytest

from streams.stages import window
from streams.stages.window import OTHER, Cell, Windows
from tests.unit.streams.build import T0, batch, event

NUMBER = T0 // window.WINDOW_MS


def test_cells_of_a_team_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "MAX_CELLS", 3)
    windows = Windows()
    windows.add(batch(0, [event(n, app=f"app-{n}") for n in range(9)]), [1] * 9)
    cells = windows.open[NUMBER]["t", "red"]
    assert len(cells) == 4
    assert cells[OTHER, OTHER].events == 6


def test_messages_are_bounded_and_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "MESSAGE_ACTORS", 10)
    monkeypatch.setattr(window, "MESSAGE_CELLS", 2)
    windows = Windows()
    windows.open[NUMBER] = {
        ("t", "red"): {("a", "click"): Cell(50, 500, {f"p{n:02}" for n in range(25)})}
        | {(f"b{n}", "click"): Cell(1, 10, {"p00", "p99"}) for n in range(5)}
    }
    partials = list(windows.advance(NUMBER + 1, 0))
    assert len({partial.id for partial in partials}) == len(partials)
    assert all(sum(len(cell.who) for cell in partial.cells) <= 10 for partial in partials)
    assert all(len(partial.cells) <= 2 for partial in partials)
    assert sum(cell.events for partial in partials for cell in partial.cells) == 55
    seen = {partial.actors[place] for partial in partials for cell in partial.cells for place in cell.who}
    assert len(seen) == 26
    assert not windows.open


def test_uncounted_kinds() -> None:
    windows = Windows()
    windows.add(batch(0, [event(0, "health"), event(1, "gap", missing=3)]), [0, 0])
    assert not windows.open
