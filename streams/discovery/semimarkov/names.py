"""Names of activities over a whole log: of each element the finest detail that still recurs.

Detail that varies from execution to execution (the row of a list, the customer in a title) would make thousands of
activities of one, so digits are masked where they vary, and what does not recur goes by what it shares with others.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

from taskstream.activity import FINE_BASE, FINE_SHARE, coarse

FEW: Final = 3
"""A name seen less often is no activity of its own."""
MOST: Final = 4_096
"""Activities at most; the rarest go by application and kind."""


class ElementKey(NamedTuple):
    """What an event says of the element it touched."""

    app: str
    kind: str
    screen: str
    element: str


def names_of(counts: dict[ElementKey, int]) -> dict[ElementKey, str]:
    """The activity ``app|kind|screen|element`` of each key; ``counts``: how often each occurs."""
    element = _elements(counts)
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


def _elements(counts: dict[ElementKey, int]) -> dict[ElementKey, str]:
    """Elements with their digits where few differ in these alone, else masked."""
    groups: dict[tuple[str, str, str, str], list[ElementKey]] = defaultdict(list)
    for key in counts:
        groups[key.app, key.kind, key.screen, coarse(key.element)].append(key)
    found = {}
    for (_, _, _, rough), keys in groups.items():
        fine = {key.element for key in keys}
        keep = len(fine) <= FINE_BASE + FINE_SHARE * sum(counts[key] for key in keys)
        found.update({key: key.element if keep else rough for key in keys})
    return found
