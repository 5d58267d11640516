"""Executions decided by what was learned of the tenant's work."""

from __future__ import annotations

import random
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from streams.discovery.semimarkov.served import ServedTables, load_tables
from streams.discovery.semimarkov.teaching import teach
from streams.stages.segment import AgentSegmenter
from taskstream.events import UiEvent, Value
from taskstream.records import Segment, StepSample
from tests.unit.streams.discovery.semimarkov.taught import person

OWNER = ("t", "team", "actor", "agent")


@pytest.fixture(scope="module")
def tables() -> ServedTables:
    return load_tables(teach("t", 1, [person(seed)[0] for seed in range(4)]))


def events(seed: int, executions: int, noise: float = 0.0) -> tuple[list[UiEvent], list[int]]:
    steps, cases = person(seed, executions, noise)
    made = []
    for name, at_ms, value in steps:
        app, kind, screen, element = name.split("|")
        said: Literal["click"] = kind  # type: ignore[assignment]
        made.append(UiEvent(at_ms, said, app, screen, element, 300, value=Value(digest=value) if value else None))
    return made, cases


def run(segmenter: AgentSegmenter, some: list[UiEvent], first: int = 0) -> list[Segment]:
    found: list[Segment] = []
    for seq, event in enumerate(some, first):
        found += segmenter.push(seq, event)
    return found


def test_each_execution_of_a_person_without_history_is_found(tables: ServedTables) -> None:
    some, cases = events(50, 30, noise=0.1)
    segmenter = AgentSegmenter(*OWNER)
    segmenter.use(tables)
    found = run(segmenter, some) + list(segmenter.flush())
    assert len(found) >= 28
    for one in found:
        held = [cases[step.seq] for step in one.steps if cases[step.seq] >= 0]
        assert len(set(held)) == 1


def test_a_long_session_is_decided_while_it_goes_on(tables: ServedTables) -> None:
    some, _ = events(51, 300)
    segmenter = AgentSegmenter(*OWNER)
    segmenter.use(tables)
    behind = []
    decided = 0
    for seq, event in enumerate(some):
        decided = max([decided, *(one.last_seq + 1 for one in segmenter.push(seq, event))])
        behind.append(seq - decided)
    assert max(behind) <= 500


def test_what_ends_as_executions_end_is_decided_when_the_person_pauses(tables: ServedTables) -> None:
    some, cases = events(52, 6)
    last = cases.index(5)
    segmenter = AgentSegmenter(*OWNER)
    segmenter.use(tables)
    assert not run(segmenter, some[:last])
    assert len(segmenter.pause()) == 5
    assert not run(segmenter, some[last : last + 2], last)
    assert not segmenter.pause(), "the one that was begun stays open"
    assert not run(segmenter, some[last + 2 :], last + 2)
    assert len(segmenter.pause()) == 1


@settings(max_examples=6, deadline=None)
@given(st.integers(60, 70), st.sets(st.integers(0, 400), max_size=6), st.sets(st.integers(0, 400), max_size=3))
def test_storing_in_between_changes_nothing(seed: int, stored: set[int], paused: set[int]) -> None:
    tables = load_tables(teach("t", 1, [person(seed)[0] for seed in range(4)]))
    some, _ = events(seed, 40, noise=0.1)
    straight, broken = AgentSegmenter(*OWNER), AgentSegmenter(*OWNER)
    results: tuple[list[Segment], list[Segment]] = [], []
    for seq, event in enumerate(some):
        if seq in stored:
            broken = AgentSegmenter.load(broken.dump(), broken.times())
        for segmenter, found in zip((straight, broken), results, strict=True):
            segmenter.use(tables if seq >= 100 else None)
            found += segmenter.push(seq, event)
            if seq in paused:
                found += segmenter.pause()
    for segmenter, found in zip((straight, broken), results, strict=True):
        found += segmenter.flush()
    assert results[0] == results[1]


def test_samples_hold_every_decided_step_once(tables: ServedTables) -> None:
    some, _ = events(53, 100, noise=0.1)
    for served in (None, tables):
        segmenter = AgentSegmenter(*OWNER)
        segmenter.use(served)
        segmenter.sampling = True
        samples: list[StepSample] = []
        for seq, event in enumerate(some):
            segmenter.push(seq, event)
            samples += [sample for sample in [segmenter.take_sample()] if sample is not None]
        segmenter.flush()
        samples += [sample for sample in [segmenter.take_sample()] if sample is not None]
        assert segmenter.take_sample() is None
        seqs = [step.seq for sample in samples for step in sample.steps]
        assert len(seqs) == len(set(seqs))
        held = [sample.names[step.name] for sample in samples for step in sample.steps]
        folder_steps = {f"{e.app}|{e.kind}|{e.screen}|{e.element}" for e in some if e.kind != "scroll"}
        assert folder_steps == set(held)


