"""Deals recorded logs to desktops: who sends which event, and with which time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from collectors.importers.log import Logs
from taskstream.errors import UsageError
from taskstream.events import MAX_TIME_MS, UiEvent

BETWEEN_LOGS_MS: Final = 30 * 60_000
"""Pause between two logs played by one desktop: longer than any session gap in use."""
MAX_EVENTS: Final = 5_000_000
"""Events of all logs together (about 400 bytes of memory each)."""


class Part(Struct, frozen=True):
    """A contiguous stretch of one log, played by one desktop. ``first`` and ``last`` are positions in the file."""

    log: str
    first: int
    last: int
    events: int


class DealtDesktop(Struct):
    """One desktop's share of all logs, in the order in which it plays them."""

    name: str
    parts: list[Part]
    events: list[UiEvent]
    """With times relative to each other; :func:`schedule` sets when."""


def deal(logs: Logs, desktops: int) -> list[DealtDesktop]:
    """Deal each log to the desktops in contiguous parts of equal size.

    Args:
        logs: as read.
        desktops: how many; 0: one for each person the logs name.

    Raises:
        UsageError: there are more events than can be held.
    """
    held: list[list[tuple[int, str, UiEvent]]] = [[] for _ in logs.reports]
    for total, imported in enumerate(logs):
        if total >= MAX_EVENTS:
            raise UsageError(f"the logs hold more than {MAX_EVENTS:,} events: replay them in several runs")
        held[imported.log].append((imported.index, imported.person, imported.event))
    dealt: dict[str, DealtDesktop] = {}
    for report, read in zip(logs.reports, held, strict=True):
        for name, share in _shares(read, desktops):
            desktop = dealt.setdefault(name, DealtDesktop(name, [], []))
            positions = [index for index, _ in share]
            desktop.parts.append(Part(report.log, min(positions), max(positions), len(share)))
            _append(desktop.events, [event for _, event in share])
    return list(dealt.values())


def _shares(read: list[tuple[int, str, UiEvent]], desktops: int) -> Iterator[tuple[str, list[tuple[int, UiEvent]]]]:
    if desktops:
        size, more = divmod(len(read), desktops)
        start = 0
        for number in range(desktops):
            end = start + size + (number < more)
            if end > start:
                yield f"desktop {number + 1}", [(index, event) for index, _, event in read[start:end]]
            start = end
        return
    people: dict[str, list[tuple[int, UiEvent]]] = {}
    for index, person, event in read:
        people.setdefault(person, []).append((index, event))
    for person, share in people.items():
        yield f"person {person}", share


def _append(played: list[UiEvent], events: list[UiEvent]) -> None:
    """Let ``events`` follow what is played already, after a pause."""
    if played:
        shift = max(event.at_ms for event in played) + BETWEEN_LOGS_MS - min(event.at_ms for event in events)
        events = [moved(event, shift) for event in events]
    played += events


def moved(event: UiEvent, shift_ms: int) -> UiEvent:
    """``event`` at another time (within what the contract can hold)."""
    return replace(event, at_ms=min(max(event.at_ms + shift_ms, 0), MAX_TIME_MS))


def duration_ms(desktops: Sequence[DealtDesktop]) -> int:
    """Length of the longest desktop's recording."""
    return max(
        max(event.at_ms for event in desktop.events) - min(event.at_ms for event in desktop.events)
        for desktop in desktops
    )


def schedule(
    desktops: Sequence[DealtDesktop], end_ms: int | None, skip: Sequence[int] | None = None
) -> Iterator[tuple[float, int, UiEvent]]:
    """(arrival, desktop's index, event) of all desktops, in order of arrival; each desktop's events in their own order.

    Args:
        desktops: as dealt.
        end_ms: when every desktop's recording is to end; None keeps the recorded times.
        skip: how many of each desktop's events have been sent before.
    """

    def play(number: int) -> Iterator[tuple[float, int, UiEvent]]:
        events = desktops[number].events
        shift = 0 if end_ms is None else end_ms - max(event.at_ms for event in events)
        arrival = 0
        for position, event in enumerate(events):
            shifted = moved(event, shift) if shift else event
            arrival = max(arrival, shifted.at_ms)  # what stands later in a log cannot arrive earlier
            if position >= (skip[number] if skip else 0):
                yield arrival, number, shifted

    return heapq.merge(*(play(number) for number in range(len(desktops))), key=lambda item: item[:2])
