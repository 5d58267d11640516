"""What is waited for, and for how long."""

from __future__ import annotations

import threading

import pytest

from deploy.local.waits import Waits


def test_parts_come_and_go_with_the_seconds_they_take() -> None:
    now = [100.0]
    waits = Waits(lambda: now[0])
    assert waits.seconds() == {}
    with waits.on("kafka"):
        now[0] += 2.0
        with waits.on("clickhouse"):
            now[0] += 0.5
            assert waits.seconds() == {"kafka": 2.5, "clickhouse": 0.5}
        assert waits.seconds() == {"kafka": 2.5}
    assert waits.seconds() == {}


def test_a_wait_that_fails_is_over() -> None:
    waits = Waits()
    with pytest.raises(OSError, match="no"), waits.on("kafka"):
        raise OSError("no")
    assert waits.seconds() == {}


def test_two_may_wait_for_the_same_part() -> None:
    """A start that is interrupted and the stop that interrupts it."""
    waits = Waits()
    with waits.on("kafka"), waits.on("kafka"):
        pass
    assert waits.seconds() == {}


def test_it_may_be_asked_by_other_threads() -> None:
    waits, end, seen = Waits(), threading.Event(), [0]

    def ask() -> None:
        while not end.is_set():
            assert all(seconds >= 0 for seconds in waits.seconds().values())
            seen[0] += 1

    asker = threading.Thread(target=ask)
    asker.start()
    for number in range(20_000):
        with waits.on(f"part {number % 7}"):
            pass
    end.set()
    asker.join()
    assert seen[0] > 0
