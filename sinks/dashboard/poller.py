"""Looks at the database for everybody who has the page open: the cost does not grow with the number of viewers.

Each look has a schedule, a back-off, a deadline and a message of its own: one that is slow or fails keeps no other
from being asked.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from sinks.dashboard import page_data
from sinks.dashboard.page_data import Snapshot
from sinks.dashboard.page_store import PageStore
from sinks.results.database import UnknownForm
from sinks.results.kafka_lag import Kafka, KafkaLag
from sinks.results.opportunities import ListedOpportunity
from sinks.results.routine import ListedRoutine, ListedVariant
from sinks.results.standing import Standing
from taskstream.errors import ServiceError

log = logging.getLogger("taskstream.dashboard")

SHARE: Final = 0.03
"""A query takes at most this share of the time: one that takes 0.3 s is asked every 10 s."""
UNSEEN_S: Final = 30.0
"""Without anybody looking for so long, the database is asked rarely."""
UNKNOWN_S: Final = 30.0
"""After an answer that cannot be read, the same is asked again so much later."""
LONGEST_S: Final = 30.0
"""Longest back-off of a look that fails."""
PATIENCE_S: Final = 3.0
"""After so long without an answer a look says so; it is not asked a second time meanwhile."""
KAFKA_PATIENCE_S: Final = 25.0
"""The same for Kafka, whose look ends by itself: it makes four requests, each with a time-out of its own."""
STALE_S: Final = 15.0
"""What is shown counts as out of date after so long without any answer."""
RATE_S: Final = 10.0
"""Span over which the rate of events is measured."""


class Look(Struct, frozen=True):
    """One thing to look at: the field of the snapshot, the query with its parameters, its rows, how often (seconds)."""

    field: str
    query: str
    kind: type[Any]
    every_s: float
    parameters: dict[str, Any] = {}


LOOKS: Final = (
    Look("totals", "totals", page_data.Totals, 1.0),
    Look("activity", "activity", page_data.Minute, 1.5),
    Look("freshness", "freshness", page_data.FreshMinute, 1.5),
    Look("opportunities", "opportunities", ListedOpportunity, 1.0, {"top": 200}),
    Look("transfers", "transfers", page_data.Moved, 2.0),
    Look("pipeline", "pipeline", page_data.TopicProgress, 2.0),
    Look("routines", "routines", ListedRoutine, 5.0, {"id": ""}),
    Look("variants", "variants", ListedVariant, 10.0, {"routine": "", "each": 5}),
    Look("refused", "dead_letters", page_data.Refused, 5.0),
    Look("people", "people", page_data.People, 5.0),
    Look("standing", "standing", Standing, 2.0),
)
KAFKA: Final = Look("kafka", "", Kafka, 3.0)


class _State(Struct):
    """How a look stands: when it is due, since when it is being asked, what is wrong, its failures in a row."""

    due_s: float = 0.0
    task: asyncio.Task[Any] | None = None
    since_s: float = 0.0
    problem: str = ""
    failures: int = 0
    answered: bool = False


class Poller:
    """Keeps :attr:`snapshot` true. ``clock`` gives seconds that only grow, ``wall_ms`` the time of day."""

    def __init__(
        self,
        store: PageStore,
        kafka: KafkaLag,
        k: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        pool: Executor | None = None,
    ) -> None:
        self.snapshot = Snapshot(k=k)
        self._store = store
        self._kafka = kafka
        self._clock = clock
        self._wall_ms = wall_ms
        self._pool = pool or ThreadPoolExecutor(len(LOOKS) + 1, thread_name_prefix="look")
        self._states = {look.field: _State() for look in (*LOOKS, KAFKA)}
        self._seen = clock()
        self._answered_s = self._seen
        self._counts: deque[tuple[float, int]] = deque()

    def seen(self) -> None:
        """Somebody is looking."""
        self._seen = self._clock()

    @property
    def stale(self) -> bool:
        """Whether what is shown is out of date: something is wrong, or nothing was answered for a while."""
        return self.snapshot.problem != "" or self._clock() - self._answered_s > STALE_S

    @property
    def ready(self) -> bool:
        """Whether everything was answered, and nothing is wrong now."""
        return not self.snapshot.problem and all(self._states[look.field].answered for look in LOOKS)

    async def run(self) -> None:
        """Look for ever; what nobody expected is logged and ends nothing."""
        while True:
            try:
                await self.look(0.3)
            except Exception:
                log.exception("the page's figures could not be brought up to date; trying again")
            await asyncio.sleep(0.3 if self._clock() - self._seen < UNSEEN_S else 5.0)

    async def look(self, wait_s: float = 5.0) -> Snapshot:
        """Ask everything that is due, and wait for answers, so long at most; returns the newest snapshot."""
        now = self._clock()
        for look in (*LOOKS, KAFKA):
            state = self._states[look.field]
            if state.task is None and now >= state.due_s:
                state.since_s = now
                state.task = asyncio.get_running_loop().create_task(self._ask(look, state))
        asked = [state.task for state in self._states.values() if state.task]
        if asked:
            await asyncio.wait(asked, timeout=wait_s)
        self._tell_problem()
        self._tell_kafka()
        return self.snapshot

    async def _ask(self, look: Look, state: _State) -> None:
        """Ask one thing, take in the answer, and say when it is to be asked next."""
        loop = asyncio.get_running_loop()
        wait_s = look.every_s
        try:
            took_s, answer = await loop.run_in_executor(self._pool, self._timed, look)
            wait_s = max(wait_s, took_s / SHARE)
            self._take_in(look, answer)
            state.problem, state.failures, state.answered = "", 0, True
        except UnknownForm as error:
            state.problem, wait_s = str(error), UNKNOWN_S
        except ServiceError as error:
            state.problem = str(error)
            wait_s = self._back_off(state, look)
        except Exception as error:
            log.exception("%s could not be looked at", look.field)
            state.problem = f"cannot be shown: unexpected {type(error).__name__}, see the log"
            wait_s = self._back_off(state, look)
        state.task = None
        state.due_s = self._clock() + wait_s - 0.05

    def _timed(self, look: Look) -> tuple[float, Any]:
        if look is KAFKA:
            return 0.0, self._kafka.read()
        began = self._clock()
        rows = self._store.rows(look.query, look.kind, **look.parameters)
        return self._clock() - began, rows

    @staticmethod
    def _back_off(state: _State, look: Look) -> float:
        state.failures += 1
        return float(min(LONGEST_S, look.every_s * 2 ** (state.failures - 1)))

    def _take_in(self, look: Look, answer: Any) -> None:
        if look.kind is page_data.Totals:
            self._put(totals=answer[0], events_per_s=self._rate(answer[0].events))
        elif look.kind is page_data.People:
            self._put(people=answer[0].people)
        elif look.kind is Standing:
            self._put(standing=answer[0])
        else:
            self._put(**{look.field: answer})
        if look is not KAFKA:
            self._answered_s = self._clock()
            self._put(at_ms=self._wall_ms())

    def _tell_problem(self) -> None:
        """One line of what is wrong: each message once, with what it concerns where that is not everything."""
        now = self._clock()
        words: dict[str, list[str]] = {}
        for look in LOOKS:
            state = self._states[look.field]
            problem = state.problem
            if state.task is not None and now - state.since_s >= PATIENCE_S:
                problem = f"ClickHouse has not answered for {now - state.since_s:.0f} s"
            if problem:
                words.setdefault(problem, []).append(look.field)
        told = [
            problem if len(fields) == len(LOOKS) or len(fields) > len(LOOKS) // 2 else f"{', '.join(fields)}: {problem}"
            for problem, fields in words.items()
        ]
        problem = "; ".join(told)
        if bool(problem) != bool(self.snapshot.problem):
            log.warning("%s", problem or "ClickHouse answers again")
        self._put(problem=problem)

    def _tell_kafka(self) -> None:
        """What is wrong with the look at Kafka stands where Kafka's own words do: the page is as ready as without."""
        state, now = self._states[KAFKA.field], self._clock()
        problem = state.problem
        if state.task is not None and now - state.since_s >= KAFKA_PATIENCE_S:
            problem = f"Kafka has not answered for {now - state.since_s:.0f} s"
        if problem:
            self._put(kafka=Kafka(problem=problem))

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
