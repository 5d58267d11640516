"""Wrong clocks are moved, old recordings are not."""

from __future__ import annotations

import pytest

from streams.stages.skew import correct, skew_of
from tests.unit.streams.build import T0, batch, event

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
