"""What is kept to learn from: within its bounds, of many people, recent, and each sample once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from streams.discovery import reservoir
from streams.discovery.reservoir import FIRST, MAX_SAMPLE, Reservoir
from taskstream.records import StepSample
from tests.unit.streams.discovery.routine_samples import DAY_MS, START_MS
from tests.unit.streams.discovery.step_samples import day, sample

LIMIT = 60
MOST_PEOPLE = 8

SAMPLES = st.builds(
    lambda actor, seq, steps, start, agent: sample(
        f"p{actor}", seq, activities=[f"app|click|{n % 5}" for n in range(steps)], start_ms=START_MS + start * 1_000,
        agent=f"p{actor}-{agent}",
    ),
    st.integers(0, 11), st.integers(0, 40), st.integers(1, 20), st.integers(0, 500), st.integers(0, 1),
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with patch.multiple(reservoir, LIMIT=LIMIT, MAX_PEOPLE=MOST_PEOPLE):
        yield


def filled(samples: list[StepSample]) -> Reservoir:
    found = Reservoir()
    for one in samples:
        found.take(one)
    return found


def kept(found: Reservoir) -> list[StepSample]:
    """Ids and actors of the samples that are kept whole."""
    return [
        sample(stretch.actor, int(stretch.id.rpartition(":")[2]), agent=stretch.agent)
        for number in sorted(found.blocks())
        for stretch in found.block(number)
    ]


@given(st.lists(SAMPLES, max_size=60))
def test_bounds_are_kept_and_people_are_in_the_order_of_time(samples: list[StepSample]) -> None:
    found = filled(samples)
    people = found.people()
    assert len(found) == sum(map(len, people)) <= LIMIT
    assert len(people) == found.people_count <= MOST_PEOPLE
    for steps in people:
        assert steps == sorted(steps, key=lambda step: step[1])
    assert len(found._by_count) <= 4 * len(people) + reservoir.BLOCK + 1


@given(st.lists(SAMPLES, max_size=60))
def test_whole_samples_are_kept_and_each_once(samples: list[StepSample]) -> None:
    found = filled(samples)
    ids = Counter(one.id for one in kept(found))
    assert set(ids.values()) <= {1}
    by_id = {one.id: one for one in reversed(samples)}
    assert set(ids) <= set(by_id)
    before = found.people(), found.came, len(found)
    for name in ids:
        assert not found.take(by_id[name])
    assert (found.people(), found.came, len(found)) == before


@given(st.lists(SAMPLES, min_size=1, max_size=60))
def test_only_those_who_have_most_make_room(samples: list[StepSample]) -> None:
    """Whoever has less than an equal share keeps all, as long as there are not too many people."""
    few = [one for one in samples if one.actor < "p6" and len(one.actor) == 2]
    found = filled(few)
    given = Counter[str]()
    for one in {one.id: one for one in reversed(few)}.values():
        given[one.actor] += len(one.steps)
    held = Counter[str]()
    for number in found.blocks():
        for stretch in found.block(number):
            held[stretch.actor] += len(stretch)
    for actor, count in given.items():
        if count <= LIMIT // max(1, len(given)):
            assert held[actor] == count


def test_many_people_stay_where_one_never_stops() -> None:
    found = filled([*day(people=6, each=1), *[sample("busy", 10 * n) for n in range(200)]])
    assert found.people_count == 7
    last = [stretch.id for number in sorted(found.blocks()) for stretch in found.block(number)][-1]
    assert last == "busy-pc:1990", "and of who has most the latest work"


def test_the_longest_silent_person_makes_room() -> None:
    found = filled([sample(f"p{n}", activities=["a"]) for n in [*range(MOST_PEOPLE), 0, MOST_PEOPLE]])
    assert sorted(one.actor for one in kept(found)) == sorted(f"p{n}" for n in range(MOST_PEOPLE + 1) if n != 0)
    again = filled([sample(f"p{n}", seq, activities=["a"]) for seq, n in enumerate([*range(MOST_PEOPLE), 0, 99])])
    assert "p0" in {one.actor for one in kept(again)}
    assert "p1" not in {one.actor for one in kept(again)}


def test_what_came_more_than_a_month_ago_goes() -> None:
    found = Reservoir()
    for n in range(80):
        found.take(sample(f"p{n % 3}", n, activities=["a"]), START_MS + n * DAY_MS)
    assert [stretch.number for number in sorted(found.blocks()) for stretch in found.block(number)] == [*range(49, 80)]
    found.take(sample("p1", 80, activities=["a"]), 2**53)  # of a broker that was wrong about the time
    found.take(sample("p2", 81, activities=["a"]), START_MS + 80 * DAY_MS)
    assert len(found) == 2
    found.take(sample("p0", 82, activities=["a"]), START_MS + 80 * DAY_MS)
    assert len(found) == 3, "it did harm once"


def test_agents_of_a_person_are_one_person() -> None:
    morning, noon = sample("p1", agent="a", activities=["x"] * 3), sample("p1", agent="b", activities=["y"] * 2)
    found = filled([structs.replace(noon, start_ms=START_MS + 2_000), morning])
    (steps,) = found.people()
    assert [name for name, _, _ in steps] == ["x", "y", "x", "y", "x"]


def test_names_that_no_step_has_are_not_kept() -> None:
    one = sample(activities=["a", "b", "a"])
    found = filled([structs.replace(one, steps=one.steps[1:2])])
    assert found.people() == [[("b", START_MS + 4_000, 1)]]
    assert found.block(0)[0].names == ("b",)


@pytest.mark.parametrize("steps", [0, MAX_SAMPLE + 1])
def test_what_is_no_sample_changes_nothing(steps: int) -> None:
    found = filled([sample(activities=["a"] * steps)])
    assert (len(found), found.came, found.next_number, found.unsaved) == (0, 0, 0, set())


def test_it_is_learned_at_some_hundred_steps_and_then_whenever_as_many_came_as_were_held() -> None:
    with patch.object(reservoir, "LIMIT", 5_000):
        found, at = Reservoir(), []
        for n in range(200):
            found.take(sample(f"p{n % 3}", 1_000 * n, activities=["a"] * 100))
            if found.due():
                found.learned(found.lesson())
                at.append((n + 1) * 100)
    assert at == [FIRST, 1_000, 2_000, 4_000, 8_000, 13_000, 18_000]


def test_what_comes_while_it_is_learned_counts_for_the_next_time() -> None:
    with patch.object(reservoir, "LIMIT", 5_000):
        found = filled([sample(first_seq=n * 500, activities=["a"] * 500) for n in range(2)])
        lesson = found.lesson()
        assert found.due()
        found.take(sample(first_seq=9_000, activities=["a"] * 500))
        found.learned(lesson)
        assert (found.came, found.learned_from, found.due()) == (500, 1_000, False)
        assert sum(map(len, lesson.people)) == 1_000


def test_versions_go_on_from_the_known_one_and_else_begin_above_any_that_may_be_lost() -> None:
    found = filled([sample(activities=["a", "b"])])
    newest_ms = max(at_ms for steps in found.people() for _, at_ms, _ in steps)
    assert found.lesson().version == newest_ms
    found.version = 7
    assert found.lesson().version == 8


def test_values_of_different_samples_are_different_ones() -> None:
    one = sample(activities=["a", "b"])
    found = filled([one, structs.replace(one, id="other:1", agent="other")])
    values = [value for steps in found.people() for _, _, value in steps if value]
    assert len(set(values)) == len(values)


def test_a_lesson_of_fewer_steps_is_of_the_latest_ones_of_everybody() -> None:
    found = filled([sample(f"p{n % 2}", 1_000 * n, activities=["a"] * 10) for n in range(4)])
    whole, half = found.lesson().people, found.lesson(20).people
    assert [len(steps) for steps in whole] == [20, 20]
    assert half == [steps[-10:] for steps in whole]
