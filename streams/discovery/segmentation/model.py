"""What one agent's past says about its activities: additive counts, so that they can be merged and summed."""

from __future__ import annotations

from typing import Any, Final

from streams.discovery.words.completion import meaning
from taskstream.activity import Activities, shared

SHIFT: Final = 16
"""A pair of activities (a, b) is the key ``a << SHIFT | b``."""
MAX_PAIRS: Final = 4096
"""Pairs that are kept; beyond it all counts are halved and those that reach 0 forgotten."""
GAP_CLASSES: Final = 40
"""A gap's class is its number of binary digits in milliseconds."""
MAX_TOLD: Final = 100_000
"""Names of which is remembered what they say."""
TOP_GAP: Final = 1 << (GAP_CLASSES - 1)

OTHER, COPY, WRITE, FOCUS, CLICK = range(5)
"""Class of an activity: copies a value, writes one, clicks on a field or cell, clicks elsewhere; or none of these."""

_CLASSES: Final = {"click": CLICK, "copy": COPY, "cut": COPY, "paste": WRITE, "edit": WRITE}
_FOCUSED: Final = ("cell", "range", "field", "select", "checkbox", "radio")


class _Told(dict[str, tuple[int, bool, int, str, str, str]]):
    """What a name says: completion, authentication, class, target, application, screen (empty: none).

    The people of a company do the same things: most names were seen before when an agent's model is made ready.
    """

    def __missing__(self, name: str) -> tuple[int, bool, int, str, str, str]:
        if len(self) >= MAX_TOLD:
            self.clear()
        app, kind, rest = name.split("|", 2)
        screen, _, element = rest.partition("|")
        meant = meaning(kind, element)
        focus = kind == "click" and element.startswith(_FOCUSED)
        found = self[name] = (
            meant.completion, meant.authentication, FOCUS if focus else _CLASSES.get(kind, OTHER),
            shared(f"{app}|{rest}"), shared(app), shared(f"{app}|{screen}") if screen else "",
        )  # fmt: skip
        return found


_told = _Told()


class Model:
    """Counts of activities, of pairs in sequence, of starts and ends, and of gaps."""

    __slots__ = (
        "_places", "activities", "apps", "authentication", "classes", "completion", "decided", "ends", "finished",
        "gaps", "pairs", "screens", "starts", "switches", "targets", "work",
    )  # fmt: skip

    def __init__(self) -> None:
        self.activities = Activities()
        self.pairs: dict[int, int] = {}
        self.decided: list[int] = []
        self.work: tuple[int, int] = (0, 0)
        self.finished: tuple[int, int] = (0, 0)
        self.switches: tuple[float, float] = (0.0, 0.0)
        self.ends: list[float] = []
        self.starts: list[float] = []
        self.gaps: list[int] = [0] * GAP_CLASSES
        self.completion: list[int] = []
        self.authentication: list[bool] = []
        self.classes: list[int] = []
        self.targets: list[int] = []
        self.apps: list[str] = []
        self.screens: list[int] = []
        self._places: dict[str, int] = {}

    def grow(self) -> None:
        """Give every new activity its row in the tables."""
        places = self._places
        for name in self.activities.names[len(self.decided) :]:
            completion, authentication, kind, target, app, screen = _told[name]
            self.completion.append(completion)
            self.authentication.append(authentication)
            self.classes.append(kind)
            self.targets.append(places.setdefault(target, len(places)))
            self.apps.append(app)
            self.screens.append(places.setdefault(screen, len(places)) if screen else -1)
            self.decided.append(0)
            self.ends.append(0.0)
            self.starts.append(0.0)

    def works(self, act: int) -> bool:
        """Whether an activity leaves something behind: writes, copies or completes."""
        return self.completion[act] > 0 or 0 < self.classes[act] < FOCUS

    def forget_learned(self) -> None:
        """Start the counts of decided events, ends and starts anew."""
        size = len(self.decided)
        self.finished = (0, 0)
        self.decided = [0] * size
        self.ends = [0.0] * size
        self.starts = [0.0] * size

    def forget(self) -> None:
        """Halve the pairs when there are too many."""
        if len(self.pairs) > MAX_PAIRS:
            self.pairs = {key: count >> 1 for key, count in self.pairs.items() if count > 1}

    def dump(self) -> list[Any]:
        """The complete state as plain data."""
        return [
            self.activities.dump(),
            list(self.pairs.keys()),
            list(self.pairs.values()),
            self.decided,
            self.ends,
            self.starts,
            self.gaps,
            self.switches,
            self.work,
            self.finished,
        ]

    @classmethod
    def load(cls, state: list[Any]) -> Model:
        """The inverse of :meth:`dump`."""
        made = cls()
        made.activities = Activities.load(*state[0])
        made.grow()
        made.pairs = dict(zip(state[1], state[2], strict=True))
        made.decided, made.ends, made.starts, made.gaps = state[3:7]
        made.finished = (state[9][0], state[9][1])
        made.work = (state[8][0], state[8][1])
        made.switches = (state[7][0], state[7][1])
        return made
