"""Window titles without what varies from case to case, such as the customer of a form, by seeing that it does.

A part of a title can name a screen, which is a place of its own, or the case at hand, which is not. What is done there
decides: under many values of a part that tells the case the same elements are touched, on different screens others.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Final

MAX_TITLES: Final = 50_000
"""Titles that are remembered at most."""
VALUES: Final = 6
"""A part with fewer values is never taken for one that varies."""
ELEMENTS: Final = 2
"""Elements that the titles must have in common at least."""
ALIKE: Final = 0.75
"""Share of the elements of a title that must be those of the others (Jaccard, on average)."""
USUAL: Final = 0.5
"""Share of the titles under which an element is common."""
_BREAK: Final = re.compile(r"(\s+[-–—|·•:]+\s+|\s*[|()\[\]]\s*|:\s+|,\s+)")

Title = tuple[str, str]
"""Application and title."""


class Titles:
    """Learns what is done under which title, then names titles."""

    def __init__(self) -> None:
        self._elements: dict[Title, set[str]] = {}
        self._names: dict[Title, str] = {}

    def add(self, app: str, title: str, element: str) -> None:
        """Take in that an element was touched under a title ("" for none)."""
        known = self._elements.get((app, title))
        if known is None:
            if len(self._elements) >= MAX_TITLES:
                return
            known = self._elements[app, title] = set()
        if element:
            known.add(element)

    def settle(self) -> None:
        """Find the parts that vary."""
        groups: dict[tuple[str, int, tuple[str, ...]], list[Title]] = defaultdict(list)
        for app, title in self._elements:
            pieces = _BREAK.split(title)
            for n in range(0, len(pieces), 2):
                groups[app, n, (*pieces[:n], "", *pieces[n + 1 :])].append((app, title))
        for (_, n, rest), titles in sorted(groups.items(), key=lambda item: (len(item[1]), item[0])):
            if len(titles) >= VALUES and self._alike(titles):
                varies = _masked([_BREAK.split(title)[n].split(" ") for _, title in titles])
                self._names.update(dict.fromkeys(titles, "".join((*rest[:n], varies, *rest[n + 1 :]))))

    def _alike(self, titles: Sequence[Title]) -> bool:
        touched = [found for title in titles if (found := self._elements[title])]
        times = Counter(element for found in touched for element in found)
        common = {element for element, n in times.items() if n >= USUAL * len(touched)}
        if len(touched) < VALUES or len(common) < ELEMENTS:
            return False
        return sum(len(found & common) / len(found | common) for found in touched) >= ALIKE * len(touched)

    def name(self, app: str, title: str) -> str:
        """The title with ``#`` for the part that varies."""
        return self._names.get((app, title), title)


def _masked(values: Iterable[list[str]]) -> str:
    """Texts, as words, with ``#`` for what is not the same in all of them at the beginning and at the end."""
    texts = list(values)
    shortest = min(map(len, texts))
    before = _common(texts)
    behind = min(_common([text[::-1] for text in texts]), shortest - before)
    return " ".join([*texts[0][:before], "#", *texts[0][len(texts[0]) - behind :]])


def _common(texts: Sequence[Sequence[str]]) -> int:
    """How many words all texts begin with."""
    return sum(1 for _ in takewhile(lambda words: len(set(words)) == 1, zip(*texts, strict=False)))
