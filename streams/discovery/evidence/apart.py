"""Names that tell routines apart which would be called the same: by what differs in their steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from taskstream.records import Routine

USUAL: Final = 0.5
"""Share of executions that hold a step by which a routine may be told from another."""
_LONGEST: Final = 50
_ADDED: Final = re.compile(r" \((?:ends with|begins with|with) [^()]*(?:\([^()]*\))?[^()]*\)$| \(\d+\)$")


def bare(name: str) -> str:
    """A routine's name without what was added to tell it from others."""
    return _ADDED.sub("", name)


def told_apart(routines: Sequence[Routine]) -> dict[str, str]:
    """Routine → name; no two are the same. What an earlier call added to a name is taken off first."""
    groups: dict[str, list[Routine]] = {}
    for routine in sorted(routines, key=lambda routine: routine.id):
        groups.setdefault(bare(routine.name), []).append(routine)
    return {
        routine.id: name + added
        for name, group in groups.items()
        for routine, added in zip(group, _added(group), strict=True)
    }


def _added(group: Sequence[Routine]) -> list[str]:
    """What is added to each name of a group: its last step where these differ, else its first, else one of its own."""
    if len(group) == 1:
        return [""]
    steps = [[step.label for step in routine.steps if step.presence >= USUAL] for routine in group]
    ways: tuple[tuple[str, Callable[[int], str]], ...] = (
        ("ends with", lambda n: steps[n][-1] if steps[n] else ""),
        ("begins with", lambda n: steps[n][0] if steps[n] else ""),
        ("with", lambda n: _own(steps[n], [other for m, other in enumerate(steps) if m != n])),
    )
    for words, of in ways:
        labels = [of(n)[:_LONGEST] for n in range(len(group))]
        if all(labels) and len(set(labels)) == len(labels):
            return [f" ({words} {label})" for label in labels]
    return [f" ({n})" for n in range(1, len(group) + 1)]


def _own(labels: Sequence[str], others: Sequence[Sequence[str]]) -> str:
    """The first step that none of the others has."""
    return next((label for label in labels if not any(label in other for other in others)), "")
