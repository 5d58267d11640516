"""The truth of a simulated office holds against its events, told independently."""

from __future__ import annotations

from collectors.simulate.office import Office, Simulated
from collectors.simulate.task_model import CALM
from collectors.simulate.truth import executions
from taskstream.events import UiEvent, Value


def test_every_execution_is_there_with_its_bounds_person_and_variant() -> None:
    items = list(Office(3, 1, 4))
    found = {one.id: one for one in executions(items)}
    assert set(found) == {item.execution for item in items} - {""}
    for item in items:
        if item.execution:
            one = found[item.execution]
            assert (one.desktop, one.routine, one.variant) == (item.desktop, item.routine, item.variant)
            assert one.start_ms <= item.event.at_ms <= item.event.at_ms + item.event.active_ms <= one.end_ms
    assert {one.variant for one in found.values() if one.routine == "check expense claim"} <= {"approve", "reject"}


def test_without_interruptions_an_execution_is_active_from_its_start_to_its_end() -> None:
    found = list(executions(Office(3, 1, 4, behaviour=CALM)))
    elapsed = [one.end_ms - one.start_ms for one in found]
    assert all(one.active_ms <= whole for one, whole in zip(found, elapsed, strict=True))
    assert sum(one.active_ms for one in found) >= 0.99 * sum(elapsed)


def _at(at_s: int, execution: str, kind: str, element: str, digest: int = 0, active_ms: int = 0) -> Simulated:
    value = Value(digest, 4, "id") if digest else None
    event = UiEvent(at_s * 1000, kind, "app", "screen", element, active_ms, value=value)  # type: ignore[arg-type]
    return Simulated(at_s * 1000, 0, event, execution, "task" if execution else "")


def test_what_breaks_in_is_not_its_time() -> None:
    items = [
        _at(0, "a", "click", "x"), _at(2, "a", "click", "y"), _at(5, "b", "click", "x"), _at(9, "b", "click", "y"),
        _at(12, "a", "click", "z"),
    ]  # fmt: skip
    assert [(one.id, one.active_ms) for one in executions(items)] == [("a", 5_000), ("b", 4_000)]


def test_values_moved_are_those_read_before_in_the_same_execution() -> None:
    items = [
        _at(0, "a", "click", "shown", 7), _at(1, "a", "edit", "field", 7), _at(2, "a", "edit", "field", 7),
        _at(3, "a", "copy", "cell", 8), _at(4, "a", "paste", "other", 8), _at(5, "a", "edit", "other", 8),
        _at(6, "a", "edit", "note", 9), _at(7, "b", "edit", "field", 7),
    ]  # fmt: skip
    assert [one.moved for one in executions(items)] == [2, 0]
