"""Readings of compacted topics, and how long their topics keep what deletes."""

from __future__ import annotations

import pytest

from taskstream.kafka.tombstones import SHARE, WholeReading
from taskstream.topics import ALL, DAY_MS, HOUR_MS, STATE


@pytest.mark.parametrize("sleeping", [True, False], ids=["machine asleep", "wall clock set back"])
def test_a_reading_that_took_too_long_by_either_clock_may_lack_a_deletion(sleeping: bool) -> None:
    now = {"wall": 1_000.0, "monotonic": 1_000.0}
    reading = WholeReading(lambda: now["wall"], lambda: now["monotonic"])
    now["wall" if sleeping else "monotonic"] += SHARE * HOUR_MS / 1000 - 1
    assert reading.has_all_of(STATE)
    now["wall" if sleeping else "monotonic"] += 2
    now["monotonic" if sleeping else "wall"] -= 500
    assert not reading.has_all_of(STATE)


def test_topics_that_only_restores_read_keep_tombstones_for_an_hour_and_those_that_are_followed_for_a_day() -> None:
    kept = {topic.name: topic.config()["delete.retention.ms"] for topic in ALL if topic.compacted}
    assert kept == {
        "state": str(HOUR_MS), "catalogue.state": str(HOUR_MS), "routines": str(DAY_MS), "opportunities": str(DAY_MS),
        "tables": str(DAY_MS),
    }  # fmt: skip
