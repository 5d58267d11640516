"""The recording of a world: who did what when, with breaks, noise and work that is no task, beside the truth."""

from __future__ import annotations

import random
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.worlds.people import Deed, Execution, Person, Woven, woven
from benchmarks.worlds.screens import Desk, Element, Screen
from benchmarks.worlds.tasks import draw_tasks
from benchmarks.worlds.traits import Traits

START_MS: Final = 1_741_000_000_000
EXECUTIONS: Final = (30, 90)
"""Executions of the most frequent task, over all people; every person does each task at least :data:`LEAST` times."""
LEAST: Final = 4
_NIGHT_MS: Final = 14 * 3_600_000
_PASTIMES: Final = {
    "Outlook": ["inbox", "read message", "reply", "delete", "calendar"],
    "Teams": ["chat", "call", "read", "type message"],
    "Firefox": ["news", "weather", "scroll", "intranet page", "search result"],
    "Explorer": ["folder", "open file", "rename"],
}
_BREAK: Final = 0.004
"""Chance, before any deed, of a call or a coffee in the midst of an execution."""
_SCROLLS: Final = 0.08
_WAIT: Final = 0.06
"""Chance of a wait for the system, where these are as long as the pauses between executions."""


class Row(Struct, frozen=True):
    """One row of the recording; ``task`` and ``execution`` are empty where it is part of none.

    ``element`` is None for the rows of the clipboard and of the session; ``act`` names what was done, for the oracle.
    """

    at_ms: int
    person: str
    action: str
    act: str
    task: str = ""
    execution: str = ""
    element: Element | None = None
    value: str = ""
    key: int = 0
    row: int = 0
    """The number of the execution: the line of a sheet, the place in a list."""
    released: bool = False
    """After a new release of the applications."""


