"""UI events as the streams pass them on, from the simulated office: batches, and messages of many batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from benchmarks.streams_load import partition_of
from collectors.simulate.office import Office
from streams.runtime.chunks import CHUNK_RECORDS
from streams.stages.gather import BatchColumns
from taskstream.events import EventBatch, UiEvent, encode


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


def messages(load: Iterable[EventBatch], partitions: int) -> list[list[bytes]]:
    """The messages of ``ui-events.clean`` of each partition, as a worker that has much to do gathers them."""
    made: list[list[bytes]] = [[] for _ in range(partitions)]
    gathered = [BatchColumns() for _ in range(partitions)]
    batches_in = [0] * partitions

    def take(partition: int) -> None:
        made[partition].append(gathered[partition].take()[1])
        batches_in[partition] = 0

    for batch in load:
        partition = partition_of(batch, partitions)
        size = len(encode(batch))
        if batches_in[partition] == CHUNK_RECORDS or gathered[partition].full(size):
            take(partition)
        gathered[partition].add(batch, size)
        batches_in[partition] += 1
    for partition, columns in enumerate(gathered):
        if columns.rows:
            take(partition)
    return made


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
