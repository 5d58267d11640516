"""Common turns of desktop work, from which tasks are composed."""

from __future__ import annotations

from collectors.simulate.model import Step

Place = tuple[str, str]
"""Application and screen."""


def open_window(place: Place, seconds: float = 2.0) -> Step:
    """Bring a window to the front."""
    return Step("window", *place, seconds=seconds)


def click(place: Place, element: str, seconds: float = 1.4, *, p: float = 1.0, shows: bool = False) -> Step:
    """Click something that is no field."""
    return Step("click", *place, element, seconds=seconds, probability=p, shows=shows)


def bridge(source: Place, cell: str, target: Place, field: str, slot: str) -> tuple[Step, ...]:
    """Copy a value in one window and paste it in another."""
    return (
        Step("click", *source, cell, slot=slot, seconds=1.6),
        Step("copy", *source, cell, slot=slot, seconds=0.7),
        open_window(target, 1.1),
        Step("click", *target, field, seconds=1.0),
        Step("paste", *target, field, slot=slot, seconds=0.6),
        Step("edit", *target, field, slot=slot, seconds=0.4),
        open_window(source, 1.2),
    )


def rekey(source: Place, shown: str, target: Place, field: str, slot: str) -> tuple[Step, ...]:
    """Look at a value in one window and type it in another."""
    return (
        Step("click", *source, shown, slot=slot, seconds=2.4),
        open_window(target, 1.2),
        Step("click", *target, field, seconds=1.1, probability=0.8),
        Step("edit", *target, field, slot=slot, typed=True, seconds=1.0),
        open_window(source, 1.3),
    )


def fill(place: Place, field: str, slot: str, seconds: float = 1.5) -> tuple[Step, ...]:
    """Type a value that the person knows."""
    return (
        Step("click", *place, field, seconds=seconds, probability=0.7),
        Step("edit", *place, field, slot=slot, typed=True, seconds=0.8),
    )


def choose(place: Place, field: str, seconds: float = 1.8) -> tuple[Step, ...]:
    """Choose from a list."""
    return (
        Step("click", *place, field, seconds=seconds),
        Step("click", *place, field.replace("field:", "option:"), seconds=0.9),
    )


def finish(place: Place, element: str, seconds: float = 1.8) -> Step:
    """Press the button that completes the work."""
    return Step("submit", *place, element, seconds=seconds, shows=True)
