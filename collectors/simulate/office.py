"""The office: people in teams, their desktops' clocks and networks, all events in order of arrival.

Everything follows from the seed. ``Office(...)`` can be iterated again and again, with the same result; nothing is kept
but each person's own state.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import takewhile
from random import Random
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from collectors.simulate.person import DAY_MS, HOUR_MS, Person, Traced
from collectors.simulate.task_model import Behaviour, Task
from collectors.simulate.tasks import DEFAULT_TASKS, TEAMS
from taskstream.errors import UsageError
from taskstream.events import UiEvent

DEFAULT_START_MS: Final = 1_767_571_200_000
"""Monday, 5 January 2026, 00:00 UTC."""
CLOSING_MS: Final = 20 * HOUR_MS
"""Time of day at which the last day ends for all."""


class DesktopClock(Struct, frozen=True):
    """A desktop's clock: how far it is ahead (milliseconds), and by how much more every hour."""

    ahead_ms: int = 0
    drift_ms_per_hour: int = 0

    def error_ms(self, since_start_ms: float) -> int:
        """How far it is ahead at a time since the office's start (milliseconds)."""
        return self.ahead_ms + int(self.drift_ms_per_hour * since_start_ms / HOUR_MS)


class SimulatedDesktop(Struct, frozen=True):
    """One person's desktop. ``offline`` says whether its batches may reach the network hours late."""

    number: int
    person: str
    team: str
    clock: DesktopClock
    offline: bool


class Simulated(NamedTuple):
    """An event as it arrives: when, from which desktop, by the desktop's clock, and the truth.

    ``execution``  id of the execution it belongs to; empty for noise
    ``routine``    name of that execution's task; empty for noise
    ``variant``    which of the task's ways it follows; empty where the task has one way
    """

    arrival_ms: int
    desktop: int
    event: UiEvent
    execution: str
    routine: str
    variant: str = ""


class Office:
    """A simulated office.

    Args:
        people: how many work there.
        days: how many working days (Monday to Friday).
        seed: everything follows from it.
        tasks: what they do; the default office's routines when None.
        teams: among whom the people are divided; teams that tasks name must be among them.
        start_ms: midnight (UTC) of the first day; a weekend moves to Monday.
        behaviour: how disorderly people and desktops are.

    Raises:
        UsageError: a number is out of bounds, or a team would have nothing to do.
    """

    def __init__(
        self,
        people: int,
        days: int,
        seed: int,
        *,
        tasks: Sequence[Task] | None = None,
        teams: Sequence[str] | None = None,
        start_ms: int = DEFAULT_START_MS,
        behaviour: Behaviour | None = None,
    ) -> None:
        if not (1 <= people <= 1_000_000 and 1 <= days <= 10_000):
            raise UsageError("an office has 1 to 1,000,000 people and 1 to 10,000 days")
        self.tasks = tuple(DEFAULT_TASKS if tasks is None else tasks)
        named = sorted({team for task in self.tasks for team in task.teams})
        self.teams = tuple(teams or (TEAMS if tasks is None else named or ("office",)))
        self.behaviour = behaviour or Behaviour()
        self._people = people
        self._seed = seed
        self._start_ms = start_ms
        self._days = _working_days(start_ms, days)
        for team in self.teams:
            if not self._tasks_of(team):
                raise UsageError(f"no task is meant for the team {team}")
        self.desktops = [self._desktop(number) for number in range(people)]

    @property
    def end_ms(self) -> int:
        """When the office closes on the last day (true time): nothing arrives later."""
        return self._days[-1] + CLOSING_MS

    @property
    def start_ms(self) -> int:
        """When the first day begins (true time)."""
        return self._days[0]

    def clock_error_ms(self, desktop: int, true_ms: float) -> int:
        """How far the desktop's clock is ahead at a moment of true time."""
        return self.desktops[desktop].clock.error_ms(true_ms - self._start_ms)

    def __iter__(self) -> Iterator[Simulated]:
        """All events in order of arrival; each desktop's events in its own order."""
        end = self.end_ms
        merged = heapq.merge(*(self._sent(desktop) for desktop in self.desktops))
        return takewhile(lambda item: item.arrival_ms <= end, merged)

    def _tasks_of(self, team: str) -> list[Task]:
        return [task for task in self.tasks if not task.teams or team in task.teams]

    def _desktop(self, number: int) -> SimulatedDesktop:
        rng = Random(f"{self._seed} desktop {number}")
        b = self.behaviour
        chance = rng.random()
        clock = DesktopClock()
        if chance < b.wrong_clock:
            clock = DesktopClock(
                ahead_ms=rng.choice((-1, 1)) * rng.randint(1, 9) * HOUR_MS + rng.randint(-60_000, 60_000)
            )
        elif chance < b.wrong_clock + b.drifting_clock:
            clock = DesktopClock(drift_ms_per_hour=rng.randint(-3_000, 3_000))
        team = self.teams[number % len(self.teams)]
        return SimulatedDesktop(number, f"person {number}", team, clock, rng.random() < b.offline)

    def _worked(self, desktop: SimulatedDesktop) -> Iterator[Traced]:
        seed = f"{self._seed} person {desktop.number}"
        person = Person(desktop.number, desktop.team, self._tasks_of(desktop.team), seed, self.behaviour)
        for midnight in self._days:
            yield from person.day(midnight)

    def _sent(self, desktop: SimulatedDesktop) -> Iterator[Simulated]:
        """The desktop's events when and as they arrive."""
        number, clock = desktop.number, desktop.clock
        right = clock == DesktopClock()
        windows = self._offline(desktop)
        until = 0
        for at_ms, event, execution, routine, variant in self._worked(desktop):
            if windows and at_ms >= windows[0][0]:
                until = windows.pop(0)[1]
            if not right:
                event = replace(event, at_ms=max(0, event.at_ms + clock.error_ms(at_ms - self._start_ms)))
            yield Simulated(max(at_ms, until), number, event, execution, routine, variant)

    def _offline(self, desktop: SimulatedDesktop) -> list[tuple[int, int]]:
        """When the desktop has no network: one stretch a day, at most to the day's end."""
        if not desktop.offline:
            return []
        rng = Random(f"{self._seed} offline {desktop.number}")
        stretches = []
        for midnight in self._days:
            start = midnight + int(rng.uniform(8, 15) * HOUR_MS)
            stretches.append((start, min(start + int(rng.uniform(0.5, 5) * HOUR_MS), midnight + DAY_MS - 1)))
        return stretches


def simulate(
    people: int, days: int, seed: int, *, tasks: Sequence[Task] | None = None, behaviour: Behaviour | None = None
) -> Iterator[Simulated]:
    """The events of an office with their truth, in order of arrival."""
    return iter(Office(people, days, seed, tasks=tasks, behaviour=behaviour))


def _working_days(start_ms: int, days: int) -> list[int]:
    """Midnights of the first ``days`` days from ``start_ms`` on that are no weekend."""
    found: list[int] = []
    day = start_ms // DAY_MS
    while len(found) < days:
        if (day + 3) % 7 < 5:  # 1 January 1970 was a Thursday
            found.append(day * DAY_MS)
        day += 1
    return found
