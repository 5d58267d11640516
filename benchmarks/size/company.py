"""Who works when: the messages of many desktops, in the order in which they are sent."""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count, pairwise
from typing import Final, NamedTuple

import msgspec

from collectors.agent.agent import BATCH_EVENTS, BATCH_MS
from collectors.simulate.office import Office
from taskstream.events import EventBatch, UiEvent, encode

TENANT: Final = "acme"
TEAM_SIZE: Final = 50
PAUSE_MS: Final = 120_000
"""Longest pause of a person (milliseconds): nobody is at lunch."""
TICK_MS: Final = 100
"""Messages of one tick are sent in no particular order."""
GOLDEN: Final = 0.6180339887498949
"""Multiples of it, without their whole part, are spread evenly however many there are."""
_UNTIMED: Final = len(b'{"at_ms":0')


class Piece(NamedTuple):
    """One message of a day. Times in milliseconds from the day's start; ``tails``: what follows an event's time."""

    due_ms: int
    at_ms: tuple[int, ...]
    tails: tuple[bytes, ...]


class WorkingDay(NamedTuple):
    """One person's day, which others work, too, each shifted in time."""

    pieces: list[Piece]
    length_ms: int


class Message(NamedTuple):
    """One message; ``shift_ms`` is added to its times."""

    agent: int
    first_seq: int
    piece: Piece
    shift_ms: int


def days_of_events(people: int, seed: int) -> list[list[UiEvent]]:
    """A day's events of each of ``people``, from time 0 on, without long pauses."""
    by_desktop: defaultdict[int, list[UiEvent]] = defaultdict(list)
    for item in Office(people, 1, seed):
        by_desktop[item.desktop].append(item.event)
    return [_without_pauses(sorted(events, key=_time)) for _, events in sorted(by_desktop.items())]


def _time(event: UiEvent) -> int:
    return event.at_ms


def _without_pauses(events: Sequence[UiEvent]) -> list[UiEvent]:
    found, at_ms = [msgspec.structs.replace(events[0], at_ms=0)], 0
    for before, event in pairwise(events):
        at_ms += min(event.at_ms - before.at_ms, PAUSE_MS)
        found.append(msgspec.structs.replace(event, at_ms=at_ms))
    return found


def working_days(days: Sequence[Sequence[UiEvent]], agents: int, rate: float) -> list[WorkingDay]:
    """The days at such a pace that ``agents`` send ``rate`` events a second, in messages as the agent makes them."""
    own_rate = sum(len(day) for day in days) / sum((day[-1].at_ms + PAUSE_MS) / 1000 for day in days)
    slower = own_rate * agents / rate
    return [WorkingDay(_pieces(day, slower), int((day[-1].at_ms + PAUSE_MS) * slower)) for day in days]


def _pieces(day: Sequence[UiEvent], slower: float) -> list[Piece]:
    found: list[Piece] = []
    times: list[int] = []
    tails: list[bytes] = []
    for event in day:
        at_ms = int(event.at_ms * slower)
        if times and (at_ms - times[0] > BATCH_MS or len(times) == BATCH_EVENTS):
            found.append(Piece(min(at_ms, times[0] + BATCH_MS), tuple(times), tuple(tails)))
            times, tails = [], []
        times.append(at_ms)
        active_ms = int(event.active_ms * min(1.0, slower))
        tails.append(encode(msgspec.structs.replace(event, at_ms=0, active_ms=active_ms))[_UNTIMED:])
    found.append(Piece(times[0] + BATCH_MS, tuple(times), tuple(tails)))
    return found


def actor_of(agent: int) -> str:
    """Pseudonym of the person."""
    return f"{agent:032x}"


def partition_of(agent: int, partitions: int) -> int:
    """Where the person's events go."""
    return zlib.crc32(actor_of(agent).encode()) % partitions


def messages(days: Sequence[WorkingDay], agents: int, begin_ms: int) -> Iterator[tuple[int, Message]]:
    """All messages without end, each with the time (milliseconds) at which it is due, from ``begin_ms`` on.

    Agent n works the day n modulo the number of days, and has come to another moment of it than anybody else.
    """
    wheel: defaultdict[int, list[int]] = defaultdict(list)
    places, shifts, seqs = [0] * agents, [0] * agents, [0] * agents
    for agent in range(agents):
        day = days[agent % len(days)]
        phase_ms = int(agent * GOLDEN % 1.0 * day.length_ms)
        places[agent] = bisect_left(day.pieces, (phase_ms,))
        shifts[agent] = begin_ms - phase_ms
        _plan(wheel, agent, days, places, shifts)
    for tick in count(begin_ms // TICK_MS):
        for agent in wheel.pop(tick, ()):
            piece = days[agent % len(days)].pieces[places[agent]]
            yield piece.due_ms + shifts[agent], Message(agent, seqs[agent], piece, shifts[agent])
            seqs[agent] += len(piece.at_ms)
            places[agent] += 1
            _plan(wheel, agent, days, places, shifts)


def _plan(
    wheel: defaultdict[int, list[int]], agent: int, days: Sequence[WorkingDay], places: list[int], shifts: list[int]
) -> None:
    """Note when the agent's next message is due; after the day's last one comes the first of the next day."""
    day = days[agent % len(days)]
    if places[agent] == len(day.pieces):
        places[agent] = 0
        shifts[agent] += day.length_ms
    wheel[(day.pieces[places[agent]].due_ms + shifts[agent]) // TICK_MS].append(agent)


def encoded(message: Message, sent_ms: int) -> bytes:
    """As :func:`taskstream.events.encode` would: put together from encoded events, for who sends shares the cores with
    what is measured."""
    agent, first_seq, piece, shift_ms = message
    events = b",".join(
        [b'{"at_ms":%d%s' % (at_ms + shift_ms, tail) for at_ms, tail in zip(piece.at_ms, piece.tails, strict=True)]
    )
    return (
        b'{"schema":1,"tenant":"%s","team":"team-%d","actor":"%032x","agent":"%031xa","first_seq":%d,"events":[%s],'
        b'"policy":"%032d","sent_ms":%d}'
        % (TENANT.encode(), agent // TEAM_SIZE, agent, agent, first_seq, events, 0, sent_ms)
    )


def batch_of(actor: str, first_seq: int, events: Sequence[UiEvent]) -> EventBatch:
    """A batch of yesterday's work."""
    return EventBatch(
        schema=1, tenant=TENANT, team="yesterday", actor=actor, agent=f"{actor}-yesterday", first_seq=first_seq,
        events=tuple(events), policy="0" * 32,
    )  # fmt: skip
