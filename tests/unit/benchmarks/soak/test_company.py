"""The company of the soak run."""

from __future__ import annotations

from itertools import islice, pairwise, takewhile

from benchmarks.soak.company import TASKS, WEEK_MS, Company, tasks_of_week
from collectors.simulate.generator import generate_tasks
from collectors.simulate.office import DEFAULT_START_MS


def test_it_is_a_function_of_its_seed() -> None:
    first, again, other = (list(islice(Company(3, seed), 2_000)) for seed in (1, 1, 2))
    assert first == again != other


def test_events_arrive_in_order_over_weeks_from_agents_that_are_new_each_morning() -> None:
    end = DEFAULT_START_MS + 2 * WEEK_MS
    found = list(takewhile(lambda item: item.arrival_ms < end, Company(2, 5)))
    assert all(a.arrival_ms <= b.arrival_ms for a, b in pairwise(found))
    assert len({item.person for item in found}) == 2
    assert len({item.agent for item in found}) == 20


def test_routines_are_replaced_one_by_one() -> None:
    pool = generate_tasks(30, 1)
    weeks = [{task.name for task in tasks_of_week(pool, week)} for week in range(3)]
    assert all(len(week) == TASKS for week in weeks)
    assert len(weeks[0] & weeks[1]) == TASKS - 1
    assert len(weeks[0] & weeks[2]) == TASKS - 2
