"""Raw events → steps: what happens on one field, one after another, is one step.

Repeated edits of a field, the recorder's twins of one action, a click repeated: each run is one step with the most
telling of its activities. Moving the focus, bringing a window to the front and scrolling belong to what is done next.
"""

from __future__ import annotations

from typing import Final

from streams.discovery.segmentation.calls import is_call
from streams.discovery.segmentation.model import CLICK, COPY, FOCUS, WRITE, Model
from streams.discovery.segmentation.steps import RawStep
from taskstream.events import UiEvent

IDLE_MS: Final = 30_000
"""A gap between two events counts as active time up to this."""
LEADING: Final = frozenset({"window", "scroll"})
"""Kinds that lead to the next step (a window event only where it names no element)."""
FOCUSED: Final = ("cell", "range", "field")
"""Roles in which a click merely moves the focus: it leads to what is done next."""
PASSED_OVER: Final = frozenset({"idle", "lock", "unlock", "gap", "health"})
"""Kinds that are no work."""


class Folder:
    """The step under way, of one agent."""

    __slots__ = ("app", "call", "call_before", "focus", "last_ms", "lead", "lead_ms", "model", "screen", "step")

    def __init__(self, model: Model) -> None:
        self.model = model
        self.step: RawStep | None = None
        self.lead = -1
        self.lead_ms = 0
        self.focus = -1
        self.last_ms = 0
        self.app = ""
        self.screen = ""
        self.call = 0
        self.call_before = 0

    def push(self, seq: int, event: UiEvent) -> RawStep | None:
        """Take an event; the step before, if this event begins another one."""
        kind, at_ms = event.kind, event.at_ms
        if kind in PASSED_OVER:
            self.lead = -1
            return None
        pause = at_ms - self.last_ms
        if pause > IDLE_MS and is_call(self.app, self.screen):
            # Part of the step under way, or of what leads to the next one.
            if self.lead < 0:
                self.call_before += pause - IDLE_MS
            else:
                self.call += pause - IDLE_MS
        here = event.app == self.app and event.screen == self.screen
        self.last_ms, self.app, self.screen = at_ms, event.app, event.screen
        step = self.step
        if kind == "scroll" and here and self.lead < 0 and step is not None:
            self._extend(step, seq, at_ms - step.head_ms - step.span)
            return None
        if kind in LEADING and not (event.element and kind == "window"):
            if self.lead < 0:
                self.lead, self.lead_ms = seq, at_ms
            return None
        model = self.model
        act = model.activities.id_of(event)
        if act >= len(model.classes):
            model.grow()
        value = event.value
        digest = 0 if value is None else value.digest
        gap = 0
        if step is not None:
            before, now = step.act, model.classes[act]
            gap = at_ms - step.head_ms - step.span
            if model.targets[act] == model.targets[before]:
                was = model.classes[before]
                more = act == before or now == FOCUS or (now == WRITE == was)
                if more or was == FOCUS or (was == CLICK and now in {COPY, WRITE}):
                    self._extend(step, seq, gap)
                    if not more:
                        step.act, step.seq = act, step.tail
                        step.digest = digest or step.digest
                    elif not step.digest:
                        step.digest = digest
                    self.lead = -1
                    return None
        if model.classes[act] == FOCUS and event.element.startswith(FOCUSED):
            if self.lead < 0:
                self.lead, self.lead_ms = seq, at_ms
            self.focus = seq
            return None
        if self.lead < 0:
            self.step = RawStep(act, seq, at_ms, 0, 0, 0, 0, gap, digest, 0, self.call_before)
        else:
            head, head_ms = self.lead, self.lead_ms
            span = at_ms - head_ms if at_ms > head_ms else 0
            active = span if span < IDLE_MS else IDLE_MS
            self.step = RawStep(
                act, head, head_ms, seq - head, seq - head, span, active, gap - span, digest, self.call,
                self.call_before,
            )  # fmt: skip
            self.lead = -1
        self.call = self.call_before = 0
        return step

    def _extend(self, step: RawStep, seq: int, gap: int) -> None:
        """Let the step go on to the event ``seq``, ``gap`` after its last one."""
        step.tail = seq - step.head
        step.call += self.call + self.call_before
        self.call = self.call_before = 0
        if gap > 0:
            step.span += gap
            step.active += gap if gap < IDLE_MS else IDLE_MS

    def finish(self) -> RawStep | None:
        """The step under way; nothing is under way then."""
        step, self.step = self.step, None
        if step is not None and self.focus > step.head + step.tail:
            step.tail = self.focus - step.head
        self.lead = self.focus = -1
        self.app = self.screen = ""
        self.call = self.call_before = 0
        return step
