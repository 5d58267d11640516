"""Names for elements that have no label, from their path: what varies from one execution to the next is masked.

A number in a path can be a place in a form, which tells elements apart, or the row of a list, which does not. Seeing
decides: a place whose values are too many for what was seen, or that keeps its value for several events in a row and
then takes another (a container made anew for every case), varies. The bound is that of
:class:`taskstream.activity.Activities`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct, field

from taskstream.activity import FINE_BASE, FINE_SHARE

MAX_PLACES: Final = 50_000
"""Places and surroundings that are remembered at most."""
MAX_VALUES: Final = 4_096
"""Values of a place that are told apart at most."""
KEPT_VALUES: Final = 6
"""A place with fewer values than this is never masked on the ground that it keeps its value."""
KEPT_CHANGES: Final = 0.5
"""A place counts as keeping its value if it changes in at most this share of the steps."""
SEGMENTS: Final = 6
"""Segments at the end of a path that make up the name."""
MAX_NAME: Final = 120

_VARIABLE: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{6,}|[A-Za-z0-9]*\d[A-Za-z]+\d[A-Za-z0-9]*)(?![A-Za-z0-9])|\d+"
)
_STEPS: Final = re.compile(r"\s*[/>]+\s*")
_PATH: Final = re.compile(r"\.?/|[a-zA-Z][\w-]*(?:\[\d+\])?/|[^/]*\s>\s|#[\w-]+\s*>")


def is_path(text: str) -> bool:
    """Whether an element's id is in truth its path."""
    return _PATH.match(text) is not None and _VARIABLE.sub("", text) != ""


class _Place(Struct):
    values: set[str] = field(default_factory=set)
    seen: int = 0
    steps: int = 0
    changes: int = 0
    last: dict[str, str] = field(default_factory=dict)

    def add(self, person: str, value: str) -> None:
        self.seen += 1
        if len(self.values) < MAX_VALUES:
            self.values.add(value)
        before = self.last.get(person)
        if before is not None:
            self.steps += 1
            self.changes += before != value
        self.last[person] = value

    @property
    def varies(self) -> bool:
        many = len(self.values) > FINE_BASE + FINE_SHARE * self.seen
        keeps = len(self.values) >= KEPT_VALUES and self.changes <= KEPT_CHANGES * self.steps
        return many or keeps


class Paths:
    """Learns from a log's paths in the order of time, then names them."""

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}
        self._around: dict[tuple[str, ...], tuple[set[str], int]] = {}
        self._names: dict[str, tuple[str, ...]] = {}

    def learn(self, paths: Iterable[tuple[str, str]]) -> None:
        """Take in person and path of events, in the order of time."""
        kept: list[str] = []
        for person, path in paths:
            for before, value in _variables(path):
                place = self._places.get(before)
                if place is None:
                    if len(self._places) >= MAX_PLACES:
                        continue
                    place = self._places[before] = _Place()
                place.add(person, value)
            kept.append(path)
        for path in kept:
            steps = self._numbered(path)
            for n, step in enumerate(steps if len(steps) > 1 else ()):
                key = (*steps[:n], "*", *steps[n + 1 :])
                values, seen = self._around.get(key, (None, 0))
                if values is None:
                    if len(self._around) >= MAX_PLACES:
                        continue
                    values = set()
                if len(values) < MAX_VALUES:
                    values.add(step)
                self._around[key] = (values, seen + 1)

    def name(self, path: str) -> tuple[str, ...]:
        """The last steps of a path, with what varies as ``#``."""
        known = self._names.get(path)
        if known is None:
            steps = self._numbered(path)
            masked = ["#" if self._varies(steps, n) else step for n, step in enumerate(steps)]
            if len(self._names) >= MAX_PLACES:
                self._names.clear()
            known = self._names[path] = tuple(masked[-SEGMENTS:])
        return known

    def _varies(self, steps: list[str], n: int) -> bool:
        values, seen = self._around.get((*steps[:n], "*", *steps[n + 1 :]), (set(), 0))
        return len(values) > FINE_BASE + FINE_SHARE * seen

    def _numbered(self, path: str) -> list[str]:
        """The steps of a path with the numbers that vary as ``#``."""
        out, end = [], 0
        for match, (before, _) in zip(_VARIABLE.finditer(path), _variables(path), strict=True):
            out.append(path[end : match.start()])
            place = self._places.get(before)
            out.append("#" if place is not None and place.varies else match[0])
            end = match.end()
        out.append(path[end:])
        return [step for step in _STEPS.split("".join(out)) if step]


def _variables(path: str) -> list[tuple[str, str]]:
    """Each number of a path after what stands before it (with the numbers in that as ``#``)."""
    found: list[tuple[str, str]] = []
    before, end = "", 0
    for match in _VARIABLE.finditer(path):
        before += path[end : match.start()]
        found.append((before, match[0]))
        before += "#"
        end = match.end()
    return found