def test_a_value_is_told_apart_but_not_told() -> None:
    some, _ = events(54, 20)
    segmenter = AgentSegmenter(*OWNER)
    segmenter.sampling = True
    run(segmenter, some)
    segmenter.flush()
    sample = segmenter.take_sample()
    assert sample is not None
    digests = {event.value.digest for event in some if event.value is not None}
    values = {step.value for step in sample.steps if step.value}
    assert len(values) == len(digests)
    assert values == set(range(1, len(values) + 1)), "numbered within the sample: nothing of a value is in them"


def test_a_task_that_the_tables_do_not_know_is_cut_by_evidence(tables: ServedTables) -> None:
    """Until the next tables know it; it is not taken for work of no routine."""
    known, _ = events(55, 20)
    fields = ("name", "street", "city", "phone")
    new: list[UiEvent] = []
    at_ms = known[-1].at_ms
    for _ in range(150):
        at_ms += 20_000
        for field in fields:
            at_ms += 1_500
            new.append(UiEvent(at_ms, "edit", "hr", "person", f"field:{field}", 300))
        at_ms += 1_500
        new.append(UiEvent(at_ms, "submit", "hr", "person", "button:save", 300))
    segmenter = AgentSegmenter(*OWNER)
    segmenter.use(tables)
    found = run(segmenter, known + new) + list(segmenter.flush())
    of_new = [one for one in found if one.apps == ("hr",)]
    assert sum(len(one.steps) == len(fields) + 1 for one in of_new) >= 144
    assert len([one for one in found if "hr" not in one.apps]) >= 18


@settings(max_examples=20, deadline=None)
@given(st.integers(80, 84), st.lists(st.tuples(st.integers(0, 300), st.sampled_from("tnp")), max_size=8))
def test_every_step_is_in_one_piece(seed: int, doings: list[tuple[int, str]]) -> None:
    """Whatever is switched on, off, or paused, and whenever."""
    tables = load_tables(teach("t", 1, [person(seed)[0] for seed in range(2)]))
    some, _ = events(seed, 40, noise=0.4)
    segmenter = AgentSegmenter(*OWNER)
    segmenter.sampling = True
    samples: list[StepSample | None] = []
    for seq, event in enumerate(some):
        for at, what in doings:
            if at == seq and what == "p":
                segmenter.pause()
            elif at == seq:
                segmenter.use(tables if what == "t" else None)
        segmenter.push(seq, event)
        samples.append(segmenter.take_sample())
    segmenter.flush()
    samples.append(segmenter.take_sample())
    seqs = sorted([step.seq for sample in samples if sample is not None for step in sample.steps])
    assert len(seqs) == len(set(seqs))
    plain = AgentSegmenter(*OWNER)
    plain.sampling = True
    run(plain, some)
    plain.flush()
    sample = plain.take_sample()
    assert sample is not None
    assert seqs == [step.seq for step in sample.steps]


@settings(max_examples=15, deadline=None)
@given(st.integers(90, 94), st.booleans())
def test_the_steps_of_a_segment_are_in_the_order_of_time_also_of_interleaved_work(seed: int, served: bool) -> None:
    tables = load_tables(teach("t", 1, [person(seed)[0] for seed in range(3)]))
    rng = random.Random(seed)
    queues = [events(seed, 30)[0], events(seed + 100, 30)[0]]
    segmenter = AgentSegmenter(*OWNER)
    segmenter.use(tables if served else None)
    found: list[Segment] = []
    at_ms = 0
    for seq in range(400):
        queue = queues[rng.random() < 0.5] or queues[0] or queues[1]
        if not queue:
            break
        at_ms += rng.randint(500, 3_000)
        found += segmenter.push(seq, structs.replace(queue.pop(0), at_ms=at_ms))
    found += segmenter.flush()
    for one in found:
        seqs = [step.seq for step in one.steps]
        assert seqs == sorted(seqs)
        assert one.first_seq <= seqs[0] <= seqs[-1] <= one.last_seq
        assert one.start_ms <= one.end_ms
