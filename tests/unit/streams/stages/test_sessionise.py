"""Sessions: what opens, keeps and closes them."""

from __future__ import annotations

import pytest

from streams.stages.sessionise import MAX_SESSION_EVENTS, Sessioniser
from taskstream.events import UiEvent
from tests.unit.streams.build import event

DAY_END = 15 * 3600
"""Seconds from nine o'clock to midnight."""


def closed(events: list[UiEvent]) -> list[tuple[int, int, int, int, str]]:
    sessioniser, active = Sessioniser(), list[int]()
    pieces = sessioniser.push(0, events, 900_000, 30_000, active)
    assert len(active) == len(events)
    assert [index for piece in pieces for index in range(piece.start, piece.end)] == list(range(len(events)))
    found = [(p.closed, p.reason) for p in pieces if p.closed is not None]
    return [(s.first_seq, s.last_seq, s.events, s.active_ms, reason) for s, reason in found]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([event(0), event(10)], []),
        ([event(0), event(10), event(10 + 900)], [(0, 1, 2, 10_000, "gap")]),
        ([event(0), event(899)], []),
        ([event(0), event(60), event(1000)], [(0, 1, 2, 30_000, "gap")]),  # active time is capped
        ([event(0), event(5), event(6, "lock"), event(7)], [(0, 2, 3, 6_000, "lock")]),
        ([event(0), event(5, "lock"), event(9, "unlock"), event(600, "idle")], [(0, 1, 2, 5_000, "lock")]),
        ([event(DAY_END - 1), event(DAY_END)], [(0, 0, 1, 0, "day")]),
        ([event(1000), event(0)], [(0, 0, 1, 0, "gap")]),  # the clock jumped back
        ([event(10), event(8), event(12)], []),  # a little disorder
        ([event(0), event(500, "health"), event(901)], [(0, 0, 1, 0, "gap")]),  # a sign of life is no work
    ],
)
def test_closed(events: list[UiEvent], expected: list[tuple[int, int, int, int, str]]) -> None:
    assert closed(events) == expected


def test_bound() -> None:
    events = [event(index * 0.001) for index in range(MAX_SESSION_EVENTS + 1)]
    assert [(row[2], row[4]) for row in closed(events)] == [(MAX_SESSION_EVENTS, "bound")]


def test_apps_and_switches() -> None:
    sessioniser = Sessioniser()
    sessioniser.push(
        5, [event(0, app="a"), event(1, app="b"), event(2, app="a"), event(3, app="")], 900_000, 30_000, []
    )
    session = sessioniser.close()
    assert session is not None
    assert (session.apps, session.switches, session.first_seq, session.last_seq) == ({"a", "b"}, 2, 5, 8)
    assert sessioniser.close() is None
