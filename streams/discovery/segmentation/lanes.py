"""Interrupted work told apart: task A, set aside for B and taken up again, is one execution of A.

A surprising event breaks in. If the work before it was not over, its lane waits; when an event surprises in its place
but follows well from a waiting lane, that lane is resumed. A lane whose next step the work at hand has made itself was
not set aside but went on, and waits no more. How often surprises end in a resumption says whether a person's work is
interleaved at all: where it is not, nothing is reordered.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from streams.discovery.segmentation.model import SHIFT, Model
from streams.discovery.segmentation.weights import Weights
from streams.discovery.words.completion import STRONG

LINKED: Final = 12
"""A value copied so many steps back in a lane draws what is written with it there."""
LINK_BONUS: Final = 0.5
MEMORY: Final = 200
"""Surprises after which the shares of the past are halved."""
FEW: Final = 16
"""Surprises below which the share of resumptions says little."""
UNSEEN: Final = 0.7
"""Of the times a transition was seen, the part that is not counted: this very time."""
KNOWN_END: Final = 3
"""Occurrences after which learned ends count, not completion words."""


class Lanes:
    """The undecided steps by lane: ``order`` holds their places."""

    __slots__ = ("order",)

    def __init__(self, order: list[int]) -> None:
        self.order = order

    def remaining(self, count: int, size: int) -> list[int]:
        """Places in arrival order that are left when the first ``count`` of the order are decided."""
        gone = set(self.order[:count])
        return [place for place in range(size) if place not in gone]


class _Pass(NamedTuple):
    """What following the steps once found; places by lane in the order of their first steps."""

    lanes: list[list[int]]
    surprises: int
    resumed: int


def unravel(acts: list[int], sources: list[int], model: Model, w: Weights) -> Lanes | None:
    """The lanes of the undecided steps, or None when nothing shows that work was interrupted."""
    follow = _Follow(acts, sources, model, w)
    found = follow.run(give_up=True)
    surprises, resumed = model.switches
    surprises += found.surprises
    resumed += found.resumed
    if found.resumed and resumed >= w.lane_often * max(surprises, FEW):
        # Tasks that switch all the time and share activities: a shared next step proves nothing then.
        found = follow.run(give_up=False)
    model.switches = (surprises / 2, resumed / 2) if surprises > MEMORY else (surprises, resumed)
    if not found.resumed or resumed < w.lane_share * max(surprises, FEW):
        return None
    return Lanes([place for lane in found.lanes for place in lane])


class _Follow:
    """Follows the steps once, lane by lane."""

    def __init__(self, acts: list[int], sources: list[int], model: Model, w: Weights) -> None:
        self.acts = acts
        self.sources = sources
        self.model = model
        self.w = w
        self._known: dict[int, float] = {}

    def run(self, *, give_up: bool) -> _Pass:
        """One pass; with ``give_up`` a waiting lane whose next step comes elsewhere waits no more."""
        acts, sources, w, known = self.acts, self.sources, self.w, self._known
        low, short, horizon = w.lane_low, w.lane_short, w.lane_horizon
        current = [0]
        lanes = [current]
        waiting: list[list[int]] = []
        again: set[int] = set()
        surprises = resumed = 0
        a = acts[0]
        for i in range(1, len(acts)):
            b = acts[i]
            key = a << SHIFT | b
            direct = known.get(key)
            if direct is None:
                direct = self._likely(a, b)
            a = b
            if direct >= low and not waiting:
                current.append(i)
                continue
            fit = direct if direct >= low else self._fit(current, b, sources[i])
            if fit >= low:
                current.append(i)
                if give_up and waiting:
                    waiting = [
                        lane for lane in waiting if i - lane[-1] <= horizon and self._fit(lane, b, -1) < w.lane_taken
                    ]
                continue
            if self._same_place(current, b):
                current.append(i)
                continue
            surprises += 1
            waiting = [lane for lane in waiting if i - lane[-1] <= horizon]
            best, found = self._best(waiting, b, sources[i])
            left = current
            if found is not None and best >= w.lane_high and best >= w.lane_times * fit:
                waiting.remove(found)
                current = found
                if len(left) <= short and left[0] == found[-1] + 1 and id(left) not in again:
                    # A foreign event or two in its midst: no work was set aside.
                    found += left
                    lanes.remove(left)
                    found.append(i)
                    continue
                resumed += 1
                again.add(id(found))
                found.append(i)
            else:
                current = [i]
                lanes.append(current)
            if not self._over(left):
                waiting.append(left)
                if len(waiting) > w.lane_waiting:
                    del waiting[0]
        return _Pass(lanes, surprises, resumed)

    def _same_place(self, lane: list[int], b: int) -> bool:
        """Whether b happens on a screen on which the lane just was."""
        screens, acts = self.model.screens, self.acts
        screen = screens[b]
        return screen >= 0 and any(screens[acts[place]] == screen for place in lane[-self.w.lane_places :])

    def _likely(self, a: int, b: int) -> float:
        """How well b follows from a: P of the transition without this one, by the better of its two directions."""
        model = self.model
        counts = model.activities.counts
        n = min(counts[a], counts[b])
        key = a << SHIFT | b
        value = self._known[key] = (model.pairs.get(key, UNSEEN) - UNSEEN) / n
        return value

    def _fit(self, lane: list[int], b: int, source: int) -> float:
        """How well b follows from one of the last steps of a lane."""
        acts, known = self.acts, self._known
        best = 0.0
        for place in lane[-self.w.lane_back :]:
            a = acts[place]
            value = known.get(a << SHIFT | b)
            if value is None:
                value = self._likely(a, b)
            best = max(best, value)
        if source >= 0 and source in lane[-LINKED:]:
            best += LINK_BONUS
        return best

    def _best(self, waiting: list[list[int]], b: int, source: int) -> tuple[float, list[int] | None]:
        best, found = 0.0, None
        for lane in reversed(waiting):
            value = self._fit(lane, b, source)
            if value > best:
                best, found = value, lane
        return best, found

    def _over(self, lane: list[int]) -> bool:
        """Whether the work of a lane was probably finished when another broke in."""
        return is_over(self.acts[lane[-1]], self.model, self.w)


def is_over(act: int, model: Model, w: Weights) -> bool:
    """Whether work whose last activity is ``act`` is probably finished: by what segments ended with, or by words."""
    n = model.decided[act]
    if n >= KNOWN_END:
        return model.ends[act] > w.lane_end * n
    return model.completion[act] == STRONG
