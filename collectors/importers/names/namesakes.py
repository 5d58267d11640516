"""Elements of one name at several places of a screen, told apart: the second "amount" of a form is ``amount (2)``."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from taskstream.activity import FINE_BASE, FINE_SHARE

MAX_NAMES: Final = 50_000
"""Names whose places are remembered at most."""

Name = tuple[str, str, str]
"""Application, screen, element."""
Place = tuple[str, ...]
"""Steps of a path."""


class _Places(Struct):
    seen: int = 0
    known: set[Place] = field(default_factory=set)
    numbers: dict[Place, int] = field(default_factory=dict)


class Namesakes:
    """Learns at which places elements of one name stand; places too many for what was seen are rows of a list."""

    def __init__(self) -> None:
        self._known: dict[Name, _Places] = {}

    def add(self, name: Name, place: Place, times: int) -> None:
        """Take in that an element of that name was met so often at a place."""
        places = self._known.get(name)
        if places is None:
            if len(self._known) >= MAX_NAMES:
                return
            places = self._known[name] = _Places()
        places.seen += times
        places.known.add(place)

    def settle(self) -> None:
        """Number the places, in an order that does not depend on which was met first."""
        for places in self._known.values():
            if 1 < len(places.known) <= FINE_BASE + FINE_SHARE * places.seen:
                places.numbers = {place: number for number, place in enumerate(sorted(places.known), 1)}

    def name(self, name: Name, place: Place) -> str:
        """What the element at a place is called: the number of the place is added from the second on."""
        places = self._known.get(name)
        number = 1 if places is None else places.numbers.get(place, 1)
        return name[2] if number == 1 else f"{name[2]} ({number})"
