"""Tasks: what is done in which order, as a small grammar of parts, drawn from the seed."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from benchmarks.worlds.screens import Desk, Element, Screen

LEAST_STEPS: Final = 4
"""Steps that the shortest execution of a task has."""
_BLOCKS: Final = {"short": (1, 1), "middle": (2, 4), "long": (6, 9)}
_BRANCHING: Final = {"none": 0.0, "few": 0.06, "some": 0.2, "many": 0.45}


class Act(Struct, frozen=True):
    """One deed on an element: what a person does with it follows from its role."""

    element: Element


class Carry(Struct, frozen=True):
    """A value goes from one element into another."""

    source: Element
    target: Element


class Sequence(Struct, frozen=True):
    """Parts one after the other; in ``free`` order each person has a habit."""

    parts: tuple[Part, ...]
    free: bool = False


class Maybe(Struct, frozen=True):
    """A part that is done in a share of the executions."""

    chance: float
    part: Part


class Choice(Struct, frozen=True):
    """One of several parts, the first most often."""

    parts: tuple[Part, ...]


class Loop(Struct, frozen=True):
    """A part once, and again with a chance, at most so many times."""

    chance: float
    most: int
    part: Part


Part = Act | Carry | Sequence | Maybe | Choice | Loop


def shortest(part: Part) -> int:
    """Deeds of the shortest way through."""
    match part:
        case Act():
            return 1
        case Carry():
            return 2
        case Sequence(parts):
            return sum(shortest(one) for one in parts)
        case Maybe():
            return 0
        case Choice(parts):
            return min(shortest(one) for one in parts)
        case Loop(part=inner):
            return shortest(inner)


class Shared(Struct):
    """Parts that several tasks have in common; None where this world has none."""

    login: Part | None = None
    search: Part | None = None
    form: Part | None = None
    closing: Part | None = None


def draw_tasks(desk: Desk) -> list[Part]:
    """The tasks of a world."""
    traits = desk.traits
    shared = _shared(desk)
    tasks: list[Part] = []
    body: list[Part] = []
    while len(tasks) < int(traits.kinds):
        if traits.alike == "yes" and tasks:
            blocks = list(body)
            blocks[desk.rng.randrange(len(blocks))] = _Writer(desk).block()
        else:
            blocks = _Writer(desk).blocks()
        task = _finished(desk, blocks, shared)
        if shortest(task) >= LEAST_STEPS:
            tasks.append(task)
            body = body or blocks
    return tasks


def _shared(desk: Desk) -> Shared:
    rng, words, which = desk.rng, desk.words, desk.traits.shared
    app = desk.apps[0]
    if which == "login":
        screen = desk.screen(app, words.login[0])
        fields = [Act(desk.text_field(screen, label)) for label in words.login[1:]]
        enter = Act(desk.button(screen, rng.choice([words.login[0], words.ends[3]])))
        return Shared(login=Loop(0.15, 3, Sequence((*fields, enter))))
    if which == "search":
        return Shared(search=_lookup(desk, desk.screen(app)))
    if which == "form":
        return Shared(form=_form(desk, desk.screen(app), rng.randint(3, 5)))
    if which == "closing":
        screen = desk.screen(app)
        end = Act(desk.button(screen, rng.choice(words.ends)))
        return Shared(closing=Sequence((_form(desk, screen, rng.randint(2, 4)), end)))
    return Shared()


def _finished(desk: Desk, blocks: list[Part], shared: Shared) -> Part:
    rng, words, traits = desk.rng, desk.words, desk.traits
    screen = desk.screen(rng.choice(desk.apps))
    parts = list(blocks)
    if shared.form and rng.random() < 0.75:
        parts.insert(rng.randint(0, len(parts)), shared.form)
    if shared.search and rng.random() < 0.85:
        parts.insert(0, shared.search)
    if shared.login and rng.random() < 0.85:
        parts.insert(0, shared.login)
    if traits.ending != "never":
        parts.append(Act(desk.button(screen, rng.choice(words.ends))))
    elif rng.random() < 0.5:
        parts.append(Act(desk.button(screen, rng.choice(words.moves))))
    if shared.closing and rng.random() < 0.85:
        parts.append(shared.closing)
    if traits.tails == "some":
        tail = tuple(Act(desk.button(screen, label)) for label in rng.sample(words.after, rng.randint(1, 3)))
        parts.append(Maybe(rng.choice([0.3, 0.6]), Sequence(tail)))
    return Sequence(tuple(parts))


def _form(desk: Desk, screen: Screen, count: int) -> Part:
    rng = desk.rng
    often = _BRANCHING[desk.traits.branches]
    parts: list[Part] = []
    for _ in range(count):
        field = Act(desk.field(screen))
        parts.append(Maybe(rng.choice([0.25, 0.6, 0.9]), field) if rng.random() < often else field)
    return Sequence(tuple(parts), free=rng.random() < often)


def _lookup(desk: Desk, screen: Screen) -> Part:
    """Type what is sought, search, open one of the results."""
    rng = desk.rng
    go = Act(desk.button(screen, desk.words.moves[0]))
    result = Act(desk.link(screen, listed=True))
    one = Sequence((Act(desk.text_field(screen)), go))
    in_vain = desk.traits.loops in {"retry", "both"} and rng.random() < 0.5
    return Sequence((Loop(0.2, 3, one) if in_vain else one, result))


class _Writer:
    """Writes the blocks of one task; it stays on a screen for a while."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        rng = desk.rng
        apps = rng.sample(desk.apps, rng.randint(1, 3))
        self._target = apps[-1]
        self._screen = desk.screen(self._target)
        use_sheet = desk.has_sheets and rng.random() < 0.6
        self._source = desk.sheet() if use_sheet else desk.screen(apps[0])
        self._columns = 0

    def blocks(self) -> list[Part]:
        """All blocks of the task but its end."""
        desk, rng = self._desk, self._desk.rng
        length = desk.traits.length
        length = rng.choice(list(_BLOCKS)) if length == "mixed" else length
        out: list[Part] = [Act(desk.link(desk.screen(self._target)))] if rng.random() < 0.6 else []
        out += [self.block() for _ in range(rng.randint(*_BLOCKS[length]))]
        if desk.traits.loops in {"items", "both"}:
            out.append(self._items())
        if desk.traits.loops in {"retry", "both"}:
            out.append(self._retry())
        return out

    def block(self) -> Part:
        """A block; the next may be on another screen."""
        desk, rng = self._desk, self._desk.rng
        branching = _BRANCHING[desk.traits.branches]
        kinds = {
            self._transfer: 0.3,
            self._entry: 0.3,
            self._search: 0.15,
            self._way: 0.08,
            self._branch: 0.8 * branching,
            self._optional: 0.5 * branching,
        }
        part = rng.choices(list(kinds), list(kinds.values()))[0]()
        ends = {"often": 1.0, "middle": 0.45}.get(desk.traits.ending, 0.0)
        if rng.random() < ends:
            part = Sequence((part, Act(desk.button(self._screen, rng.choice(desk.words.ends)))))
        if rng.random() < 0.3:
            self._screen = desk.screen(self._target)
        return part

    def _transfer(self) -> Part:
        desk, rng = self._desk, self._desk.rng
        parts = []
        for _ in range(rng.randint(1, 4)):
            label = chr(ord("A") + self._columns % 26) if not self._source.labels else ""
            self._columns += 1
            source = desk.element(self._source, "cell", label) if label else desk.text_field(self._source)
            parts.append(Carry(source, desk.text_field(self._screen)))
        return Sequence(tuple(parts), free=rng.random() < _BRANCHING[desk.traits.branches])

    def _entry(self) -> Part:
        return _form(self._desk, self._screen, self._desk.rng.randint(2, 6))

    def _search(self) -> Part:
        return _lookup(self._desk, self._screen)

    def _way(self) -> Part:
        desk = self._desk
        screens = [self._screen, *(desk.screen(self._target) for _ in range(desk.rng.randint(0, 2)))]
        return Sequence(tuple(Act(desk.link(screen)) for screen in screens))

    def _branch(self) -> Part:
        rng = self._desk.rng
        return Choice(tuple(rng.choice([self._way, self._entry])() for _ in range(rng.randint(2, 3))))

    def _optional(self) -> Part:
        rng = self._desk.rng
        return Maybe(rng.choice([0.15, 0.5, 0.85]), rng.choice([self._way, self._entry])())

    def _items(self) -> Part:
        desk, rng = self._desk, self._desk.rng
        add = Act(desk.button(self._screen, rng.choice(desk.words.moves)))
        return Loop(0.65, 8, Sequence((_form(desk, self._screen, rng.randint(2, 4)), add)))

    def _retry(self) -> Part:
        """A form that is sometimes refused: a return into its midst, not to the start of the task."""
        desk, rng = self._desk, self._desk.rng
        fields = [Act(desk.field(self._screen)) for _ in range(rng.randint(3, 5))]
        send = Act(desk.button(self._screen, rng.choice(desk.words.ends)))
        again = Sequence((*rng.sample(fields, rng.randint(1, 2)), send))
        return Sequence((*fields, send, Maybe(0.3, Loop(0.3, 3, again))))
