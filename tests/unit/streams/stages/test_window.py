"""Phase 1's bounds: cells of a team, people and cells of a message."""

from __future__ import annotations

from streams.stages import window
from streams.stages.window import MAX_CELLS, MESSAGE_ACTORS, MESSAGE_CELLS, OTHER, Cell, Windows
from tests.unit.streams.build import T0, batch, event

NUMBER = T0 // window.WINDOW_MS


def test_cells_of_a_team_are_bounded() -> None:
    windows = Windows()
    count = MAX_CELLS + 6
    windows.add(batch(0, [event(0, app=f"app-{n}") for n in range(count)]), [1] * count)
    cells = windows.open[NUMBER]["t", "red"]
    assert len(cells) == MAX_CELLS + 1
    assert cells[OTHER, OTHER].events == 6


def test_messages_are_bounded_and_lose_nothing() -> None:
    windows = Windows()
    many = 2 * MESSAGE_ACTORS + 5
    cells = 2 * MESSAGE_CELLS + 3
    windows.open[NUMBER] = {
        ("t", "red"): {("a", "click"): Cell(50, 500, {f"p{n:05}" for n in range(many)})}
        | {(f"b{n:04}", "click"): Cell(1, 10, {"p00000", "p99999"}) for n in range(cells)}
    }
    partials = list(windows.advance(NUMBER + 1, 0))
    assert len({partial.id for partial in partials}) == len(partials)
    assert all(sum(len(cell.who) for cell in partial.cells) <= MESSAGE_ACTORS for partial in partials)
    assert all(len(partial.cells) <= MESSAGE_CELLS for partial in partials)
    assert sum(cell.events for partial in partials for cell in partial.cells) == 50 + cells
    seen = {partial.actors[place] for partial in partials for cell in partial.cells for place in cell.who}
    assert len(seen) == many + 1
    assert not windows.open


def test_uncounted_kinds() -> None:
    windows = Windows()
    windows.add(batch(0, [event(0, "health"), event(1, "gap", missing=3)]), [0, 0])
    assert not windows.open
