"""The segmenting stage: executions found, exact checkpoints, bounds, and input that no sane desktop sends."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.discovery_logs import load
from benchmarks.discovery_metrics import boundary_f1
from benchmarks.discovery_variants import interleaved, mix
from streams.stages.segment import AgentSegmenter
from taskstream.events import KINDS, UiEvent, Value, encode
from taskstream.records import Segment


def fresh() -> AgentSegmenter:
    return AgentSegmenter("tenant", "team", "actor", "agent")


def run(events: Iterable[UiEvent], segmenter: AgentSegmenter | None = None) -> list[Segment]:
    segmenter = segmenter or fresh()
    out: list[Segment] = []
    for seq, event in enumerate(events):
        out += segmenter.push(seq, event)
    return out + list(segmenter.flush())


def task(at_ms: int, n: int) -> list[UiEvent]:
    value = Value(digest=1000 + n, length=4, form="name")
    steps = [
        UiEvent(0, "click", "excel", "list", "cell:a"),
        UiEvent(0, "copy", "excel", "list", "cell:a", value=value),
        UiEvent(0, "window", "crm", "customer"),
        UiEvent(0, "click", "crm", "customer", "field:name"),
        UiEvent(0, "paste", "crm", "customer", "field:name", value=value),
        UiEvent(0, "edit", "crm", "customer", "field:name", value=value),
        UiEvent(0, "click", "crm", "customer", "option:country"),
        UiEvent(0, "edit", "crm", "customer", "field:city"),
        UiEvent(0, "click", "crm", "customer", "button:save"),
    ]
    return [UiEvent(at_ms + 1_000 * k, e.kind, e.app, e.screen, e.element, value=e.value) for k, e in enumerate(steps)]


def test_a_repeated_task_is_cut_into_its_executions() -> None:
    found = run([event for n in range(40) for event in task(60_000 * n, n)])
    assert [segment.first_seq for segment in found] == [9 * n for n in range(40)]
    segment = found[7]
    assert [step.activity for step in segment.steps] == [
        "excel|copy|list|cell:a",
        "crm|paste|customer|field:name",
        "crm|click|customer|option:country",
        "crm|edit|customer|field:city",
        "crm|click|customer|button:save",
    ]
    assert [step.role for step in segment.steps] == ["read", "write", "", "write", ""]
    assert segment.id == "agent:63"
    assert segment.apps == ("excel", "crm")
    assert (segment.transfers, segment.written, segment.complete, segment.lane) == (1, 1, True, 0)
    assert segment.end_ms - segment.start_ms == 8_000
    assert segment.active_ms + segment.waiting_ms == 8_000


def chat(at_ms: int) -> list[UiEvent]:
    """Reading and answering a message, as comes before some executions."""
    return [
        UiEvent(at_ms, "window", "teams", "chat"),
        UiEvent(at_ms + 2_000, "keys", "teams", "chat", "field:message"),
        UiEvent(at_ms + 4_000, "click", "teams", "chat", "button:react"),
        UiEvent(at_ms + 6_000, "click", "teams", "chat", "tab:activity"),
        UiEvent(at_ms + 8_000, "scroll", "teams", "chat"),
    ]


def test_chat_before_the_work_is_no_part_of_its_execution() -> None:
    rng = random.Random(5)
    events: list[UiEvent] = []
    starts: list[int] = []
    for n in range(160):
        if rng.random() < 0.3:
            events += chat(60_000 * n)
        starts.append(len(events))
        which = rng.randrange(4)  # several tasks: chat leads to none of them in particular
        events += [
            UiEvent(e.at_ms, e.kind, f"{e.app}{which}", e.screen, e.element, value=e.value)
            for e in task(60_000 * n + 10_000, n)
        ]
    begun = [segment.first_seq for segment in run(events)]
    assert len(begun) >= 150
    assert sum(first in starts for first in begun) >= 0.9 * len(begun)


@pytest.mark.parametrize("tasks", [2, 4, 8])
def test_short_tasks_in_random_turn_are_not_taken_two_at_a_time(tasks: int) -> None:
    rng = random.Random(5)
    events = [
        UiEvent(e.at_ms, e.kind, f"{e.app}{which}", e.screen, e.element, value=e.value)
        for n in range(160)
        for which in [rng.randrange(tasks)]
        for e in task(60_000 * n, n)
    ]
    found = run(events)
    assert len(found) >= 155
    assert all(segment.first_seq % 9 == 0 for segment in found)


def test_scrolling_where_one_just_worked_belongs_to_that_step() -> None:
    scrolled = UiEvent(0, "scroll", "crm", "customer")
    events = []
    for n in range(40):
        work = task(60_000 * n, n)
        events += [*work, UiEvent(work[-1].at_ms + 500, "scroll", scrolled.app, scrolled.screen)]
    for segment in run(events):
        assert segment.last_seq % 10 == 9
        assert segment.steps[-1].activity == "crm|click|customer|button:save"


@pytest.mark.parametrize("name", ["log1", "log4", "log6", "StudentRecord"])
def test_public_logs_are_cut_where_the_truth_says(name: str) -> None:
    log = load(name)[:3_000]
    labels: list[int | None] = [None] * len(log)
    segmenter = fresh()

    def members(segment: Segment, seqs: list[int], _steps: list[int]) -> None:
        for seq in seqs:
            labels[seq] = segment.first_seq

    segmenter.on_members = members
    run((one.event for one in log), segmenter)
    assert boundary_f1(labels, [one.case for one in log]) >= 0.99


def test_interrupted_work_is_one_execution() -> None:
    found = run(one.event for one in interleaved(3, 2, "set aside", per_task=40))
    assert any(segment.lane for segment in found)


def state_and_output(events: list[UiEvent], every: int) -> tuple[list[bytes], bytes]:
    segmenter = fresh()
    out: list[bytes] = []
    for seq, event in enumerate(events):
        out += [encode(segment) for segment in segmenter.push(seq, event)]
        if every and seq % every == 0:
            data = segmenter.dump()
            segmenter = AgentSegmenter.load(data, segmenter.times())
            assert segmenter.dump() == data
    out += [encode(segment) for segment in segmenter.flush()]
    return out, segmenter.dump()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_restored_segmenter_goes_on_exactly(seed: int) -> None:
    events = [one.event for one in interleaved(seed, 3, "switch", per_task=20)]
    assert state_and_output(events, 0) == state_and_output(events, 97)


EVENTS = st.builds(
    UiEvent,
    at_ms=st.integers(0, 10**7),
    kind=st.sampled_from(KINDS),
    app=st.sampled_from(["a", "b", ""]),
    screen=st.sampled_from(["", "s|t", "u"]),
    element=st.sampled_from(["", "button:ok", "field:x", "cell:a", "field:x1", "weird|bar"]),
    value=st.none() | st.builds(Value, digest=st.integers(0, 3)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(EVENTS, max_size=30), st.integers(1, 40))
def test_any_events_give_ordered_disjoint_segments(events: list[UiEvent], repeats: int) -> None:
    stream = events * repeats
    found = run(stream)
    seen: set[int] = set()
    for segment in found:
        seqs = [step.seq for step in segment.steps]
        assert seqs == sorted(seqs)
        assert segment.first_seq <= seqs[0]
        assert seqs[-1] <= segment.last_seq < len(stream)
        assert segment.end_ms >= segment.start_ms
        assert min(step.active_ms for step in segment.steps) >= 0
        assert seen.isdisjoint(seqs)
        seen.update(seqs)


def test_nothing_and_next_to_nothing_find_nothing() -> None:
    assert run([]) == []
    assert run([UiEvent(0, "click", "a", "s", "button:ok")]) == []
    assert run([UiEvent(n, "idle") for n in range(50)]) == []


def test_one_endless_activity_is_bounded() -> None:
    segmenter = fresh()
    for seq in range(30_000):
        segmenter.push(seq, UiEvent(seq, "edit", "a", "s", "field:x"))
    assert len(segmenter.dump()) < 500


def test_work_without_any_end_is_cut_all_the_same() -> None:
    rng = random.Random(5)
    segmenter = fresh()
    found: list[Segment] = []
    for seq in range(20_000):
        found += segmenter.push(seq, UiEvent(seq, "click", "a", "s", f"element:{'abcdef'[rng.randrange(6)]}"))
    assert found
    assert len(segmenter.dump()) <= 65_536


def test_state_is_bounded_whatever_the_names() -> None:
    rng = random.Random(6)
    segmenter = fresh()
    largest = 0
    for seq in range(20_000):
        screen = f"{rng.choice('abcdefgh')}{rng.choice('ijklmnop')}{rng.choice('qrstuv')} " * 20
        name = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=6))
        segmenter.push(seq, UiEvent(seq * 900, "click", name[:3], screen[:200], f"button:{name}"))
        if seq % 500 == 0:
            largest = max(largest, len(segmenter.dump()))
    assert largest <= 65_536


def test_times_equal_or_backwards_change_no_borders_but_gaps() -> None:
    events = [event for n in range(40) for event in task(60_000 * n, n)]
    still = [UiEvent(5, e.kind, e.app, e.screen, e.element, value=e.value) for e in events]
    back = [UiEvent(10**6 - n, e.kind, e.app, e.screen, e.element, value=e.value) for n, e in enumerate(events)]
    borders = [segment.first_seq for segment in run(events)]
    assert [segment.first_seq for segment in run(still)] == borders
    assert [segment.first_seq for segment in run(back)] == borders
    assert all(segment.active_ms == 0 for segment in run(still))


def test_chat_and_news_in_between_are_no_executions() -> None:
    rng = random.Random(7)
    events: list[UiEvent] = []
    for n in range(60):
        events += task(100_000 * n, n)
        if rng.random() < 0.3:
            events += [
                UiEvent(100_000 * n + 40_000, "keys", "teams", "chat", "field:message"),
                UiEvent(100_000 * n + 50_000, "click", "chrome", "news.example", "link:article"),
            ]
    found = run(events)
    assert len(found) in range(57, 61)
    assert sum(segment.apps == ("excel", "crm") for segment in found) >= 55


def test_a_mixed_day_has_a_small_state() -> None:
    segmenter = fresh()
    largest = 0
    for seq, one in enumerate(mix(3)):
        segmenter.push(seq, one.event)
        if seq % 100 == 0:
            largest = max(largest, len(segmenter.dump()))
    assert largest <= 24_000
