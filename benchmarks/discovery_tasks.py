"""Generated people with tasks that nobody tuned to: random applications, forms, transfers, detours and habits."""

from __future__ import annotations

import random
from typing import Final, NamedTuple

from msgspec.structs import replace

from benchmarks.discovery_logs import Labelled
from taskstream.events import Kind, UiEvent, Value

_APPS: Final = (
    "excel", "outlook", "chrome", "sap", "word", "crm", "erp", "portal", "salesforce", "jira", "servicenow", "notepad",
    "reader", "teams",
)  # fmt: skip
_ENDS: Final = (
    "submit", "save", "send", "ok", "confirm", "post", "approve", "speichern", "enviar", "valider", "finish", "done",
    "complete order", "send reply",
)  # fmt: skip
_WEAK: Final = ("close", "add", "apply", "update", "archive")
_PLAIN: Final = (
    "next", "search", "open", "details", "filter", "edit", "new", "create", "view", "lookup", "show", "select", "menu",
    "more", "tab1", "tab2", "go", "list", "export",
)  # fmt: skip
_FIELDS: Final = (
    "name", "first name", "amount", "date", "email", "phone", "street", "city", "zip", "country", "iban", "reference",
    "customer", "vendor", "product", "quantity", "price", "tax", "department", "cost center", "comment", "status",
    "priority", "category", "owner", "due date", "invoice no", "order no", "account", "subject",
)  # fmt: skip
_AFTER: Final = ("link:new entry", "button:close", "link:back to list", "button:next record")


class _Step(NamedTuple):
    app: str
    kind: Kind
    screen: str
    element: str
    skipped: float
    moved: str


class Task:
    """A random task; ``completes``: the chance that its last step carries a completion word."""

    def __init__(self, rng: random.Random, name: str, completes: float) -> None:
        self.name = name
        self.steps: list[_Step] = []
        self._rng = rng
        apps = rng.sample(_APPS, rng.randint(1, 3))
        self._screens = {
            app: [f"{app} screen {rng.randint(0, 5)}" if rng.random() < 0.7 else "" for _ in range(rng.randint(1, 3))]
            for app in apps
        }
        self._fill(apps, rng.randint(5, 22))
        if rng.random() < completes:
            kinds: tuple[Kind, ...] = ("click", "click", "click", "submit", "save")
            self._add(apps[-1], rng.choice(kinds), f"button:{rng.choice(_ENDS)}")
            if rng.random() < 0.3:
                self._add(apps[-1], "click", rng.choice(_AFTER))
        self._swaps = [place for place in range(len(self.steps) - 1) if rng.random() < 0.08]

    def _add(self, app: str, kind: Kind, element: str, skipped: float = 0.0, moved: str = "") -> None:
        screens = self._screens[app]
        screen = self._rng.choice(screens) if self._rng.random() < 0.3 else screens[0]
        self.steps.append(_Step(app, kind, screen, element, skipped, moved))

    def _fill(self, apps: list[str], size: int) -> None:
        rng = self._rng
        app = apps[0]
        if rng.random() < 0.6:
            kinds: tuple[Kind, ...] = ("open", "window", "navigate")
            self._add(app, rng.choice(kinds), rng.choice(("file", "page", "window", "tab")))
        while len(self.steps) < size:
            draw, field = rng.random(), rng.choice(_FIELDS)
            if draw < 0.35 and len(apps) > 1:
                source, app = rng.sample(apps, 2)
                origin = f"cell:{rng.choice('abcdefgh')}" if source == "excel" else f"field:{field}"
                self._add(source, "click", origin)
                self._add(source, "copy", origin, moved=field)
                self._add(app, "click", f"field:{field}")
                self._add(app, "paste", f"field:{field}", moved=field)
            elif draw < 0.75:
                if rng.random() < 0.5:
                    self._add(app, "click", f"field:{field}")
                self._add(app, "edit", f"field:{field}", rng.choice((0.0, 0.0, 0.0, 0.3, 0.15)))
            elif draw < 0.93:
                self._add(app, "click", f"button:{rng.choice(_PLAIN)}", rng.choice((0.0, 0.0, 0.3)))
            elif draw < 0.96:
                self._add(app, "click", f"button:{rng.choice(_WEAK)}")
            else:
                app = rng.choice(apps)

    def run(self, rng: random.Random) -> list[tuple[int, UiEvent]]:
        """One execution: each event with the time before it (ms)."""
        steps = list(self.steps)
        for place in self._swaps:
            if rng.random() < 0.3:
                steps[place], steps[place + 1] = steps[place + 1], steps[place]
        values: dict[str, int] = {}
        out = []
        for step in steps:
            if step.skipped and rng.random() < step.skipped:
                continue
            value = None
            if step.moved:
                value = Value(digest=values.setdefault(step.moved, rng.getrandbits(50)), length=4, form="text")
            elif step.kind == "edit":
                value = Value(digest=rng.getrandbits(50), length=4, form="text")
            event = UiEvent(0, step.kind, step.app, step.screen, step.element, value=value)
            out.append((int(rng.lognormvariate(7.6, 0.8)), event))
            if step.kind == "edit" and rng.random() < 0.1:
                out.append((500, event))
        return out


def person(
    seed: int, tasks: int = 4, executions: int = 160, noise: float = 0.03, completes: float = 0.8
) -> list[Labelled]:
    """A person's work: tasks in runs, foreign events within (``noise`` an event) and between executions."""
    rng = random.Random(seed)
    known = [Task(rng, f"task {number}", completes) for number in range(tasks)]
    weights = [rng.uniform(0.3, 1.0) for _ in known]
    kinds: tuple[Kind, ...] = ("click", "window", "keys")
    foreign = [
        UiEvent(0, rng.choice(kinds), rng.choice((*_APPS, "slack", "news")), f"s{rng.randint(0, 30)}", f"button:n{n}")
        for n in range(40)
    ]
    log: list[Labelled] = []
    now, left, task = 1_700_000_000_000, 0, known[0]

    def stray(chance: float, case: int | None, kind: str | None) -> None:
        nonlocal now
        while rng.random() < chance:
            now += int(rng.lognormvariate(7.5, 0.8))
            event = rng.choice(foreign)
            log.append(Labelled(replace(event, at_ms=now), f"foreign|{event.element}", case, kind))

    for case in range(executions):
        if left <= 0:
            task = rng.choices(known, weights)[0]
            left = rng.choice((1, 1, 2, 3, 5, 8))
        left -= 1
        now += int(rng.lognormvariate(8.6, 0.9))
        stray(0.2, None, None)
        for gap, event in task.run(rng):
            now += gap
            act = "|".join((event.app, event.kind, event.screen, event.element))
            log.append(Labelled(replace(event, at_ms=now), act, case, task.name))
            stray(noise, case, task.name)
    return log
