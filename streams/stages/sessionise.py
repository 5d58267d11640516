"""Stage 5: sessions in the agent's event time: closed by a gap, the lock screen, the end of the UTC day, a bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from taskstream.events import UiEvent

DAY_MS: Final = 86_400_000
MAX_SESSION_EVENTS: Final = 100_000
MAX_SESSION_APPS: Final = 256
"""Distinct applications counted in a session at most."""

PASSIVE: Final = frozenset({"health", "gap", "idle", "unlock"})
"""Kinds that are no work: they neither open a session nor keep one open."""

Reason = Literal["gap", "lock", "day", "bound"]


class OpenSession(Struct, array_like=True):
    """A session that is still open. Times in milliseconds."""

    first_seq: int
    last_seq: int
    start_ms: int
    end_ms: int
    active_ms: int
    events: int
    apps: set[str]
    switches: int
    app: str
    day_end_ms: int


class Piece(Struct):
    """Events ``[start, end)`` of a batch that lie in one session; ``closed`` is set when it ends with them."""

    start: int
    end: int
    closed: OpenSession | None = None
    reason: Reason = "gap"


class Sessioniser(Struct, array_like=True):
    """The session of one agent."""

    open: OpenSession | None = None

    def push(
        self, first_seq: int, events: Sequence[UiEvent], gap_ms: int, idle_ms: int, active: list[int]
    ) -> list[Piece]:
        """Cut ``events`` into sessions. Appends to ``active`` each event's active time: the gap before it, capped."""
        pieces: list[Piece] = []
        start = 0
        session = self.open
        for index, event in enumerate(events):
            kind = event.kind
            if kind in PASSIVE:
                active.append(0)
                continue
            at_ms = event.at_ms
            if session is None:
                session = _opened(first_seq + index, at_ms, event.app)
                active.append(0)
            else:
                gap = at_ms - session.end_ms
                if (
                    gap >= gap_ms
                    or at_ms >= session.day_end_ms
                    or -gap >= gap_ms
                    or session.events >= MAX_SESSION_EVENTS
                ):
                    reason = _reason(session, at_ms, gap, gap_ms)
                    pieces.append(Piece(start, index, session, reason))
                    start = index
                    session = _opened(first_seq + index, at_ms, event.app)
                    active.append(0)
                else:
                    if gap > 0:
                        session.end_ms = at_ms
                        gap = min(gap, idle_ms)
                        session.active_ms += gap
                        active.append(gap)
                    else:
                        active.append(0)
                    session.events += 1
                    session.last_seq = first_seq + index
                    app = event.app
                    if app != session.app and app:
                        session.app = app
                        session.switches += 1
                        if len(session.apps) < MAX_SESSION_APPS:
                            session.apps.add(app)
            if kind == "lock":
                pieces.append(Piece(start, index + 1, session, "lock"))
                start = index + 1
                session = None
        self.open = session
        if start < len(events):
            pieces.append(Piece(start, len(events)))
        return pieces

    def close(self) -> OpenSession | None:
        """End the session now; gives it, or None when none is open."""
        session, self.open = self.open, None
        return session


def _opened(seq: int, at_ms: int, app: str) -> OpenSession:
    day_end = at_ms - at_ms % DAY_MS + DAY_MS
    return OpenSession(seq, seq, at_ms, at_ms, 0, 1, {app} if app else set(), 0, app, day_end)


def _reason(session: OpenSession, at_ms: int, gap: int, gap_ms: int) -> Reason:
    if not -gap_ms < gap < gap_ms:
        return "gap"
    return "day" if at_ms >= session.day_end_ms else "bound"
