"""Batches as the streams pass them on, from the simulated office."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from collectors.simulate.office import Office
from taskstream.events import EventBatch, UiEvent


def batches(events: int, size: int, *, people: int, seed: int = 7) -> Iterator[EventBatch]:
    """Batches of ``size`` events, ``events`` in all (fewer than ``size`` more), of ``people`` people's desktops."""
    days = 1 + events // (people * 4_000)
    office = Office(people, days, seed)
    waiting: list[list[UiEvent]] = [[] for _ in office.desktops]
    numbers = [0] * len(office.desktops)
    for item in islice(office, events):
        own = waiting[item.desktop]
        own.append(item.event)
        if len(own) == size:
            yield _batch(office, item.desktop, numbers[item.desktop], own)
            numbers[item.desktop] += size
            own.clear()
    for desktop, own in enumerate(waiting):
        if own:
            yield _batch(office, desktop, numbers[desktop], own)


def _batch(office: Office, desktop: int, first: int, events: list[UiEvent]) -> EventBatch:
    name = f"{(desktop + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}"
    return EventBatch(
        schema=1,
        tenant="acme",
        team=office.desktops[desktop].team,
        actor=f"p{name}{name[::-1]}",
        agent=f"a{name}",
        first_seq=first,
        events=tuple(events),
        policy="0123456789abcdef",
        sent_ms=events[-1].at_ms + 900,
    )
