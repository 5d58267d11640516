"""Wrong clocks are moved, old recordings are not."""

from __future__ import annotations

import random

import pytest

from streams.stages.skew import certain_ms, correct, skew_of
from tests.unit.streams.build import T0, batch, event, record, state

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("at_s", "sent_ms", "arrived_ms", "skew"),
    [
        (0, 0, T0 + 1000, 0),
        (0, T0, T0 + 1000, 0),
        (-7 * 86400, T0, T0 + 1000, 0),  # an offline laptop: old events, right clock
        (-7 * 86400, 0, T0 + 1000, 0),  # a replayed recording
        (0, T0, T0 - HOUR, HOUR),  # an hour ahead
        (0, T0, T0 + HOUR, -HOUR),  # an hour behind
        (-60, T0, T0 + HOUR, -HOUR),
        (3600, T0, T0, HOUR),  # events from the future although the clock seems right
        (3600, 0, T0, HOUR),
        (3600, 0, 0, 0),  # no broker time, no judgement
    ],
)
def test_skew(at_s: float, sent_ms: int, arrived_ms: int, skew: int) -> None:
    assert skew_of(sent_ms, event(at_s).at_ms, arrived_ms, 600_000) == skew


def test_correct_keeps_gaps_and_bounds() -> None:
    moved = correct(batch(0, [event(0), event(5)], sent_ms=T0), HOUR)
    assert [e.at_ms for e in moved.events] == [T0 - HOUR, T0 - HOUR + 5000]
    assert moved.sent_ms == T0 - HOUR
    assert correct(batch(0, [event(0)]), 10**15).events[0].at_ms == 0


PEOPLE, MINUTES, HAND_OVER_S = 1_000, 3, 20
"""Everybody works all the time, and hands over what is at most 20 s old."""


def late_share_of_the_right(wrong: int, minutes: float) -> float:
    """Share of the events of right clocks that are late, where ``wrong`` of the clocks are ahead by ``minutes``."""
    draw = random.Random(wrong)
    operator, offset, late, sent = state(), 0, 0, 0
    phase = [draw.uniform(0, HAND_OVER_S) for _ in range(PEOPLE)]
    for turn in range(MINUTES * 60 // HAND_OVER_S):
        for person in sorted(range(PEOPLE), key=phase.__getitem__):
            now = turn * HAND_OVER_S + phase[person]
            ahead = minutes * 60 if person < wrong else 0.0
            events = [event(now + ahead - age) for age in (HAND_OVER_S * draw.random(), 0.2)]
            handed = batch(turn * 2, events, f"p{person}", sent_ms=T0 + int((now + ahead) * 1_000))
            operator.apply(record(offset, handed, timestamp=T0 + int(now * 1_000) + 50))
            offset += 1
            if person >= wrong:
                late += operator.take_counts().late
                sent += 2
            operator.take_counts()
    return late / sent


@pytest.mark.parametrize("minutes", [1, 5, 30])
@pytest.mark.parametrize("wrong", [1, 10, 50])
def test_wrong_clocks_make_nobody_else_late(wrong: int, minutes: int) -> None:
    assert late_share_of_the_right(wrong, minutes) < 0.01


@pytest.mark.parametrize(
    ("newest", "sent", "arrived", "certain"),
    [
        (100, 110, 120, 100),  # right clock
        (100, 110, 90, 80),  # the clock is 20 ahead at least
        (100, 0, 90, 90),  # hand-over unknown: nothing is later than its arrival
        (100, 95, 90, 90),
        (50, 110, 100, 40),  # what was spooled is old, and the clock is ahead all the same
        (100, 110, 0, 100),  # no broker's time: a log read elsewhere
    ],
)
def test_what_is_certain_of_event_time(newest: int, sent: int, arrived: int, certain: int) -> None:
    assert certain_ms(newest, sent, arrived) == certain
