"""Who works when on what: nights, weekends, late laptops, wrong clocks, routines that are replaced one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from collectors.simulate.generator import generate_tasks
from collectors.simulate.office import DEFAULT_START_MS, Office
from collectors.simulate.task_model import Behaviour, Task
from taskstream.events import UiEvent

DAY_MS: Final = 86_400_000
WEEK_MS: Final = 7 * DAY_MS
TASKS: Final = 12
"""Routines at a time; each week the oldest is replaced by a new one."""
POOL: Final = 200
TEAMS: Final = ("north", "south", "west")
BEHAVIOUR: Final = Behaviour(offline=0.2, wrong_clock=0.05)


@dataclass(frozen=True)
class Arrived:
    """An event as it arrives: when (company time, milliseconds), whose, from which agent, how wrong its clock is."""

    arrival_ms: int
    person: str
    team: str
    agent: str
    event: UiEvent
    clock_error_ms: int


def tasks_of_week(pool: tuple[Task, ...], week: int) -> tuple[Task, ...]:
    """The routines of a week: a window that moves on by one task a week."""
    return tuple(pool[(week + n) % len(pool)] for n in range(TASKS))


class Company:
    """All events without end; can be iterated again, with the same result. A person is another agent each week's day,
    as each login makes one."""

    def __init__(self, people: int, seed: int) -> None:
        self._people = people
        self._seed = seed
        self._pool = generate_tasks(POOL, seed)

    def __iter__(self) -> Iterator[Arrived]:
        week = 0
        while True:
            yield from self._week(week)
            week += 1

    def _week(self, week: int) -> Iterator[Arrived]:
        start_ms = DEFAULT_START_MS + week * WEEK_MS
        office = Office(
            self._people, 5, self._seed * 10_000 + week, tasks=tasks_of_week(self._pool, week), teams=TEAMS,
            start_ms=start_ms, behaviour=BEHAVIOUR,
        )  # fmt: skip
        for item in office:
            desktop = office.desktops[item.desktop]
            day = (item.event.at_ms - start_ms) // DAY_MS
            yield Arrived(
                item.arrival_ms,
                desktop.person,
                desktop.team,
                f"{desktop.person}, week {week}, day {day}",
                item.event,
                office.clock_error_ms(item.desktop, item.arrival_ms),
            )
