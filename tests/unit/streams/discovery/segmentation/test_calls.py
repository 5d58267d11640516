"""Time in a call is told apart from waiting."""

from __future__ import annotations

import pytest

from streams.discovery.segmentation.calls import is_call
from streams.stages.segment import AgentSegmenter
from taskstream.events import UiEvent
from taskstream.records import Segment

T0 = 1_760_000_000_000
MINUTE = 60_000


def segment_of(events: list[UiEvent], *, stored_at: int = -1) -> Segment:
    """The one segment of ``events``; the state is stored and loaded again before event ``stored_at``."""
    segmenter = AgentSegmenter("t", "m", "p", "a")
    for seq, event in enumerate(events):
        if seq == stored_at:
            segmenter = AgentSegmenter.load(segmenter.dump(), segmenter.times())
        assert not segmenter.push(seq, event)
    (segment,) = segmenter.flush()
    return segment


def order(between: list[UiEvent]) -> list[UiEvent]:
    """Three fields of an order, with something between the first and the second."""
    last = between[-1].at_ms if between else T0 + 1_000
    return [
        UiEvent(T0, "edit", "crm", "order", "field:customer"),
        *between,
        UiEvent(last + 5 * MINUTE, "edit", "crm", "order", "field:item"),
        UiEvent(last + 5 * MINUTE + 2_000, "click", "crm", "order", "button:save"),
    ]


@pytest.mark.parametrize("stored_at", [-1, 1, 2, 3])
def test_a_pause_in_front_of_an_application_for_calls_is_a_call(stored_at: int) -> None:
    called = segment_of(order([UiEvent(T0 + 1_000, "window", "teams", "call")]), stored_at=stored_at)
    assert called.call_ms == called.waiting_ms == 5 * MINUTE - 30_000


def test_a_click_in_it_does_not_end_the_call() -> None:
    clicked = UiEvent(T0 + 1_000, "click", "zoom", "meeting", "button:mute")
    assert segment_of(order([clicked])).call_ms == 5 * MINUTE - 30_000


def test_a_pause_elsewhere_is_waiting() -> None:
    waited = segment_of(order([UiEvent(T0 + 1_000, "window", "outlook", "inbox")]))
    assert (waited.call_ms, waited.waiting_ms) == (0, 5 * MINUTE - 30_000)
    assert segment_of(order([])).call_ms == 0


def test_a_call_before_the_first_step_is_no_part_of_it() -> None:
    events = [UiEvent(T0 - 20 * MINUTE, "lock"), *order([])]
    assert segment_of(events).call_ms == 0


@pytest.mark.parametrize(
    ("app", "screen", "call"),
    [
        ("Teams.exe", "", True), ("chrome", "meet.google.com/#", True), ("chrome", "crm.example/orders", False),
        ("excel", "zoom", False),
    ],
)  # fmt: skip
def test_applications_and_pages_for_calls(app: str, screen: str, call: bool) -> None:
    assert is_call(app, screen) is call
