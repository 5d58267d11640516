"""The kind of work a routine is, which decides what sort of automation fits it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from streams.discovery.words.labels import parts

COPY_BRIDGE = "copy bridge"
RE_KEYING = "re-keying"
LOOK_UP = "look-up"
REFORMAT = "reformat"
REPORT_ROUND = "report round"
FORM_FILLING = "form filling"
REVIEW = "review"
MESSAGING = "messaging"
NAVIGATION = "navigation"

_SEARCH = frozenset({"search", "find", "filter", "lookup", "query", "suche", "suchen", "rechercher", "buscar", "cerca"})
_MESSAGE = frozenset({"message", "chat", "body", "reply", "comment", "answer", "nachricht", "compose", "document"})
_CHOICES = frozenset({"option", "checkbox", "radio", "select", "combobox", "listitem"})
_SHAPING = frozenset({"menu", "menuitem", "column", "range", "ribbon", "toolbar"})
_MOVES = frozenset({"navigate", "open", "window"})


class Profile(Struct, frozen=True):
    """What an average execution of a routine does, from which its pattern follows. Numbers are per execution.

    ``moved``      values written that were read before; ``across``: share of them that changed application or screen
    ``pastes``, ``typed``, ``chosen``  fields pasted into, typed into (and not pasted into), and choices made
    ``messages``   of those typed, texts of messages and documents
    ``searches``   steps that search, find or filter
    ``shaping``    steps in menus and on whole columns, as when a sheet is brought into shape
    ``places``     distinct screens in most executions
    ``steps``      steps, changes of window left out
    """

    moved: float
    across: float
    pastes: float
    typed: float
    chosen: float
    messages: float
    searches: float
    shaping: float
    places: int
    steps: float
    completes: bool


def profile(
    presence: Mapping[str, float], repeats: Mapping[str, float], moved: float, across: float, *, completes: bool
) -> Profile:
    """The profile of a routine; ``repeats``: how often an execution that holds an activity does it."""
    pasted = {(p.app, p.screen, p.label) for p in map(parts, presence) if p.kind == "paste"}
    sums = dict.fromkeys(("pastes", "typed", "chosen", "messages", "searches", "shaping", "steps"), 0.0)
    places: set[tuple[str, str]] = set()
    for activity, share in presence.items():
        part = parts(activity)
        often = share * repeats.get(activity, 1.0)
        words = set(part.label.replace("_", " ").lower().split())
        if share >= 0.5 and part.screen:
            places.add((part.app, part.screen))
        if part.kind not in _MOVES:
            sums["steps"] += often
        sums["pastes"] += often * (part.kind == "paste")
        sums["searches"] += often * bool(_SEARCH & words) * (part.kind in {"click", "submit", "keys", "shortcut"})
        sums["shaping"] += often * (part.role in _SHAPING)
        sums["chosen"] += often * (part.kind == "click" and part.role in _CHOICES)
        if part.kind in {"edit", "keys"} and (part.app, part.screen, part.label) not in pasted:
            message = bool(_MESSAGE & (words | set(part.screen.lower().split())))
            sums["messages" if message and part.kind == "keys" else "typed"] += often
    return Profile(moved=moved, across=across, places=len(places), completes=completes, **sums)


def pattern_of(p: Profile) -> str:
    """The pattern class of a routine: what it mainly does, the surest sign first."""
    written = p.pastes + p.typed
    if p.messages >= 1 and p.messages >= written:
        return MESSAGING
    if p.shaping >= 0.35 * p.steps and p.shaping >= 2:
        return REFORMAT
    if p.searches >= 0.5 and written <= p.searches + 1:
        return LOOK_UP
    if p.moved >= 1 or (p.pastes >= 1 and p.places >= 2):
        if p.across < 0.5 and p.moved >= 1:
            return REFORMAT
        return RE_KEYING if p.typed > p.pastes else COPY_BRIDGE
    if p.moved >= 0.5 and p.typed and p.places >= 2:
        return RE_KEYING if p.typed > p.pastes else COPY_BRIDGE
    if written + p.chosen >= 1.5:
        return FORM_FILLING
    if p.places >= 4:
        return REPORT_ROUND
    if p.completes:
        return REVIEW
    return LOOK_UP if p.steps >= 2 and p.places >= 2 else NAVIGATION
