"""A routine's human name, from what its activities say: "Copy customer row from Excel to CRM and submit"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from streams.discovery.evidence import patterns
from streams.discovery.words import completion
from streams.discovery.words.completion import STRONG
from streams.discovery.words.labels import SHEETS, noun, object_name, parts, phrase, place_name

_READS = frozenset({"copy", "cut"})
_WRITES = frozenset({"paste", "edit", "keys"})
_CHOICES = frozenset({"select", "checkbox", "radio", "combobox", "option"})
_SHAPING = frozenset({"menu", "column", "range", "ribbon", "toolbar"})
_CLIPBOARDS = frozenset({"os-clipboard", "clipboard"})
_SAID_BETTER = {"ok": "confirm", "done": "finish", "yes": "confirm", "go": "confirm", "form": "submit"}
MAX_NAME = 90
SHOWN = 3
"""Words of a label that end a name, out of the first MANY."""
MANY = 12
ROW = 3
"""From so many columns on, what is copied from a sheet is a row."""

Place = tuple[str, str]
"""Application and screen."""


def name_of(
    pattern: str, presence: Mapping[str, float], order: Sequence[str], distinct: Mapping[str, float] | None = None
) -> str:
    """Name of a routine with these activities: verb by ``pattern``, noun and places by what is read and written.

    ``order``     its steps in their usual order
    ``distinct``  activity → weight of how telling it is (1 where no other routine has it)
    """
    telling = distinct or {}

    def weight(activity: str) -> float:
        return presence.get(activity, 0.0) * telling.get(activity, 1.0)

    target = _place([a for a in order if _writes(a)], weight)
    source = _place([a for a in order if _reads(a)], weight) or _shown_elsewhere(order, target, weight)
    everywhere = _place(order, weight)
    ending = completion_word(order, presence)
    if everywhere is None:  # a verb of ours in front of the log's own words would be half a name
        return ((ending[0].upper() + ending[1:]) if ending else _by_label(order, weight))[:MAX_NAME]
    if pattern in {patterns.COPY_BRIDGE, patterns.RE_KEYING} and source and target and source != target:
        text = _moving(pattern, order, source, target)
    elif pattern == patterns.REPORT_ROUND:
        text = _round(order, weight)
    elif pattern == patterns.REFORMAT:
        text = _at("Rework", _place([a for a in order if parts(a).role in _SHAPING], weight) or target or everywhere)
    elif pattern in {patterns.COPY_BRIDGE, patterns.RE_KEYING}:
        text = _at("Copy" if pattern == patterns.COPY_BRIDGE else "Re-key", target or everywhere, "values")
    elif pattern == patterns.FORM_FILLING:
        text = _at("Enter", target or everywhere, "form")
    elif pattern == patterns.LOOK_UP:
        text = _at("Look up", target or everywhere)
    elif pattern == patterns.REVIEW:
        text = _at("Review", everywhere)
    elif pattern == patterns.MESSAGING:
        text = _at("Write", target or everywhere, "text")
    else:
        text = _at("Go through", everywhere)
    if ending and len(text) + len(ending) + 5 <= MAX_NAME and ending not in text.lower().split():
        text += f" and {ending}"
    return text[:MAX_NAME].rstrip()


def _moving(pattern: str, order: Sequence[str], source: Place, target: Place) -> str:
    verb = "Copy" if pattern == patterns.COPY_BRIDGE else "Re-key"
    thing = noun(*target) or noun(*source)
    read = [a for a in order if parts(a).kind in _READS and (parts(a).app, parts(a).screen) == source]
    if len(read) >= ROW and source[0].lower() in SHEETS:
        thing = f"{thing} row".strip()
    elif not thing:
        thing = object_name(read[0]).removeprefix("field ") if len(read) == 1 else ""
        thing = thing if thing.startswith("column ") else thing.lower()
    here, there = place_name(*source), place_name(*target)
    if here == there:
        return f"{verb} {thing or 'values'} within {here}"
    return f"{verb} {thing or 'values'} from {here} to {there}"


def _round(order: Sequence[str], weight: Callable[[str], float]) -> str:
    votes = _votes(order, weight)
    seen = list(dict.fromkeys(place_name(*place) for place in sorted(votes, key=lambda p: (-votes[p], p))))[:3]
    return "Gather " + (", ".join(seen[:-1]) + " and " + seen[-1] if len(seen) > 1 else seen[0] if seen else "figures")


def _at(verb: str, place: Place | None, fallback: str = "") -> str:
    """``Look up customer in CRM``; a place without a telling screen stands for itself."""
    if place is None:
        return f"{verb} {fallback}".strip()
    thing, where = noun(*place), place_name(*place)
    if not thing or thing.lower() == where.lower():
        return f"{verb} {fallback} in {where}" if fallback else f"{verb} {where}"
    return f"{verb} {thing} in {where}"


def _by_label(order: Sequence[str], weight: Callable[[str], float]) -> str:
    """A routine without any named place: by its most telling label."""
    named = [a for a in order if object_name(a)]
    if not named:
        return "Repeat the same steps"
    best = max(named, key=lambda a: (weight(a), -order.index(a)))
    name = object_name(best)
    return name if parts(best).role == "action" else f"Use {name}"


def _reads(activity: str) -> bool:
    return parts(activity).kind in _READS


def _writes(activity: str) -> bool:
    part = parts(activity)
    return part.kind in _WRITES or (part.kind == "click" and part.role in _CHOICES)


def _shown_elsewhere(order: Sequence[str], target: Place | None, weight: Callable[[str], float]) -> Place | None:
    """Where values are read off that are typed again: the place beside the one written to."""
    return _place([a for a in order if (parts(a).app, parts(a).screen) != target], weight)


def _votes(activities: Sequence[str], weight: Callable[[str], float]) -> Counter[Place]:
    votes: Counter[Place] = Counter()
    for activity in activities:
        part = parts(activity)
        if part.app and part.app.lower() not in _CLIPBOARDS:
            votes[part.app, part.screen] += max(1, round(1000 * weight(activity)))
    return votes


def _place(activities: Sequence[str], weight: Callable[[str], float]) -> Place | None:
    """The application and screen that most of the activities' weight lies in."""
    votes = _votes(activities, weight)
    return min(votes, key=lambda place: (-votes[place], place)) if votes else None


def is_completion(activity: str) -> bool:
    """Whether the activity completes something, such as a click on Submit."""
    part = parts(activity)
    element = f"{part.role}:{part.label}" if part.role else part.label
    return completion.meaning(part.kind, element).completion == STRONG


def completion_word(order: Sequence[str], presence: Mapping[str, float]) -> str:
    """The word that ends it, such as ``submit``: the label of its last common strong completion; else empty."""
    for activity in reversed(order):
        if presence.get(activity, 0.0) < 0.5 or not is_completion(activity):
            continue
        part = parts(activity)
        label = _completing(part.label)
        if part.kind in {"submit", "save"} and not completion.meaning("click", f"button:{label}").completion:
            label = label if len(label.split()) > 1 else part.kind
        return _SAID_BETTER.get(label, label) or ("save" if part.kind in {"save", "shortcut", "keys"} else "submit")
    return ""


def _completing(label: str) -> str:
    """Three words of a label at most: of a longer one those from the completing word on, such as "save customer"."""
    words = phrase(label, MANY).lower().split()
    strong = (n for n, word in enumerate(words) if completion.meaning("click", f"button:{word}").completion == STRONG)
    start = next(strong, 0) if len(words) > SHOWN else 0
    return " ".join(words[start : start + SHOWN])
