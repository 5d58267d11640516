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
AWAY: Final = frozenset({"idle", "lock", "unlock"})
"""Kinds before which nobody worked: the pause that ends with one is no active time at all."""


class Folder:
    """The step under way, of one agent.

    ``lead``        the first event that leads to the next step, -1 for none, at ``lead_ms``
    ``lead_before``, ``lead_active``  active time from the step under way to it, and since then
    ``turned_ms``, ``turned_active``  what leads to the place where the next step is began then; active time until then
    ``read``        value of the last event that leads to the next step and has one, met at ``read_ms``;
                    ``read_active``: active time until then
    ``last_ms``     end of the last event: an event such as a burst of typing lasts its ``active_ms``
    ``present_ms``  the same, or when the person came back
    """

    __slots__ = (
        "app", "call", "call_before", "focus", "idle_ms", "last_ms", "lead", "lead_active", "lead_before", "lead_ms",
        "model", "present_ms", "read", "read_active", "read_ms", "screen", "step", "turned_active", "turned_ms",
    )  # fmt: skip

    def __init__(self, model: Model, idle_ms: int = IDLE_MS) -> None:
        """``idle_ms``: up to where a gap counts; more only where times are told no finer than that."""
        self.model = model
        self.idle_ms = idle_ms
        self.step: RawStep | None = None
        self.lead = -1
        self.lead_ms = self.lead_before = self.lead_active = 0
        self.turned_ms = self.turned_active = 0
        self.read = self.read_ms = self.read_active = 0
        self.focus = -1
        self.last_ms = self.present_ms = 0
        self.app = ""
        self.screen = ""
        self.call = 0
        self.call_before = 0

    def push(self, seq: int, event: UiEvent) -> RawStep | None:
        """Take an event; the step before, if this event begins another one."""
        kind, at_ms = event.kind, event.at_ms
        if kind in PASSED_OVER:
            self.lead = -1
            if kind in AWAY:
                self.present_ms = at_ms
            return None
        pause = at_ms - self.last_ms
        if pause > self.idle_ms and is_call(self.app, self.screen):
            # Part of the step under way, or of what leads to the next one.
            if self.lead < 0:
                self.call_before += pause - self.idle_ms
            else:
                self.call += pause - self.idle_ms
        here = event.app == self.app and event.screen == self.screen
        own = event.active_ms
        before = min(max(at_ms - self.present_ms, 0), self.idle_ms)
        self.last_ms = self.present_ms = at_ms + own
        self.app, self.screen = event.app, event.screen
        step = self.step
        if kind == "scroll" and here and self.lead < 0 and step is not None:
            self._extend(step, seq, at_ms + own, before + own)
            return None
        if kind in LEADING and not (event.element and kind == "window"):
            self._lead(seq, at_ms, before, own, here, 0)
            return None
        model = self.model
        act = model.activities.id_of(event)
        if act >= len(model.classes):
            model.grow()
        value = event.value
        digest = 0 if value is None else value.digest
        gap = 0
        if step is not None:
            was_act, now = step.act, model.classes[act]
            gap = at_ms - step.head_ms - step.span
            if model.targets[act] == model.targets[was_act]:
                was = model.classes[was_act]
                more = act == was_act or now == FOCUS or (now == WRITE == was)
                if more or was == FOCUS or (was == CLICK and now in {COPY, WRITE}):
                    led = self.lead_before + self.lead_active if self.lead >= 0 else 0
                    self._extend(step, seq, at_ms + own, led + before + own)
                    if not more:
                        step.act, step.seq = act, step.tail
                        step.digest = digest or step.digest
                    elif not step.digest:
                        step.digest = digest
                    self.lead = -1
                    return None
        if model.classes[act] == FOCUS and event.element.startswith(FOCUSED):
            self._lead(seq, at_ms, before, own, here, digest)
            self.focus = seq
            return None
        self.step = self._begun(act, seq, at_ms, before, own, gap, digest, here)
        self.lead = -1
        self.call = self.call_before = 0
        return step

    def _lead(self, seq: int, at_ms: int, before: int, own: int, here: bool, digest: int) -> None:
        """Take an event that leads to the next step."""
        begins = self.lead < 0
        if begins or digest:
            self.read, self.read_ms, self.read_active = digest, at_ms, 0 if begins else self.lead_active + before
        if begins:
            self.lead, self.lead_ms, self.lead_before, self.lead_active = seq, at_ms, before, own
            self.turned_ms, self.turned_active = at_ms, 0
            return
        if not here:
            self.turned_ms, self.turned_active = at_ms, self.lead_active + before
        self.lead_active += before + own

    def _begun(
        self, act: int, seq: int, at_ms: int, before: int, own: int, gap: int, digest: int, here: bool
    ) -> RawStep:
        """The step that begins with an event, or with what has led to it."""
        head, head_ms = self.lead, self.lead_ms
        if head < 0:
            return RawStep(act, seq, at_ms, 0, 0, own, own, gap, digest, 0, self.call_before, before, 0, 0)
        led = max(at_ms - head_ms, 0)
        early, early_active = max(self.turned_ms - head_ms, 0), self.turned_active
        if not here:  # nothing has led here
            early, early_active = led, self.lead_active + before
        if digest and digest == self.read:  # what is written here was read there: that was no way elsewhere
            early = min(early, max(self.read_ms - head_ms, 0))
            early_active = min(early_active, self.read_active)
        return RawStep(
            act, head, head_ms, seq - head, seq - head, led + own, self.lead_active + before + own, gap - led, digest,
            self.call, self.call_before, self.lead_before, early, early_active,
        )  # fmt: skip

    def _extend(self, step: RawStep, seq: int, end_ms: int, active: int) -> None:
        """Let the step go on to the event ``seq``, which ends at ``end_ms``, with so much more active time."""
        step.tail = seq - step.head
        step.call += self.call + self.call_before
        self.call = self.call_before = 0
        step.span = max(step.span, end_ms - step.head_ms)
        step.active += active

    def finish(self) -> RawStep | None:
        """The step under way; nothing is under way then."""
        step, self.step = self.step, None
        if step is not None and self.focus > step.head + step.tail:
            step.tail = self.focus - step.head
        self.lead = self.focus = -1
        self.app = self.screen = ""
        self.call = self.call_before = 0
        return step
