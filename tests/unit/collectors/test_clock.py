"""A wall clock that is set back, set forward, or stood still while the machine slept."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from collectors.agent.gate import Gate
from collectors.clock import SteadyClock
from collectors.sources.base import Click, Window
from taskstream.privacy.personal import personal_policy

MINUTE_NS = 60 * 10**9
START_NS = 1_700_000_000 * 10**9


class Machine:
    """A machine whose clocks the test sets (nanoseconds)."""

    def __init__(self) -> None:
        self.wall, self.steady = START_NS, 0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.steady)

    def run(self, ns: int) -> None:
        self.wall += ns
        self.steady += ns


def test_clicks_after_the_clock_was_set_back_keep_their_times_apart() -> None:
    machine, gate = Machine(), Gate(personal_policy(date(2023, 1, 1), k=5))
    gate.feed(Window(machine.clock.now_ms(), "excel", "Sheet"))
    times = list[int]()
    for click in range(5):
        machine.run(10 * MINUTE_NS)
        if click == 1:
            machine.wall -= 60 * MINUTE_NS
        now = machine.clock.now_ms()
        events = gate.feed(Click(now)) + gate.tick(now + 1)
        times += [event.at_ms for event in events if event.kind == "click"]
    assert [after - before for before, after in pairwise(times)] == [600_000] * 4


def test_a_sleep_and_a_clock_set_forward_are_followed() -> None:
    machine = Machine()
    machine.run(MINUTE_NS)
    machine.wall += 8 * 60 * MINUTE_NS  # the steady clock stood still
    assert machine.clock.now_ms() == machine.wall // 10**6


@given(st.lists(st.tuples(st.integers(0, 10**12), st.integers(-(10**13), 10**13)), max_size=30))
def test_it_never_goes_back_and_never_slower_than_time_passes(steps: list[tuple[int, int]]) -> None:
    machine = Machine()
    before = machine.clock.now_ms()
    for passed, set_by in steps:
        machine.run(passed)
        machine.wall += set_by
        now = machine.clock.now_ms()
        assert now >= before + passed // 10**6 - 1
        before = now
