"""When a process that ended is started again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deploy.local.restart import FIRST_DELAY_S, LONGEST_DELAY_S, RestartPolicy


def test_delays_double_and_then_it_is_given_up() -> None:
    policy = RestartPolicy(limit=4)
    assert [policy.ended(0.1) for _ in range(4)] == [0.5, 1.0, 2.0, None]


def test_a_steady_run_clears_the_record() -> None:
    policy = RestartPolicy(limit=3, steady_s=60)
    assert policy.ended(1) == 0.5
    assert policy.ended(1) == 1.0
    assert policy.ended(61) == 0.5


@given(st.lists(st.floats(0, 1000), max_size=60), st.integers(2, 10))
def test_bounds_hold_for_any_history(runs: list[float], limit: int) -> None:
    policy = RestartPolicy(limit=limit, steady_s=60)
    short = 0
    for ran_s in runs:
        short = 1 if ran_s >= 60 else short + 1
        delay = policy.ended(ran_s)
        assert (delay is None) == (short >= limit)
        if delay is None:
            return
        assert FIRST_DELAY_S <= delay <= LONGEST_DELAY_S
