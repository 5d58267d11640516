"""The load of the streams' benchmarks: a simulated office's working day, in batches, as often as needed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import msgspec

from collectors.simulate.office import Office
from taskstream.events import EventBatch, UiEvent

DAY_MS = 86_400_000
SPEED = 60
"""How much faster than in the office events happen."""


def batches(per_message: int, events: int, *, people: int = 200, seed: int = 7) -> Iterator[EventBatch]:
    """Batches of ``per_message`` events, ``events`` in all (to the next batch), in the order in which they fill.

    Time runs :data:`SPEED` times as fast as in the office: a desktop then fills a batch within seconds, as at the load
    for which batches of that size are chosen, and not within minutes, which would make most of its events late. A day
    that is used up begins again a day later, so that event time goes on and sequence numbers stay without gaps.
    """
    office = Office(people, 1, seed)
    start = 0
    day: list[tuple[int, UiEvent]] = []
    for item in office:
        start = start or item.event.at_ms
        at_ms = start + (item.event.at_ms - start) // SPEED
        active_ms = item.event.active_ms // SPEED
        day.append((item.desktop, msgspec.structs.replace(item.event, at_ms=at_ms, active_ms=active_ms)))
    desktops = {item.desktop for item in office}
    teams = {number: f"team-{number % 12}" for number in desktops}
    waiting: dict[int, list[UiEvent]] = {number: [] for number in desktops}
    seqs = dict.fromkeys(desktops, 0)
    made = 0
    shift = 0
    while made < events:
        for desktop, event in day:
            queue = waiting[desktop]
            queue.append(msgspec.structs.replace(event, at_ms=event.at_ms + shift) if shift else event)
            if len(queue) < per_message:
                continue
            yield EventBatch(
                schema=1, tenant="acme", team=teams[desktop], actor=f"{desktop:032x}", agent=f"{desktop:031x}a",
                first_seq=seqs[desktop], events=tuple(queue), policy="0" * 32,
            )  # fmt: skip
            seqs[desktop] += len(queue)
            made += len(queue)
            queue.clear()
            if made >= events:
                return
        shift += DAY_MS // SPEED


def partition_of(batch: EventBatch, partitions: int) -> int:
    """The partition of a batch."""
    return zlib.crc32(batch.actor.encode()) % partitions


def multiplied(copies: int, per_message: int, events: int, *, people: int = 20) -> Iterator[EventBatch]:
    """As :func:`batches`, each batch from ``copies`` agents: ``people * copies`` agents for the price of one office."""
    for batch in batches(per_message, events // copies, people=people):
        number = int(batch.actor, 16)
        for copy in range(copies):
            name = number + copy * people
            yield msgspec.structs.replace(batch, actor=f"{name:032x}", agent=f"{name:031x}a")
