"""A deterministic load for fault runs: batches of many agents, some sent twice, with copies, locks and late times."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from taskstream.events import EventBatch, Kind, UiEvent, Value

APPS = ("excel", "chrome", "outlook", "sap", "teams")
START_MS = 1_760_000_000_000
TASKS: Final[tuple[tuple[tuple[Kind, str, str], ...], ...]] = (
    (
        ("click", "outlook", "open mail"), ("copy", "outlook", "amount"), ("window", "sap", "invoices"),
        ("paste", "sap", "amount"), ("edit", "sap", "cost centre"), ("submit", "sap", "post"),
    ),
    (
        ("click", "chrome", "next ticket"), ("click", "chrome", "assign"), ("edit", "chrome", "answer"),
        ("copy", "chrome", "number"), ("paste", "teams", "message"), ("submit", "teams", "send"),
    ),
    (
        ("window", "excel", "stock"), ("edit", "excel", "quantity"), ("edit", "excel", "place"),
        ("click", "excel", "filter"), ("click", "excel", "save"),
    ),
)  # fmt: skip
"""What every second agent does over and over, so that there are routines to find."""


class Load:
    """Batches of ``agents`` agents in the order in which they are sent; the same seed gives the same batches.

    ``sent`` is how many distinct events were handed out. About one batch in fifty is handed out a second time, as a
    desktop does that was killed between the delivery and its note of it.
    """

    def __init__(self, seed: int, agents: int) -> None:
        self._random = random.Random(seed)
        self._agents = agents
        self._next_seq = [0] * agents
        self._now_ms = [START_MS + 37 * n for n in range(agents)]
        self._to_do: list[list[tuple[Kind, str, str]]] = [[] for _ in range(agents)]
        self._login = 0
        self.sent = 0

    def log_in_again(self) -> None:
        """Each person's next batch is of a new agent, which counts from 0, as each login makes one."""
        self._login += 1
        self._next_seq = [0] * self._agents

    def batches(self) -> Iterator[EventBatch]:
        """Batches without end."""
        recent: list[EventBatch] = []
        while True:
            batch = self._batch(self._random.randrange(self._agents))
            self.sent += len(batch.events)
            yield batch
            recent.append(batch)
            del recent[:-50]
            if self._random.random() < 0.02:
                yield self._random.choice(recent)

    def _batch(self, n: int) -> EventBatch:
        draw = self._random
        events = tuple(self._event(n, i) for i in range(draw.randint(1, 20)))
        first = self._next_seq[n]
        self._next_seq[n] += len(events)
        return EventBatch(
            schema=1,
            tenant="t",
            team=f"team-{n % 3}",
            actor=f"actor-{n:04}",
            agent=f"agent-{n:04}-{self._login}",
            first_seq=first,
            events=events,
        )

    def _event(self, n: int, i: int) -> UiEvent:
        draw = self._random
        self._now_ms[n] += draw.choice((200, 900, 1_500, 4_000, 20_000))
        if draw.random() < 0.002:
            self._now_ms[n] += 1_200_000  # a break that ends the session
        kind, app, screen, element = self._step(n, i)
        value = Value(digest=draw.randint(1, 40), length=4, form="text") if kind in {"copy", "paste", "edit"} else None
        return UiEvent(
            at_ms=self._now_ms[n],
            kind=kind,
            app=app,
            screen=screen,
            element=element,
            active_ms=draw.randint(0, 800),
            value=value,
        )

    def _step(self, n: int, i: int) -> tuple[Kind, str, str, str]:
        """Kind, application, screen and element of an agent's next event."""
        draw = self._random
        if n % 2 and draw.random() < 0.95:
            to_do = self._to_do[n]
            if not to_do:
                to_do += draw.choice(TASKS)
            kind, app, element = to_do.pop(0)
            return kind, app, f"{app} 1", f"button:{element}"
        app = draw.choice(APPS)
        kind = draw.choice(
            ("click", "click", "keys", "copy", "paste", "edit", "submit", "lock" if i == 19 else "window")
        )
        return kind, app, f"{app} {draw.randint(1, 4)}", f"button:{draw.randint(1, 5)}"