class World:
    """The world of a seed: its people, tasks and screens. ``executions`` bounds how often the first task is done."""

    def __init__(self, seed: int, traits: Traits, executions: int | None = None) -> None:
        self.seed = seed
        self.traits = traits
        self.desk = Desk(seed, traits)
        self.tasks = draw_tasks(self.desk)
        rng = random.Random(f"habits of world {seed}")
        self.id_is_path = rng.random() < 0.5
        self.clicks_before_edits = rng.random() < 0.4
        most = executions or rng.randint(*EXECUTIONS)
        ranks = rng.sample(range(len(self.tasks)), len(self.tasks))
        share = 0.5 if traits.length == "long" else 1.0
        people = int(traits.people)
        self.counts = [max(LEAST, round(share * most / (1 + rank) ** 0.7 / people)) for rank in ranks]
        screen = Screen("", False, "", "", ())
        self.pastimes = [
            Element(-1, replace(screen, app=app, title=what), "link", f"{what} {k}", "", "")
            for app, listed in _PASTIMES.items()
            for what in listed
            for k in range(3)
        ]

    def rows(self) -> list[Row]:
        """The whole recording in the order of time."""
        rows = []
        for number in range(int(self.traits.people)):
            rows += _Recorder(self, Person(self.seed, number, self.desk)).record()
        rows.sort(key=lambda row: row.at_ms)
        if self.traits.release == "half":
            middle = rows[len(rows) // 2].at_ms
            rows = [replace(row, released=row.at_ms >= middle) for row in rows]
        return rows


class _Recorder:
    """Records one person."""

    def __init__(self, world: World, person: Person) -> None:
        self._world = world
        self._traits = world.traits
        self._person = person
        self._rng = random.Random(f"recording of {person.name} in world {world.seed}")
        self._now = START_MS + self._rng.randint(0, 3_600_000)
        self._rows: list[Row] = []
        self._numbers: dict[str, int] = {}
        self._window = ""
        self._turned = False

    def record(self) -> list[Row]:
        """All rows of the person."""
        rng, traits = self._rng, self._traits
        due = list(self._person.executions(self._world.tasks, self._world.counts))
        day = len(due) // rng.randint(2, 4) + 1
        begun: set[str] = set()
        for step in woven(rng, traits.mixing, due):
            name = step.execution.name
            if step.fresh:
                if name not in begun and traits.sessions == "days" and begun and len(begun) % day == 0:
                    self._night()
                begun.add(name)
                self._aside()
            self._deed(step)
        if traits.sessions == "midst":
            cut = rng.randint(1, 30)
            return self._rows[cut : -rng.randint(1, 30)] if len(self._rows) > 200 else self._rows
        return self._rows

    def _pause(self, *, fresh: bool) -> int:
        """Milliseconds before the next row."""
        rng, pauses = self._rng, self._traits.pauses
        if pauses == "even":
            return 1_000
        within = rng.lognormvariate(0.8, 0.7)
        if fresh and pauses in {"human", "waiting"}:
            within = rng.lognormvariate(2.7, 0.9) + (rng.uniform(300, 1_500) if rng.random() < 0.04 else 0)
        elif pauses == "waiting" and rng.random() < _WAIT:
            within = rng.lognormvariate(2.9, 0.8)
        elif pauses != "steady" and rng.random() < _BREAK:
            within += rng.uniform(60, 1_200)
        return max(1, round(1_000 * within * self._person.pace))

    def _add(self, row: Row, *, fresh: bool = False) -> None:
        self._now += self._pause(fresh=fresh)
        self._rows.append(replace(row, at_ms=self._now, person=self._person.name))

    def _night(self) -> None:
        """The desktop is locked over night."""
        self._add(Row(0, "", "lock", "lock"))
        self._now += _NIGHT_MS + self._rng.randint(0, 7_200_000)
        self._add(Row(0, "", "unlock", "unlock"))

    def _aside(self) -> None:
        """Mail, chat and news before an execution begins or goes on."""
        rng, traits = self._rng, self._traits
        count = rng.randint(1, 5) if rng.random() < float(traits.chatter) else 0
        if traits.strolls == "some" and rng.random() < 0.05:
            count += rng.randint(15, 60)
        for _ in range(count):
            element = rng.choice(self._world.pastimes)
            self._add(Row(0, "", "click", f"{element.screen.app} {element.label}", element=element))

    def _row(self, execution: Execution, deed: Deed, action: str, value: str = "") -> Row:
        row = self._numbers.setdefault(execution.name, len(self._numbers) + 2)
        return Row(
            0, "", action, f"{deed.element.number} {action}", f"task {execution.task}", execution.name, deed.element,
            value, execution.key, row,
        )  # fmt: skip

    def _deed(self, step: Woven) -> None:
        """The rows of a deed, as the recorder reports it and as noise leaves them."""
        execution, deed = step.execution, step.deed
        rows = [self._row(execution, deed, deed.action, deed.value)]
        if self._traits.focus == "yes":
            self._turn(execution, deed.element, fresh=step.fresh)
        if deed.action == "edit" and self._world.clicks_before_edits:
            rows.insert(0, self._row(execution, deed, "look"))
        if deed.action == "copy" and deed.element.role == "cell":
            rows.append(replace(rows[0], element=None, act="clipboard copy"))
        if self._rng.random() < float(self._traits.noise):
            rows = self._spoilt(rows)
        for k, row in enumerate(rows):
            self._add(row, fresh=step.fresh and k == 0 and not self._turned)

    def _turn(self, execution: Execution, element: Element, *, fresh: bool) -> None:
        """The rows of switching to the window of the next deed, or of scrolling in it."""
        app = element.screen.app
        self._turned = app != self._window
        window = self._world.desk.window(element.screen)
        if self._turned:
            self._window = app
            self._add(self._row(execution, Deed(window, "window"), "window"), fresh=fresh)
        elif self._rng.random() < _SCROLLS:
            self._add(self._row(execution, Deed(window, "scroll"), "scroll"))

    def _spoilt(self, rows: list[Row]) -> list[Row]:
        rng = self._rng
        kind = rng.choice(["foreign", "double", "missing", "swap"])
        if kind == "foreign":
            element = rng.choice(self._world.desk.elements)
            return [*rows, Row(0, "", "click", f"{element.number} click", element=element)]
        if kind == "double":
            return [*rows, rows[-1]]
        if kind == "missing":
            return rows[:-1]
        before = self._rows[-1] if self._rows else None
        if before is not None and before.execution == rows[0].execution:
            self._rows[-1] = replace(rows[0], at_ms=before.at_ms, person=before.person)
            return [before, *rows[1:]]
        return rows
