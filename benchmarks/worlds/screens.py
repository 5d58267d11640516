"""Applications, their screens and the elements on them, drawn from the seed."""

from __future__ import annotations

import random
from typing import Final

from msgspec import Struct

from benchmarks.worlds.names import coined, vocabulary
from benchmarks.worlds.traits import Traits

SHEETS: Final = "Excel"
WINDOWS: Final = 900
"""Numbers of windows start here; other elements have lower ones."""
_KINDS: Final = ("", "", " CRM", " ERP", " Portal", " Desk", " Archive", " Web")
_TAGS: Final = ("div", "div", "div", "section", "form", "table", "tbody", "tr", "td", "ul", "li", "span", "fieldset")
_PREFIX: Final = {
    "button": "btn",
    "field": "txt",
    "link": "lnk",
    "select": "cbo",
    "checkbox": "chk",
    "cell": "col",
    "window": "win",
}
_HTML: Final = {"link": "a", "field": "input", "checkbox": "input", "cell": "td", "window": "main"}
_VOLATILE: Final = 0.25
_MOVED: Final = 0.3


class Screen(Struct, frozen=True):
    """A page, window or sheet. ``place``: the path that its elements' paths begin with."""

    app: str
    web: bool
    title: str
    place: str
    labels: tuple[str, ...]


class Element(Struct, frozen=True):
    """What can be acted on.

    ``listed``: it stands in a list, so its path holds another index in each execution; ``volatile``: its label and path
    carry content; ``later``: what it is called after a new release, empty where nothing changed.
    """

    number: int
    screen: Screen
    role: str
    label: str
    path: str
    automation: str
    listed: bool = False
    volatile: bool = False
    later: str = ""


class Desk:
    """What the people of a world see. ``elements`` holds all that were made so far."""

    def __init__(self, seed: int, traits: Traits) -> None:
        self.rng = random.Random(f"screens of world {seed}")
        self.words = vocabulary(traits.language)
        self.traits = traits
        self.elements: list[Element] = []
        self._seed = seed
        self._names = 0
        self.apps = [(self._coin().capitalize() + self.rng.choice(_KINDS), self.rng.random() < 0.5) for _ in range(4)]
        self.has_sheets = self.rng.random() < 0.7
        self._windows: dict[str, Element] = {}

    def _coin(self) -> str:
        self._names += 1
        return coined(self._seed, self._names - 1)

    def screen(self, app: tuple[str, bool], title: str = "") -> Screen:
        """A new screen of an application."""
        rng, words = self.rng, self.words
        title = title or f"{rng.choice(words.things)} {rng.choice(words.moves)}"
        depth = rng.randint(2, 5)
        place = "/html/body" + "".join(f"/{rng.choice(_TAGS)}[{rng.randint(1, 9)}]" for _ in range(depth))
        equal = self.traits.equal == "some" and rng.random() < 0.6
        labels = rng.sample(words.fields, rng.randint(1, 2) if equal else len(words.fields))
        return Screen(app[0], app[1], title, place, tuple(labels))

    def sheet(self) -> Screen:
        """A new sheet of a workbook, named as nowhere else."""
        title = f"{self.rng.choice(self.words.things)} {self.rng.choice(_KINDS[2:]).strip()} {self._seed}"
        return Screen(SHEETS, False, title, "", ())

    def element(self, screen: Screen, role: str, label: str, *, listed: bool = False) -> Element:
        """A new element on a screen."""
        rng = self.rng
        number = len(self.elements)
        steps = "".join(f"/{rng.choice(_TAGS)}[{rng.randint(1, 12)}]" for _ in range(rng.randint(1, 4)))
        path = f"{screen.place}{steps}/{_HTML.get(role, role)}[{number % 30 + 1}]"
        letters = "".join(rng.choice("bcdfgklmnprstvxz") for _ in range(3))
        volatile = rng.random() < _VOLATILE and self.traits.volatile == "some"
        moved = rng.random() < _MOVED and self.traits.release == "half"
        later = f"{rng.choice(self.words.things)} {rng.choice(self.words.fields)}"
        automation = f"{_PREFIX[role]}{letters}{number % 900}"
        one = Element(number, screen, role, label, path, automation, listed, volatile, later if moved else "")
        self.elements.append(one)
        return one

    def window(self, screen: Screen) -> Element:
        """The window of a screen's application."""
        if screen.app not in self._windows:
            letters = "".join(chr(ord("a") + int(digit)) for digit in str(len(self._windows)))
            whole = Screen(screen.app, screen.web, screen.app, "/html/body", ())
            number = WINDOWS + len(self._windows)
            self._windows[screen.app] = Element(number, whole, "window", "", "/html/body/main", f"win{letters}")
        return self._windows[screen.app]

    def field(self, screen: Screen) -> Element:
        """A field to fill in, sometimes a list to choose from or a box to tick."""
        rng = self.rng
        label = rng.choice(screen.labels)
        if rng.random() < 0.4 and len(screen.labels) > 2:
            label = f"{rng.choice(self.words.things)} {label}"
        return self.element(screen, rng.choice(["field"] * 6 + ["select", "checkbox"]), label)

    def text_field(self, screen: Screen, label: str = "") -> Element:
        """A field that takes text."""
        return self.element(screen, "field", label or self.rng.choice(screen.labels))

    def button(self, screen: Screen, label: str) -> Element:
        """A button."""
        return self.element(screen, "button", label)

    def link(self, screen: Screen, *, listed: bool = False) -> Element:
        """A link or menu item that leads on; one in a list of results stands at another place each time."""
        return self.element(screen, "link", self.rng.choice(self.words.moves), listed=listed)
