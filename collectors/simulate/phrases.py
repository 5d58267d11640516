"""Common turns of desktop work, from which tasks are composed."""

from __future__ import annotations

from collectors.simulate.task_model import TaskStep

Place = tuple[str, str]
"""Application and screen."""


def open_window(place: Place, seconds: float = 2.0) -> TaskStep:
    """Bring a window to the front."""
    return TaskStep("window", *place, seconds=seconds)


def click(place: Place, element: str, seconds: float = 1.4, *, p: float = 1.0, shows: bool = False) -> TaskStep:
    """Click something that is no field."""
    return TaskStep("click", *place, element, seconds=seconds, probability=p, shows=shows)


def bridge(source: Place, cell: str, target: Place, field: str, slot: str) -> tuple[TaskStep, ...]:
    """Copy a value in one window and paste it in another."""
    return (
        TaskStep("click", *source, cell, slot=slot, seconds=1.6),
        TaskStep("copy", *source, cell, slot=slot, seconds=0.7),
        open_window(target, 1.1),
        TaskStep("click", *target, field, seconds=1.0),
        TaskStep("paste", *target, field, slot=slot, seconds=0.6),
        TaskStep("edit", *target, field, slot=slot, seconds=0.4),
        open_window(source, 1.2),
    )


def rekey(source: Place, shown: str, target: Place, field: str, slot: str) -> tuple[TaskStep, ...]:
    """Look at a value in one window and type it in another."""
    return (
        TaskStep("click", *source, shown, slot=slot, seconds=2.4),
        open_window(target, 1.2),
        TaskStep("click", *target, field, seconds=1.1, probability=0.8),
        TaskStep("edit", *target, field, slot=slot, typed=True, seconds=1.0),
        open_window(source, 1.3),
    )


def fill(place: Place, field: str, slot: str, seconds: float = 1.5) -> tuple[TaskStep, ...]:
    """Type a value that the person knows."""
    return (
        TaskStep("click", *place, field, seconds=seconds, probability=0.7),
        TaskStep("edit", *place, field, slot=slot, typed=True, seconds=0.8),
    )


def choose(place: Place, field: str, seconds: float = 1.8) -> tuple[TaskStep, ...]:
    """Choose from a list."""
    return (
        TaskStep("click", *place, field, seconds=seconds),
        TaskStep("click", *place, field.replace("field:", "option:"), seconds=0.9),
    )


def finish(place: Place, element: str, seconds: float = 1.8) -> TaskStep:
    """Press the button that completes the work."""
    return TaskStep("submit", *place, element, seconds=seconds, shows=True)
