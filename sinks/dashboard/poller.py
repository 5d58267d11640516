"""Looks at the database for everybody who has the page open: the cost does not grow with the number of viewers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sinks.dashboard import model
from sinks.dashboard.lag import KafkaLag
from sinks.dashboard.model import Snapshot
from sinks.dashboard.store import Store
from sinks.results.database import UnknownForm
from sinks.results.opportunities import ListedOpportunity
from sinks.results.routine import ListedRoutine, ListedVariant
from taskstream.errors import ServiceError

log = logging.getLogger("taskstream.dashboard")

SHARE = 0.03
"""A query takes at most this share of the time: one that takes 0.3 s is asked every 10 s."""
UNSEEN_S = 30.0
"""Without anybody looking for so long, the database is asked rarely."""
UNKNOWN_S = 30.0
"""After an answer that cannot be read, the same is asked again so much later."""
RATE_S = 10.0
"""Span over which the rate of events is measured."""


class _Look(Struct, frozen=True):
    """One thing to look at: the field of the snapshot, the query with its parameters, its rows, how often (seconds)."""

    field: str
    query: str
    kind: type[Any]
    every_s: float
    parameters: dict[str, Any] = {}


LOOKS = (
    _Look("totals", "totals", model.Totals, 1.0),
    _Look("activity", "activity", model.Minute, 1.5),
    _Look("freshness", "freshness", model.FreshMinute, 1.5),
    _Look("opportunities", "opportunities", ListedOpportunity, 1.0, {"top": 200}),
    _Look("transfers", "transfers", model.Moved, 2.0),
    _Look("pipeline", "pipeline", model.TopicProgress, 2.0),
    _Look("routines", "routines", ListedRoutine, 5.0, {"id": ""}),
    _Look("variants", "variants", ListedVariant, 10.0, {"routine": "", "each": 5}),
    _Look("refused", "dead_letters", model.Refused, 5.0),
    _Look("people", "people", model.People, 5.0),
)
KAFKA_S = 3.0


class Poller:
    """Keeps :attr:`snapshot` true. ``clock`` gives seconds that only grow, ``wall_ms`` the time of day."""

    def __init__(
        self,
        store: Store,
        kafka: KafkaLag,
        k: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.snapshot = Snapshot(k=k)
        self._store = store
        self._kafka = kafka
        self._clock = clock
        self._wall_ms = wall_ms
        self._due: dict[str, float] = {}
        self._seen = clock()
        self._counts: deque[tuple[float, int]] = deque()
        self._busy = asyncio.Lock()

    def seen(self) -> None:
        """Somebody is looking."""
        self._seen = self._clock()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(0.3 if self._clock() - self._seen < UNSEEN_S else 5.0)

    async def look(self) -> Snapshot:
        """Look at everything that is due; returns the new snapshot."""
        async with self._busy:
            problem = await self._all()
            if self._is_due("kafka"):
                began = self._clock()
                self._put(kafka=await asyncio.to_thread(self._kafka.read))
                self._schedule("kafka", KAFKA_S, began)
            if problem != self.snapshot.problem:
                log.warning("%s", problem or "ClickHouse answers again")
            self._put(problem=problem, at_ms=self._wall_ms())
        return self.snapshot

    async def _all(self) -> str:
        """Every look that is due; returns what is wrong, or nothing."""
        problem = ""
        for look in LOOKS:
            try:
                await self._one(look)
            except UnknownForm as error:
                self._schedule(look.field, UNKNOWN_S, self._clock())
                problem = str(error)
            except ServiceError as error:
                return str(error)
        return problem

    async def _one(self, look: _Look) -> None:
        if not self._is_due(look.field):
            return
        began = self._clock()
        rows = await asyncio.to_thread(partial(self._store.rows, look.query, look.kind, **look.parameters))
        self._schedule(look.field, look.every_s, began)
        if look.kind is model.Totals:
            self._put(totals=rows[0], events_per_s=self._rate(rows[0].events))
        elif look.kind is model.People:
            self._put(people=rows[0].people)
        else:
            self._put(**{look.field: rows})

    def _put(self, **changed: Any) -> None:
        """Change the snapshot; what is equal stays the same object, so that viewers can tell what is new."""
        new = {name: value for name, value in changed.items() if value != getattr(self.snapshot, name)}
        if new:
            self.snapshot = replace(self.snapshot, **new)

    def _rate(self, events: int) -> float:
        now = self._clock()
        self._counts.append((now, events))
        while len(self._counts) > 2 and now - self._counts[0][0] > RATE_S:
            self._counts.popleft()
        first, before = self._counts[0]
        return max(0.0, (events - before) / (now - first)) if now > first else 0.0

    def _is_due(self, name: str) -> bool:
        return self._clock() >= self._due.get(name, 0.0)

    def _schedule(self, name: str, every_s: float, began: float) -> None:
        now = self._clock()
        self._due[name] = now + max(every_s, (now - began) / SHARE) - 0.05
