"""Time in which nothing happens: nights, weekends and outages hold nothing back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskstream.events import Heartbeat
from tests.unit.streams.build import T0, batch, event, record, run, state
from tests.unit.streams.runtime.pipeline import Pipeline

HOUR = 3_600
LATENESS_S, HEARTBEAT_S, WINDOW_S, DISORDER_S = 60, 5, 60, 5
BEHIND_MS = (LATENESS_S + HEARTBEAT_S + WINDOW_S + DISORDER_S + 3) * 1_000
"""What may be held back of the newest source: lateness and heartbeat; the window under way; the look of a second."""


class Person:
    """Works now and then, in one partition."""

    def __init__(self, world: Pipeline, partition: int = 0, name: str = "a") -> None:
        self.world, self.partition, self.name = world, partition, name
        self.seq = 0

    def work(self, minutes: int) -> None:
        """Two clicks every 20 seconds, handed over at once."""
        for _ in range(minutes * 3):
            self.world.pass_time(20)
            second = (self.world.now_ms - T0) / 1000
            self.world.send(self.partition, batch(self.seq, [event(second - 1), event(second)], self.name))
            self.seq += 2


def world(partitions: int, workers: int = 1) -> Pipeline:
    made = Pipeline(partitions, workers)
    made.now_ms = T0
    made.start()
    return made


def days(world: Pipeline, *, off_at_night: bool, count: int = 3) -> Pipeline:
    person = Person(world)
    for _ in range(count):
        person.work(30)
        if off_at_night:
            world.stop()
        world.pass_time(HOUR)
        if off_at_night:
            world.start()
    person.work(5)
    world.pass_time(1_200)
    return world


def test_windows_go_on_after_nights_without_a_worker_and_rows_are_those_of_a_run_with_one() -> None:
    with_nights, without = days(world(4), off_at_night=True), days(world(4), off_at_night=False)
    assert with_nights.counted() == without.counted()
    by_day = [
        sum(row["events"] for row in with_nights.rows if start <= row["window_start_ms"] < start + HOUR * 1_000)
        for start in (T0 + day * (HOUR + 1_800) * 1_000 for day in range(3))
    ]
    assert by_day == [180, 180, 180]
    assert not any(row["late"] for row in with_nights.rows)


@settings(max_examples=25, deadline=None)
@given(
    partitions=st.integers(1, 6),
    workers=st.integers(1, 3),
    pauses=st.lists(st.tuples(st.integers(1, 40 * HOUR), st.booleans()), min_size=1, max_size=3),
)
def test_what_is_released_is_never_far_behind_the_newest_source(
    partitions: int, workers: int, pauses: list[tuple[int, bool]]
) -> None:
    """After any time off, for any number of idle partitions, however the workers share them."""
    subject = world(partitions, workers)
    person = Person(subject)
    person.work(2)
    for seconds, off in pauses:
        if off:
            subject.stop()
            subject.now_ms += seconds * 1_000
            subject.start()
        else:  # the machine sleeps, and with it the workers' own clock
            subject.now_ms += seconds * 1_000
        person.work(3)
        subject.pass_time(HEARTBEAT_S + 1)
        newest = max(operator.watermark_ms for operator in subject.phase_1())
        assert subject.released_ms() >= newest - BEHIND_MS


def test_input_that_waits_is_not_overtaken_by_the_heartbeat() -> None:
    """A partition follows only where it has read all; here another one's backlog is longer than the night."""
    subject = world(2)
    Person(subject, 0, "a").work(2)
    subject.stop()
    late = Person(subject, 1, "b")
    late.work(30)
    subject.pass_time(600)
    Person(subject, 0, "c").work(2)
    subject.start()
    subject.pass_time(1_200)
    assert sum(row["events"] for row in subject.rows if not row["late"]) == 12 + 180 + 12


@pytest.mark.parametrize(("follows", "watermark"), [(True, T0 + 10**7), (False, T0 - 5_000 + 7)])
def test_only_a_heartbeat_that_says_so_leads_up_to_the_other_sources(follows: bool, watermark: int) -> None:
    operator = state()
    run(operator, [batch(0, [event(0)])])
    beat = record(1, Heartbeat(schema=1, advance_ms=7, at_ms=T0 + 10**7))
    headers = (*beat.headers, ("taskstream.follow", b"1")) if follows else beat.headers
    operator.apply(beat._replace(headers=headers))
    assert operator.watermark_ms == watermark


def test_a_heartbeat_never_turns_event_time_back() -> None:
    operator = state()
    run(operator, [batch(0, [event(100)])])
    beat = record(1, Heartbeat(schema=1, advance_ms=1, at_ms=T0))
    operator.apply(beat._replace(headers=(*beat.headers, ("taskstream.follow", b"1"))))
    assert operator.watermark_ms == T0 + 95_001


@pytest.mark.parametrize("partitions", [1, 3])
def test_event_time_keeps_step_with_the_clock_where_heartbeats_are_read_back_late(partitions: int) -> None:
    subject = world(partitions)
    Person(subject).work(2)
    subject.pass_time(1)
    before = max(operator.watermark_ms for operator in subject.phase_1())
    for _ in range(60):
        subject.pass_time(1, reads=False)
        subject.pass_time(1)
    after = max(operator.watermark_ms for operator in subject.phase_1())
    assert after - before >= (120 - HEARTBEAT_S - 2) * 1_000
    Person(subject, 0, "b").work(1)
    assert max(operator.watermark_ms for operator in subject.phase_1()) <= subject.now_ms
