"""Time is what a process could use."""

from __future__ import annotations

from streams.runtime.patience import STRIDE_S, AttendedTime, Stuck


def test_a_sleep_of_the_machine_and_a_clock_set_back_pass_no_time() -> None:
    now = 100.0
    subject = AttendedTime(clock=lambda: now)
    now += 2
    assert subject.read() == 2
    now += 8 * 3_600  # where the monotonic clock goes on while the machine sleeps
    assert subject.read() == 2 + STRIDE_S
    now -= 3_600
    assert subject.read() == 2 + STRIDE_S
    now += 1
    assert subject.read() == 3 + STRIDE_S


def test_time_in_which_kafka_is_away_does_not_count() -> None:
    now, here = 0.0, True
    subject = AttendedTime(lambda: here, lambda: now)
    for second in range(1, 400):
        now, here = float(second), not 10 <= second < 310
        subject.read()
    assert subject.now == 99


def test_waiting_counts_from_when_something_was_wanted_or_last_moved() -> None:
    subject = Stuck()
    assert subject.seconds(False, 1, 1_000.0) == 0
    assert subject.seconds(True, 1, 2_000.0) == 0
    assert subject.seconds(True, 1, 2_030.0) == 30
    assert subject.seconds(True, 2, 2_060.0) == 0
    assert subject.seconds(True, 2, 2_061.0) == 1
    assert subject.seconds(False, 2, 2_062.0) == 0
    assert subject.seconds(True, 2, 3_000.0) == 0
