"""Cuts sessions in the agent's event time: closed by a gap, the lock screen, the end of the UTC day, or a bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from streams.stages.snapshot_format import OpenSession
from taskstream.events import UiEvent

DAY_MS: Final = 86_400_000
MAX_SESSION_EVENTS: Final = 100_000

PASSIVE: Final = frozenset({"health", "gap", "idle", "unlock"})
"""Kinds that are no work: they neither open a session nor keep one open."""

Reason = Literal["gap", "lock", "day", "bound"]


class SessionSlice:
    """Events ``[start, end)`` of a batch that lie in one session; ``closed`` is set when it ends with them."""

    __slots__ = ("closed", "end", "reason", "start")

    def __init__(self, start: int, end: int, closed: OpenSession | None = None, reason: Reason = "gap") -> None:
        self.start = start
        self.end = end
        self.closed = closed
        self.reason = reason


class Sessioniser:
    """The session of one agent."""

    __slots__ = ("open",)

    def __init__(self, session: OpenSession | None = None) -> None:
        self.open = session

    def push(
        self, first_seq: int, events: Sequence[UiEvent], gap_ms: int, idle_ms: int, active: list[int]
    ) -> list[SessionSlice]:
        """Cut ``events`` into sessions. Appends to ``active`` each event's active time: the gap before it, capped.

        The loop runs once an event: what it needs of the session is held in local names until the session ends.
        """
        pieces: list[SessionSlice] = []
        start = 0
        session = self.open or _NONE
        end_ms, day_end_ms, app = session.end_ms, session.day_end_ms, session.app
        count, active_ms, last = session.events, session.active_ms, -1
        for index, event in enumerate(events):
            kind = event.kind
            if kind in PASSIVE:
                active.append(0)
                continue
            at_ms = event.at_ms
            gap = at_ms - end_ms
            if -gap_ms < gap < gap_ms and at_ms < day_end_ms and count < MAX_SESSION_EVENTS:
                if gap > 0:
                    end_ms = at_ms
                    gap = min(gap, idle_ms)
                    active_ms += gap
                    active.append(gap)
                else:
                    active.append(0)
                count += 1
                if event.app != app and event.app:
                    app = event.app
                    session.switch(app)
            else:
                if session is not _NONE:
                    session.store(first_seq + last if last >= 0 else session.last_seq, end_ms, active_ms, count)
                    pieces.append(SessionSlice(start, index, session, _reason(session, at_ms, gap, gap_ms)))
                    start = index
                session = _opened(first_seq + index, at_ms, event.app)
                end_ms, day_end_ms, app, count, active_ms = at_ms, session.day_end_ms, event.app, 1, 0
                active.append(0)
            last = index
            if kind == "lock":
                session.store(first_seq + index, end_ms, active_ms, count)
                pieces.append(SessionSlice(start, index + 1, session, "lock"))
                start = index + 1
                session = _NONE
                end_ms, day_end_ms, last = _NONE.end_ms, 0, -1
        if session is not _NONE and last >= 0:
            session.store(first_seq + last, end_ms, active_ms, count)
        self.open = None if session is _NONE else session
        if start < len(events):
            pieces.append(SessionSlice(start, len(events)))
        return pieces

    def close(self) -> OpenSession | None:
        """End the session now; gives it, or None when none is open."""
        session, self.open = self.open, None
        return session


_NONE: Final = OpenSession(0, 0, 0, 0, 0, 0, set(), 0, "", -1)
"""No session: every event lies behind its day's end, and so opens one."""


def _opened(seq: int, at_ms: int, app: str) -> OpenSession:
    day_end = at_ms - at_ms % DAY_MS + DAY_MS
    return OpenSession(seq, seq, at_ms, at_ms, 0, 1, {app} if app else set(), 0, app, day_end)


def _reason(session: OpenSession, at_ms: int, gap: int, gap_ms: int) -> Reason:
    if not -gap_ms < gap < gap_ms:
        return "gap"
    return "day" if at_ms >= session.day_end_ms else "bound"
