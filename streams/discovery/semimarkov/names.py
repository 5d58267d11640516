"""Names of activities over a whole log: of each element the finest detail that still recurs.

Detail that varies from execution to execution (the row of a list, the customer in a title) would make thousands of
activities of one, so digits are masked where they vary, and what does not recur goes by what it shares with others.
The rows of a list recur, too, once the list is worked on every day: of many numbers those stay that tell what is done
before or next.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final, NamedTuple

from streams.discovery.semimarkov.surroundings import SHARE, Surroundings
from taskstream.activity import FINE_BASE, FINE_SHARE, coarse

FEW: Final = 3
"""A name seen less often is no activity of its own."""
MOST: Final = 4_096
"""Activities at most; the rarest go by application and kind."""

_MASKED: Final = re.compile(r"\d+|#")
"""What elements that differ in digits alone may differ in: a long number is masked before it gets here."""
_PLACE: Final = " (#)"
"""Ending of elements of one name at several places, but for the first."""


class ElementKey(NamedTuple):
    """What an event says of the element it touched."""

    app: str
    kind: str
    screen: str
    element: str


def names_of(counts: dict[ElementKey, int], around: Surroundings | None = None) -> dict[ElementKey, str]:
    """The activity ``app|kind|screen|element`` of each key.

    ``counts``: how often each occurs; ``around``: their neighbours, by the place of a key in ``counts``.
    """
    element = _elements(counts, around)
    names = {key: f"{key.app}|{key.kind}|{key.screen}|{element[key]}" for key in counts}
    for number, rough in enumerate((_without_screen, _without_element, _without_all)):
        times: dict[str, int] = defaultdict(int)
        for key, name in names.items():
            times[name] += counts[key]
        rare = {name for name, n in times.items() if n < FEW}
        if number and len(times) - len(rare) > MOST:
            ranked = sorted(times.items(), key=lambda item: (-item[1], item[0]))
            rare |= {name for name, _ in ranked[MOST:]}
        names = {key: rough(key, element[key]) if name in rare else name for key, name in names.items()}
    return names


def _without_screen(key: ElementKey, element: str) -> str:
    return f"{key.app}|{key.kind}||{element}"


def _without_element(key: ElementKey, _: str) -> str:
    return f"{key.app}|{key.kind}||"


def _without_all(_: ElementKey, __: str) -> str:
    return "other|||"


def _elements(counts: dict[ElementKey, int], around: Surroundings | None) -> dict[ElementKey, str]:
    """Elements with their digits where few differ in these alone, else with those that tell something."""
    groups: dict[tuple[str, str, str, str], list[ElementKey]] = defaultdict(list)
    for key in counts:
        groups[key.app, key.kind, key.screen, coarse(key.element)].append(key)
    number = {key: n for n, key in enumerate(counts)} if around is not None else {}
    found = {}
    for (app, kind, screen, rough), keys in groups.items():
        fine = {key.element for key in keys}
        if len(fine) > FINE_BASE + FINE_SHARE * sum(counts[key] for key in keys):
            found.update(dict.fromkeys(keys, rough))
        elif len(fine) <= FINE_BASE or around is None:
            found.update({key: key.element for key in keys})
        else:
            names = _telling({number[key]: key.element for key in keys}, around)
            first = rough.removesuffix(_PLACE)
            same = (app, kind, screen, first) in groups and set(names.values()) == {rough}
            found.update({key: first if same else names[number[key]] for key in keys})
    return found


def _telling(elements: dict[int, str], around: Surroundings) -> dict[int, str]:
    """Elements that differ in digits alone, with those numbers only that tell something: the most telling first."""
    numbers = {key: _MASKED.findall(element) for key, element in elements.items()}
    left = list(range(len(next(iter(numbers.values())))))
    kept: list[int] = []
    while left:
        known = _numbered({key: tuple(own[place] for place in kept) for key, own in numbers.items()})
        told = [around.tells({key: own[place] for key, own in numbers.items()}, known) for place in left]
        best = max(range(len(left)), key=lambda n: (told[n], -n))
        if told[best] < SHARE:
            break
        kept.append(left.pop(best))
    return {key: _kept_only(element, kept) for key, element in elements.items()}


def _numbered(values: dict[int, tuple[str, ...]]) -> dict[int, int]:
    """Small numbers for values."""
    seen: dict[tuple[str, ...], int] = {}
    return {key: seen.setdefault(value, len(seen)) for key, value in values.items()}


def _kept_only(element: str, kept: list[int]) -> str:
    """An element with all numbers but some as ``#``."""
    place = iter(range(len(element)))
    return _MASKED.sub(lambda match: match[0] if next(place) in kept else "#", element)
