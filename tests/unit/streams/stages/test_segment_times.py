"""How long an execution took: its own events and pauses, whatever broke in."""

from __future__ import annotations

from streams.stages.segment import AgentSegmenter
from taskstream.events import UiEvent, Value
from taskstream.records import Segment


def _segments(*events: UiEvent) -> list[Segment]:
    segmenter = AgentSegmenter("t", "m", "p", "a")
    found: list[Segment] = []
    for seq, event in enumerate(events):
        segmenter = AgentSegmenter.load(segmenter.dump(), segmenter.times())  # a snapshot keeps the time under way
        found += segmenter.push(seq, event)
    return found + list(segmenter.flush())


def _click(at_s: float, element: str, app: str = "crm") -> UiEvent:
    return UiEvent(round(1000 * at_s), "click", app, "customer", element)


def test_typing_counts_for_as_long_as_it_lasts_also_at_the_end() -> None:
    (segment,) = _segments(
        _click(0, "button:new"),
        UiEvent(2_000, "edit", "crm", "customer", "field:note", active_ms=90_000),
        UiEvent(95_000, "edit", "crm", "customer", "field:answer", active_ms=50_000),
    )
    assert segment.active_ms == 2_000 + 90_000 + 3_000 + 50_000
    assert segment.end_ms == 145_000
    assert segment.waiting_ms == 0
    assert sum(step.active_ms for step in segment.steps) == segment.active_ms


def test_a_pause_counts_up_to_the_idle_limit_and_absence_not_at_all() -> None:
    (segment,) = _segments(
        _click(0, "button:new"),
        _click(100, "button:search"),
        UiEvent(700_000, "idle"),
        _click(704, "button:save"),
    )
    assert segment.active_ms == 30_000 + 4_000
    assert segment.active_ms + segment.waiting_ms == segment.end_ms - segment.start_ms


def test_several_windows_on_the_way_count_one_by_one() -> None:
    (segment,) = _segments(
        _click(0, "button:new"),
        UiEvent(25_000, "window", "crm", "orders"),
        UiEvent(50_000, "window", "crm", "customer"),
        _click(75, "button:save"),
    )
    assert segment.active_ms == 75_000


def test_an_execution_begins_where_it_leads_to_not_with_the_page_left_before_the_break() -> None:
    (segment,) = _segments(
        UiEvent(0, "window", "chrome", "news"),
        UiEvent(4_000, "scroll", "chrome", "news"),
        UiEvent(60_000, "window", "crm", "customer"),
        _click(61, "button:new"),
        _click(63, "button:save"),
    )
    assert (segment.start_ms, segment.active_ms) == (60_000, 3_000)
    assert segment.steps[0].offset_ms == 0


def test_what_led_elsewhere_within_an_execution_is_its_time() -> None:
    (segment,) = _segments(
        _click(0, "button:new"),
        UiEvent(2_000, "window", "crm", "orders"),
        UiEvent(5_000, "window", "crm", "customer"),
        _click(6, "button:save"),
    )
    assert segment.active_ms == 6_000


def _cell(at_s: float, digest: int) -> UiEvent:
    return UiEvent(round(1000 * at_s), "click", "excel", "orders", "cell:a", value=Value(digest))


def _typed(at_s: float, element: str, digest: int) -> UiEvent:
    return UiEvent(round(1000 * at_s), "edit", "crm", "customer", element, value=Value(digest))


def test_reading_a_value_that_is_written_elsewhere_is_part_of_the_execution() -> None:
    (segment,) = _segments(
        _cell(0, 7),
        UiEvent(1_000, "window", "crm", "customer"),
        _typed(5, "field:number", 7),
        _cell(10, 8),
        _typed(15, "field:amount", 8),
        _click(20, "button:save"),
    )
    assert (segment.start_ms, segment.active_ms) == (0, 20_000)


def test_a_look_at_another_value_before_is_none() -> None:
    (segment,) = _segments(
        _cell(0, 9),
        _cell(2, 7),
        _typed(5, "field:number", 7),
        _click(20, "button:save"),
    )
    assert (segment.start_ms, segment.active_ms) == (2_000, 18_000)
    (segment,) = _segments(_cell(0, 9), _typed(5, "field:number", 7), _click(20, "button:save"))
    assert (segment.start_ms, segment.active_ms) == (5_000, 15_000)
