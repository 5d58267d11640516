"""A routine's human name, from what its activities say: "Copy New record from Excel to Zoho and submit"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from streams.discovery import labels, words
from streams.discovery.labels import app_name, parts, phrase, screen_name

_READS = frozenset({"copy", "cut"})
_WRITES = frozenset({"paste", "edit", "keys"})
MAX_NAME = 90

_GERUNDS = {
    "copy bridge": "Copy", "re-keying": "Re-key", "look-up": "Look up", "reformat": "Rework", "report round": "Compile",
    "form filling": "Fill in", "navigation": "Work through",
}  # fmt: skip


def name_of(
    pattern: str, presence: Mapping[str, float], order: Sequence[str], distinct: Mapping[str, float] | None = None
) -> str:
    """Name of a routine with these activities: verb by ``pattern``, object and places by what is read and written.

    ``order``     its steps in their usual order
    ``distinct``  activity → weight of how telling it is (1 where no other routine has it)
    """
    telling = distinct or {}

    def weight(activity: str) -> float:
        return presence.get(activity, 0.0) * telling.get(activity, 1.0)

    source = _place([a for a in order if _reads(a)], weight)
    target = _place([a for a in order if _writes(a)], weight)
    ending = _completion(order, presence)
    verb = _GERUNDS.get(pattern, "Work through")
    text = verb
    thing = _object(order, weight, source, target)
    if pattern in {"copy bridge", "re-keying"} and source and target and source != target:
        thing = thing or "values"
        text = f"{verb} {thing} from {_shown(source, thing)} to {_shown(target, thing)}"
    elif pattern == "form filling" and target:
        text = f"{verb} {thing or 'form'} in {_shown(target, thing)}"
    else:
        place = target or source or _place(order, weight)
        text = f"{verb} {thing or 'screens'}"
        text += f" in {_shown(place, thing)}" if place else ""
    if ending and len(text) + len(ending) + 5 <= MAX_NAME and ending.lower() not in text.lower().split():
        text += f" and {ending}"
    return text[:MAX_NAME].rstrip()


def _reads(activity: str) -> bool:
    return parts(activity).kind in _READS


def _writes(activity: str) -> bool:
    part = parts(activity)
    return part.kind in _WRITES or (part.kind == "click" and part.role in {"select", "checkbox", "radio", "combobox"})


Place = tuple[str, str]


def _place(activities: Sequence[str], weight: Callable[[str], float]) -> Place | None:
    """The application and screen that most of the activities' weight lies in."""
    votes: Counter[Place] = Counter()
    for activity in activities:
        part = parts(activity)
        if part.app and part.app.lower() not in {"os-clipboard", "clipboard"}:
            votes[part.app, part.screen] += max(1, round(1000 * weight(activity)))
    return min(votes, key=lambda place: (-votes[place], place)) if votes else None


def _shown(place: Place, thing: str) -> str:
    app, screen = place
    shown, name = app_name(app), screen_name(app, screen)
    if not name or name.lower() == thing.lower() or name.lower() == shown.lower() or _is_default(name):
        return shown
    return f"{shown} ({name})"


def _is_default(name: str) -> bool:
    """Whether a sheet still has the name its application gave it."""
    head = name.rstrip("0123456789 ").lower()
    return head in {"sheet", "tabelle", "feuil", "hoja", "foglio", "planilha", "blad", "arkusz", "untitled", "window"}


def _object(order: Sequence[str], weight: Callable[[str], float], source: Place | None, target: Place | None) -> str:
    """What the routine is about: the screen it writes to or reads, else the most telling label."""
    for place in (target, source):
        if place is not None:
            name = screen_name(*place)
            if name and not _is_default(name):
                return name
    best = [a for a in order if phrase(parts(a).label) and not words.meaning(parts(a).kind, _element(a)).completion]
    if not best:
        return ""
    top = max(best, key=lambda a: (weight(a), -order.index(a)))
    return labels.object_name(top).removeprefix("field ").removeprefix("list ")


def _element(activity: str) -> str:
    part = parts(activity)
    return f"{part.role}:{part.label}" if part.role else part.label


def _completion(order: Sequence[str], presence: Mapping[str, float]) -> str:
    """The word that ends it, such as ``submit``: the label of its last common strong completion."""
    for activity in reversed(order):
        part = parts(activity)
        if presence.get(activity, 0.0) < 0.5:
            continue
        if words.meaning(part.kind, _element(activity)).completion == words.STRONG:
            return phrase(part.label, 3).lower() or part.kind
        if part.kind in {"submit", "save"}:
            return part.kind
    return ""
