"""What kind of work a routine is: decides which automation fits it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from streams.discovery.labels import parts

COPY_BRIDGE = "copy bridge"
RE_KEYING = "re-keying"
LOOK_UP = "look-up"
REFORMAT = "reformat"
REPORT_ROUND = "report round"
FORM_FILLING = "form filling"
NAVIGATION = "navigation"


class Profile(Struct, frozen=True):
    """What an average execution of a routine does, from which its pattern follows.

    ``pastes``, ``rekeys``   values moved by clipboard and by typing again, per execution
    ``across``               share of the movements that go from one application or screen to another
    ``reads``, ``writes``    reading (copy, cut) and writing (paste, typing, choosing) steps
    ``screens``              distinct screens it visits in most executions
    ``moves``                steps that open or change a screen
    ``searches``             steps that search or filter
    """

    pastes: float
    rekeys: float
    across: float
    reads: float
    writes: float
    screens: int
    moves: float
    searches: float
    steps: float


_SEARCH = frozenset({"search", "find", "filter", "lookup", "look", "query", "suche", "suchen", "rechercher", "buscar"})


def profile(
    presence: Mapping[str, float], repeats: Mapping[str, float], pastes: float, rekeys: float, across: float
) -> Profile:
    """The profile of a routine; ``repeats``: how often an execution that holds an activity does it."""
    reads = writes = moves = searches = steps = 0.0
    screens: set[tuple[str, str]] = set()
    for activity, share in presence.items():
        part = parts(activity)
        often = share * repeats.get(activity, 1.0)
        steps += often
        reads += often * (part.kind in {"copy", "cut"})
        writes += often * (part.kind in {"paste", "edit", "keys"} or part.role in {"select", "combobox"})
        moves += often * (part.kind in {"navigate", "open", "window"} or part.role in {"tab", "link", "sheet"})
        searches += often * bool(_SEARCH & set(part.label.replace("_", " ").lower().split()))
        if share >= 0.5 and part.screen:
            screens.add((part.app, part.screen))
    return Profile(pastes, rekeys, across, reads, writes, len(screens), moves, searches, steps)


def pattern_of(p: Profile) -> str:
    """The pattern class of a routine.

    Values moved decide first; without them, whether it mainly writes (form), visits many places (report), or looks.
    """
    moved = p.pastes + p.rekeys
    if moved >= 1:
        if p.across < 0.5:
            return REFORMAT
        return RE_KEYING if p.rekeys > p.pastes else COPY_BRIDGE
    if p.searches >= 0.5 and p.writes <= 2:
        return LOOK_UP
    if p.screens >= 4 and p.writes < p.screens and p.moves + p.reads >= 3:
        return REPORT_ROUND
    if p.writes >= 2 and p.writes >= p.reads:
        return FORM_FILLING
    if p.reads >= 1 and p.writes >= 1:
        return COPY_BRIDGE if p.screens >= 2 else REFORMAT
    if p.steps and p.writes < 1:
        return LOOK_UP
    return NAVIGATION
