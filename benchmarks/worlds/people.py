"""People: habits, and executions one after the other or woven into each other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final, NamedTuple

from benchmarks.worlds.screens import Desk, Element
from benchmarks.worlds.tasks import Act, Carry, Choice, Loop, Maybe, Part, Sequence

LEAST_ROWS: Final = 3
"""An execution given up earlier leaves no trace in the truth or the log."""
_AHEAD: Final = 20
"""Executions due soon, of which one may interrupt."""
_STINT: Final = (2, 12)
"""Deeds in one go where several executions are open; at most half of an execution, so that they do overlap."""


class Deed(NamedTuple):
    """What a person does: with which element, how, and the value that is read or written."""

    element: Element
    action: str
    value: str = ""


class Execution(NamedTuple):
    """One execution with its deeds; ``key`` is the number of the business object at hand."""

    task: int
    name: str
    key: int
    deeds: list[Deed]


class Woven(NamedTuple):
    """The next deed of a person; ``fresh``: it begins its execution or takes it up again."""

    execution: Execution
    deed: Deed
    fresh: bool


class Person:
    """Performs tasks in the person's own manner: an order for what has none, options taken more or less often."""

    def __init__(self, seed: int, number: int, desk: Desk) -> None:
        self.name = f"p{number}"
        self.rng = random.Random(f"person {number} of world {seed}")
        self.pace = self.rng.uniform(0.7, 1.5)
        self._lean = self.rng.uniform(0.7, 1.3)
        self._orders: dict[Sequence, list[int]] = {}
        self._favourite: dict[Choice, int] = {}
        self._desk = desk
        self._traits = desk.traits

    def _value(self, element: Element) -> str:
        rng = self.rng
        if self._traits.values == "constant":
            return f"Standard {element.number % 3} {rng.choice('ABC')}-77{rng.randint(0, 1)}"
        return rng.choice([f"{rng.randint(10_000, 99_999)}", f"{rng.choice('ABKLT')}-{rng.getrandbits(20)}"])

    def perform(self, part: Part) -> list[Deed]:
        """The deeds of one execution of a part."""
        rng = self.rng
        match part:
            case Act(element):
                return [self._act(element)]
            case Carry():
                return self._carry(part)
            case Sequence(parts, free):
                ordered = [parts[k] for k in self._order(part)] if free else parts
                return [deed for one in ordered for deed in self.perform(one)]
            case Maybe(chance, inner):
                return self.perform(inner) if rng.random() < min(0.97, chance * self._lean) else []
            case Choice(parts):
                best = self._favourite.setdefault(part, rng.choice([0, 0, rng.randrange(len(parts))]))
                return self.perform(parts[best] if rng.random() < 0.6 else rng.choice(parts))
            case Loop(chance, most, inner):
                deeds = self.perform(inner)
                for _ in range(most - 1):
                    if rng.random() >= chance:
                        break
                    deeds += self.perform(inner)
                return deeds

    def _act(self, element: Element) -> Deed:
        if element.role == "field":
            return Deed(element, "edit", self._value(element))
        if element.role == "select":
            return Deed(element, "select", self.rng.choice(["A", "B", "C"]))
        return Deed(element, "read" if element.role == "cell" else "click")

    def _carry(self, part: Carry) -> list[Deed]:
        value = self._value(part.source)
        if self._traits.values == "rekeyed":
            read = "read" if part.source.role == "cell" else "look"
            return [Deed(part.source, read, value), Deed(part.target, "edit", value)]
        written = value
        if self._traits.values == "reformatted":
            amount = self.rng.randint(1_000, 9_999_999) / 100
            value, written = f"{amount:,.2f} EUR", f"{amount:.2f}"
        return [Deed(part.source, "copy", value), Deed(part.target, "paste", written)]

    def _order(self, part: Sequence) -> list[int]:
        rng = self.rng
        places = list(range(len(part.parts)))
        habit = self._orders.setdefault(part, rng.sample(places, len(places)))
        return habit if rng.random() < 0.8 else rng.sample(places, len(places))

    def _with_detours(self, deeds: list[Deed]) -> list[Deed]:
        """The deeds, after some of which the person goes wrong in the same application, and does the last again."""
        rng, often = self.rng, float(self._traits.detours)
        out = []
        for deed in deeds:
            out.append(deed)
            if rng.random() < often:
                near = [one for one in self._desk.elements if one.screen.app == deed.element.screen.app]
                out += [Deed(rng.choice(near), "click") for _ in range(rng.randint(1, 3))]
                out.append(deed)
        return out

    def executions(self, tasks: list[Part], counts: list[int]) -> Iterator[Execution]:
        """All executions in the order in which they fall due."""
        rng, traits = self.rng, self._traits
        key = rng.randint(10_000, 50_000)
        for number, task in enumerate(_agenda(rng, traits.order, counts)):
            deeds = self._with_detours(self.perform(tasks[task]))
            if rng.random() < float(traits.abandoned):
                deeds = deeds[: rng.randint(1, len(deeds))]
            if not (traits.keys == "handed" and number and rng.random() < 0.5):
                key += rng.randint(1, 97)
            if len(deeds) >= LEAST_ROWS:
                yield Execution(task, f"{self.name}-{number}", key, deeds)


