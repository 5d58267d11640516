"""A few people of each tenant are sampled, always the same ones of those at work; all where they are few."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.stages.partition import PartitionState
from streams.stages.sampled_people import SampledPeople, share
from streams.stages.stage_settings import StageSettings
from taskstream.events import EventBatch, Heartbeat
from tests.unit.streams.build import batch, event, of, record, run
from tests.unit.streams.stages.test_determinism import logins, phase_1, run_with_crashes


@pytest.mark.parametrize(("partitions", "most"), [(1, 200), (3, 66), (25, 8), (192, 8)])
def test_the_share_of_a_partition(partitions: int, most: int) -> None:
    assert share(partitions) == most


PEOPLE = [(tenant, f"actor-{number}") for tenant in "ab" for number in range(30)]


@given(st.lists(st.sampled_from(PEOPLE), max_size=80), st.integers(1, 12))
def test_who_is_sampled_follows_from_who_is_at_work(comes_or_goes: list[tuple[str, str]], most: int) -> None:
    subject, present = SampledPeople(), set[tuple[str, str]]()
    for person in comes_or_goes:
        if person in present:
            present.remove(person)
            subject.go(person)
        else:
            present.add(person)
            subject.come(person)
    restored = SampledPeople()
    restored.load(sorted(present, key=lambda _: random.random()))
    for tenant in "ab":
        of_tenant = [actor for name, actor in present if name == tenant]
        chosen = [actor for actor in of_tenant if subject.holds(tenant, actor.encode(), most)]
        assert len(chosen) == min(most, len(of_tenant))
        assert chosen == [actor for actor in of_tenant if restored.holds(tenant, actor.encode(), most)]


def test_many_people_of_one_tenant_take_no_place_from_another() -> None:
    subject = SampledPeople()
    for number in range(500):
        subject.come(("large", f"actor-{number}"))
    subject.come(("small", "somebody"))
    assert subject.holds("small", b"somebody", 8)


def test_a_partition_samples_few_of_many_people_and_all_of_few() -> None:
    def sampled(people: int) -> set[str]:
        operator, log = PartitionState(0, StageSettings(partitions=50)), list[EventBatch | Heartbeat | bytes]()
        for turn in range(3):
            for number in range(people):
                events = [event(turn * 40 + second, element=f"button:{second}") for second in range(8)]
                log.append(batch(turn * 8, events, f"p{number}"))
        samples = of(run(operator, [*log, Heartbeat(schema=1, advance_ms=86_400_000)]), "steps")
        assert all(row["steps"] and row["tenant"] == "t" for row in samples)
        return {row["actor"] for row in samples}

    assert len(sampled(5)) == 5
    # Whoever leaves gives the place to the next; here all leave in turn, and the last ones are few.
    assert share(50) == 8 <= len(sampled(150)) < 50


@given(st.integers(0, 10**6), st.lists(st.integers(0, 150), max_size=4), st.integers(1, 30))
@settings(max_examples=10, deadline=None)
def test_the_same_people_are_sampled_through_crashes(seed: int, crashes: list[int], every: int) -> None:
    rnd, log = random.Random(seed), list[EventBatch | Heartbeat | bytes]()
    seqs: dict[str, int] = {}
    for turn in range(150):
        name = f"p{rnd.randrange(25)}"
        first = seqs.get(name, 0)
        log.append(batch(first, [event(turn * 20 + n, element=f"button:{n}") for n in range(3)], name))
        seqs[name] = first + 3
    records = [record(n, one) for n, one in enumerate([*log, Heartbeat(schema=1, advance_ms=86_400_000)])]

    def make() -> PartitionState:
        return PartitionState(0, StageSettings(partitions=50, max_agents=20))

    undisturbed = run_with_crashes(make, records, [], 10**9)
    assert {row["actor"] for row in of(undisturbed, "steps")}
    assert run_with_crashes(make, records, crashes, every) == undisturbed


def test_all_decided_steps_of_a_sampled_person_are_in_the_samples_once() -> None:
    operator, outputs, steps = phase_1(), [], dict[str, list[int]]()
    log = logins(4)
    for offset, message in enumerate(log):
        outputs += operator.apply(record(offset, message))
    for row in of(outputs, "steps"):
        steps.setdefault(row["agent"], []).extend(step[1] for step in row["steps"])
    executed = {(row["agent"], step["seq"]) for row in of(outputs, "segments") for step in row["steps"]}
    assert executed
    for seqs in steps.values():
        assert seqs == sorted(set(seqs))
    found = {(agent, seq) for agent, seqs in steps.items() for seq in seqs}
    assert executed <= found
    assert len(found) <= sum(len(message.events) for message in log if isinstance(message, EventBatch))
