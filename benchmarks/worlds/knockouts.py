"""Takes cues away from what discovery sees, one at a time and all, to show which of them it depends on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from benchmarks.discovery_variants import wordless
from collectors.importers import ImportedEvent
from taskstream.activity import activity, mask
from taskstream.events import UiEvent

Events = list[ImportedEvent]
_NO_DEEDS: Final = frozenset({"idle", "lock", "unlock", "gap", "health"})
"""Kinds that tell of the session and are done on no element; they stay."""


def _each(change: Callable[[UiEvent], UiEvent]) -> Callable[[Sequence[ImportedEvent]], Events]:
    return lambda events: [replace(one, event=change(one.event)) for one in events]


def no_times(events: Sequence[ImportedEvent]) -> Events:
    """Every person's events one second apart."""
    counts: dict[str, int] = {}
    out = []
    for one in events:
        counts[one.person] = count = counts.get(one.person, 0) + 1
        out.append(replace(one, event=replace(one.event, at_ms=1_700_000_000_000 + 1_000 * count, active_ms=0)))
    return out


def no_labels(events: Sequence[ImportedEvent]) -> Events:
    """Nothing of an activity but a code: no application, screen, kind or element to compare."""
    codes: dict[str, str] = {}
    out = []
    for one in events:
        if one.event.kind in _NO_DEEDS:
            out.append(one)
            continue
        code = codes.setdefault(activity(one.event), f"action:c{_letters(len(codes))}")
        out.append(replace(one, event=replace(one.event, kind="click", app="", screen="", element=code)))
    return out


def _letters(number: int) -> str:
    """A number without digits, so that no masking of digits can merge two codes."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


no_words: Final = _each(wordless)
no_values: Final = _each(lambda event: replace(event, value=None))
no_keys: Final = _each(lambda event: replace(event, objects=(), screen=mask(event.screen)))


def order_alone(events: Sequence[ImportedEvent]) -> Events:
    """Even times, words without meaning, no values, no keys: the order of activities is left."""
    return no_times(no_keys(no_values(no_words(events))))


KNOCKOUTS: Final[dict[str, Callable[[Sequence[ImportedEvent]], Events]]] = {
    "no times": no_times,
    "no words": no_words,
    "no values": no_values,
    "no keys": no_keys,
    "no labels": no_labels,
    "order alone": order_alone,
}