def _agenda(rng: random.Random, order: str, counts: list[int]) -> Iterator[int]:
    left = dict(enumerate(counts))
    cycle = rng.sample(list(left), len(left))
    while left:
        if order == "cycle":
            turn = [task for task in cycle if task in left]
        else:
            task = rng.choice(list(left))
            turn = [task] * {"turns": 1, "runs": rng.randint(1, 8), "blocks": left[task]}[order]
        for task in turn:
            if task in left:
                left[task] -= 1
                yield task
                if not left[task]:
                    del left[task]


def woven(rng: random.Random, mixing: str, due: list[Execution]) -> Iterator[Woven]:
    """The deeds in the order in which they happen; ``due`` is used up."""
    if mixing in {"shuffle", "pairs"}:
        yield from _side_by_side(rng, due, pairs=mixing == "pairs")
        return
    depth = {"none": 0, "aside": 1, "nested": 2}[mixing]
    while due:
        yield from _with_interruptions(rng, due.pop(0), due, (), depth)


def _with_interruptions(
    rng: random.Random, one: Execution, due: list[Execution], outer: tuple[int, ...], depth: int
) -> Iterator[Woven]:
    size = len(one.deeds)
    cut = rng.randint(2, size - 2) if depth and size > 4 and rng.random() < 0.4 else size
    yield from (Woven(one, deed, k == 0) for k, deed in enumerate(one.deeds[:cut]))
    if cut == size:
        return
    taken = (*outer, one.task)
    others = [k for k, other in enumerate(due[:_AHEAD]) if other.task not in taken]
    if others:
        yield from _with_interruptions(rng, due.pop(others[0]), due, taken, depth - 1)
    yield from (Woven(one, deed, k == 0 and bool(others)) for k, deed in enumerate(one.deeds[cut:]))


def _side_by_side(rng: random.Random, due: list[Execution], *, pairs: bool) -> Iterator[Woven]:
    open_: list[tuple[Execution, list[Deed]]] = []
    while due or open_:
        while len(open_) < (2 if pairs else 3):
            tasks = {one.task for one, _ in open_}
            fitting = [k for k, one in enumerate(due[:_AHEAD]) if not open_ or (one.task in tasks) == pairs]
            if not fitting:
                break
            one = due.pop(fitting[0])
            open_.append((one, list(one.deeds)))
        entry = rng.choice(open_)
        one, left = entry
        most = min(len(left), rng.randint(*_STINT), len(one.deeds) // 2 + 1)
        for k in range(most):
            yield Woven(one, left.pop(0), k == 0)
        if not left:
            open_.remove(entry)
