"""One person's working days, event by event, in true time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, NamedTuple

from collectors.simulate.task_model import Behaviour, StepBlock, Task, TaskStep
from taskstream.events import Form, KeyCounts, Kind, ObjectRef, UiEvent, Value

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
MAX_DEPTH: Final = 2
"""An interrupting task may itself be interrupted this often."""

_LENGTHS: Final[dict[Form, tuple[int, int]]] = {
    "name": (6, 24),
    "number": (1, 6),
    "money": (4, 10),
    "percent": (2, 4),
    "date": (8, 10),
    "date:iso": (10, 10),
    "email": (12, 30),
    "phone": (9, 16),
    "iban": (22, 22),
    "id": (5, 14),
    "text": (5, 40),
    "url": (20, 80),
}
_SURE: Final = frozenset(["name", "email", "phone", "iban", "id", "text", "money", "url", "date", "date:iso"])
"""Forms whose values are long and varied enough to have a digest; short numbers and percentages have none."""

_NOISE: Final[tuple[tuple[float, tuple[TaskStep, ...]], ...]] = (
    (
        3.0,
        (
            TaskStep("window", "teams", "chat", seconds=1.5),
            TaskStep("keys", "teams", "chat", "field:message", seconds=6.0),
            TaskStep("scroll", "teams", "chat", seconds=3.0, probability=0.4),
        ),
    ),
    (
        1.0,
        (
            TaskStep("window", "chrome", "news.example", seconds=2.0),
            TaskStep("scroll", "chrome", "news.example", seconds=8.0),
            TaskStep("click", "chrome", "news.example", "link:article", seconds=5.0, probability=0.6),
            TaskStep("scroll", "chrome", "news.example/article", seconds=12.0, probability=0.6),
        ),
    ),
    (
        2.0,
        (
            TaskStep("window", "outlook", "inbox", seconds=1.5),
            TaskStep("click", "outlook", "inbox", "message:other", seconds=2.0),
            TaskStep("scroll", "outlook", "inbox", seconds=6.0, probability=0.5),
        ),
    ),
    (
        0.7,
        (
            TaskStep("window", "chrome", "search.example", seconds=1.5),
            TaskStep("keys", "chrome", "search.example", "field:query", seconds=3.0),
            TaskStep("navigate", "chrome", "search.example/results", seconds=1.0),
            TaskStep("click", "chrome", "search.example/results", "link:result", seconds=5.0),
        ),
    ),
    (
        0.5,
        (
            TaskStep("window", "explorer", "documents", seconds=1.5),
            TaskStep("click", "explorer", "documents", "item:file", seconds=2.0),
            TaskStep("open", "word", "document", seconds=2.5),
            TaskStep("keys", "word", "document", "document:body", seconds=20.0),
        ),
    ),
    (
        0.4,
        (
            TaskStep("window", "spotify", "player", seconds=1.5),
            TaskStep("click", "spotify", "player", "button:next", seconds=1.0),
        ),
    ),
)
_NOISE_WEIGHTS: Final = [weight for weight, _ in _NOISE]


class Traced(NamedTuple):
    """An event in true time with its truth. ``execution`` is empty for noise, ``variant`` where a task has none."""

    at_ms: int
    event: UiEvent
    execution: str
    routine: str
    variant: str


class Purpose(NamedTuple):
    """The execution that an event belongs to; all empty for noise."""

    execution: str
    routine: str
    variant: str


_NOTHING: Final = Purpose("", "", "")


class _Slots:
    """The values of one execution: made when first used, the same whenever they are used again."""

    __slots__ = ("_forms", "_rng", "_values", "object")

    def __init__(self, task: Task, rng: Random) -> None:
        self._forms = task.slots
        self._rng = rng
        self._values: dict[str, tuple[Value, KeyCounts]] = {}
        self.object = (ObjectRef(kind=task.object, digest=rng.getrandbits(53)),) if task.object else ()

    def get(self, slot: str) -> tuple[Value, KeyCounts]:
        """The value, and the keys it takes to type it."""
        found = self._values.get(slot)
        if found is None:
            found = self._values[slot] = _value(self._forms[slot], self._rng)
        return found


def _value(form: Form, rng: Random) -> tuple[Value, KeyCounts]:
    low, high = _LENGTHS.get(form, (4, 20))
    length = rng.randint(low, high)
    digest = rng.getrandbits(53) or 1 if form in _SURE and length >= 4 else 0
    value = Value(digest=digest, length=length.bit_length(), form=form)
    if form in ("number", "money", "percent", "date", "date:iso", "phone", "iban"):
        marks = min(2, length - 1)
        return value, KeyCounts(digit=length - marks, punctuation=marks)
    return value, KeyCounts(letter=length - length // 5, digit=length // 10, punctuation=length // 10)


class Person:
    """Plays a person. All randomness comes from ``seed``, so each person's days are the same in every office."""

    def __init__(self, number: int, team: str, tasks: Sequence[Task], seed: str, behaviour: Behaviour) -> None:
        self.name = f"person {number}"
        self.team = team
        self._rng = rng = Random(seed)
        self._number = number
        self._behaviour = behaviour
        self.tasks = rng.sample(list(tasks), k=min(len(tasks), rng.randint(3, 6)))
        self._weights = [task.weight * rng.uniform(0.5, 1.5) for task in self.tasks]
        self._favourite = {task.name: rng.choice(list(task.variants)) for task in self.tasks if task.variants}
        self._pace = rng.lognormvariate(0, 0.25)  # a slow person takes longer for everything
        self._begins = rng.gauss(8.6, 0.7) * HOUR_MS
        self._hours = rng.choice((4, 6, 8, 8, 8, 8)) * HOUR_MS
        self._executions = 0
        self._t = 0.0
        self._out: list[Traced] = []
        # Drawing log-normal times one by one takes a third of the whole run: they come from a table.
        self._spread = [rng.lognormvariate(0, 0.6) for _ in range(1024)]

    def day(self, midnight_ms: int) -> Iterator[Traced]:
        """The events of the working day that begins at ``midnight_ms`` (true time), in order."""
        rng, out = self._rng, self._out
        self._t = midnight_ms + self._begins + rng.gauss(0, 12) * MINUTE_MS
        end = self._t + self._hours + rng.gauss(0, 20) * MINUTE_MS
        pauses = self._pauses(self._t, end)
        self._plain("unlock")
        while self._t < end:
            if pauses and self._t >= pauses[0][0]:
                self._pause(pauses.pop(0)[1])
            elif rng.random() < self._behaviour.noise:
                self._noise()
            else:
                self._execute(rng.choices(self.tasks, self._weights)[0], 0)
            self._wait(20.0)
            yield from out
            out.clear()
        self._plain("lock")
        yield from out
        out.clear()

    def _pauses(self, start: float, end: float) -> list[tuple[float, str]]:
        """When the person stops working, and for what."""
        rng = self._rng
        pauses = [(rng.uniform(start, end), rng.choice(("coffee", "meeting"))) for _ in range(rng.randint(1, 4))]
        if end - start > 5 * HOUR_MS:
            pauses.append((start + rng.gauss(3.6, 0.4) * HOUR_MS, "lunch"))
        return sorted(pauses)

    def _pause(self, what: str) -> None:
        rng = self._rng
        if what == "meeting":
            self._out.append(Traced(int(self._t), UiEvent(int(self._t), "window", "teams", "meeting"), "", "", ""))
            until = self._t + rng.choice((25, 30, 55, 60)) * MINUTE_MS
            while self._t < until:
                self._t += rng.expovariate(1 / (8 * MINUTE_MS))
                self._step(TaskStep("click", "teams", "meeting", "button:mute"), None, _NOTHING)
            return
        minutes = rng.uniform(30, 60) if what == "lunch" else rng.uniform(5, 15)
        if rng.random() < 0.8 or what == "lunch":
            self._plain("lock")
            self._t += minutes * MINUTE_MS
            self._plain("unlock")
        else:  # walked away without locking
            self._t += minutes * MINUTE_MS
            self._plain("idle")

    def _plain(self, kind: Kind) -> None:
        at = int(self._t)
        self._out.append(Traced(at, UiEvent(at, kind), "", "", ""))

    def _wait(self, seconds: float) -> None:
        self._t += seconds * 1000 * self._pace * self._spread[int(self._rng.random() * 1024)]

    def _noise(self) -> None:
        rng = self._rng
        (_, steps) = _NOISE[rng.choices(range(len(_NOISE)), _NOISE_WEIGHTS)[0]]
        for _ in range(rng.randint(1, 3)):
            for step in steps:
                if step.probability == 1 or rng.random() < step.probability:
                    self._wait(step.seconds)
                    self._step(step, None, _NOTHING)

    def _execute(self, task: Task, depth: int) -> None:
        """Do a task once, with whatever comes between."""
        rng, behaviour = self._rng, self._behaviour
        self._executions += 1
        slots = _Slots(task, rng)
        front = ""
        variant = self._variant(task)
        known = Purpose(f"{self._number}-{self._executions}", task.name, variant)
        for block in self._plan(task, variant):
            for step in block.steps:
                if step.probability < 1 and rng.random() >= step.probability:
                    continue
                if step.kind == "window" and front == step.app + step.screen:
                    continue  # it is in front already
                if behaviour.interrupt and depth < MAX_DEPTH and rng.random() < behaviour.interrupt:
                    self._interrupt(depth)
                    if rng.random() < behaviour.abandon:
                        return
                    if step.kind != "window":
                        self._wait(1.5)
                        self._step(TaskStep("window", step.app, step.screen), None, known)
                if rng.random() < behaviour.scroll:
                    self._wait(1.0)
                    self._step(TaskStep("scroll", step.app, step.screen), None, known)
                self._wait(step.seconds)
                self._step(step, slots, known)
                self._slip(step, slots, known)
                front = step.app + step.screen

    def _variant(self, task: Task) -> str:
        """How this execution is done: mostly the person's favourite way."""
        if not task.variants:
            return ""
        if self._rng.random() < 0.3:
            return self._rng.choices(list(task.variants), list(task.variants.values()))[0]
        return self._favourite[task.name]

    def _plan(self, task: Task, variant: str) -> list[StepBlock]:
        """This execution's blocks: options decided, groups shuffled, repetitions counted."""
        rng = self._rng
        plan: list[StepBlock] = []
        group: list[StepBlock] = []
        shuffled = rng.random() < 0.25  # mostly from top to bottom
        for block in task.blocks:
            if group and block.group != group[0].group:
                plan += rng.sample(group, len(group)) if shuffled else group
                group = []
            if (block.variant and block.variant != variant) or (
                block.probability < 1 and rng.random() >= block.probability
            ):
                continue
            low, high = block.times
            repeated = [block] * (low if low == high else rng.randint(low, high))
            if block.group:
                group += repeated
            else:
                plan += repeated
        return plan + (rng.sample(group, len(group)) if shuffled else group)

    def _interrupt(self, depth: int) -> None:
        chance = self._rng.random()
        if chance < self._behaviour.by_task:
            self._wait(4.0)
            self._execute(self._rng.choices(self.tasks, self._weights)[0], depth + 1)
        elif chance < self._behaviour.by_task + self._behaviour.by_absence:
            self._pause("coffee")
        else:
            self._noise()

    def _slip(self, step: TaskStep, slots: _Slots, known: Purpose) -> None:
        """Small mistakes: copied twice, clicked twice, mistyped."""
        rng, behaviour = self._rng, self._behaviour
        if step.kind in ("copy", "click") and rng.random() < behaviour.twin:
            self._wait(0.4)
            self._step(step, slots, known)
        elif step.typed and rng.random() < behaviour.correct:
            self._wait(1.2)
            self._step(step, slots, known)

    def _step(self, step: TaskStep, slots: _Slots | None, known: Purpose) -> None:
        kind = step.kind
        value = keys = None
        active = 0
        shortcut = ""
        if slots is not None and step.slot:
            value, keys = slots.get(step.slot)
        if step.typed or kind == "keys":
            if keys is None:
                letters = 4 + int(self._rng.random() * 60)
                keys = KeyCounts(letter=letters, edit=letters // 12)
            active = int((keys.letter + keys.digit + keys.punctuation) * 160 * self._pace)
            self._t += active
        else:
            keys = None
            if kind == "shortcut":
                shortcut = "ctrl+v" if step.slot else "ctrl+f"
        at = int(self._t)
        shown = slots.object if slots is not None and step.shows else ()
        event = UiEvent(at - active, kind, step.app, step.screen, step.element, active, keys, shortcut, value, shown)
        self._out.append(Traced(at, event, *known))
