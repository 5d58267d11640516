"""The poller: asks each thing as often as it may cost, keeps what it knows when ClickHouse is away."""

from __future__ import annotations

import asyncio
from typing import Any

from sinks.dashboard import model
from sinks.dashboard.poller import LOOKS, Poller
from sinks.results.database import NoTables
from taskstream.errors import ServiceError


class _Store:
    def __init__(self, clock: _Clock) -> None:
        self.asked: list[str] = []
        self.events = 0
        self.fails: Exception | None = None
        self.costs: dict[str, float] = {}
        self._clock = clock

    def rows(self, query: str, kind: type[Any], **_: Any) -> tuple[Any, ...]:
        self.asked.append(query)
        if self.fails:
            raise self.fails
        self._clock.now += self.costs.get(query, 0.0)
        if kind is model.Totals:
            return (model.Totals(self.events),)
        return (model.People(7),) if kind is model.People else ()

    def close(self) -> None:
        self.asked.append("close")


class _Kafka:
    def read(self) -> model.Kafka:
        return model.Kafka(messages_in=3, groups=(model.GroupLag("sink", 2),))


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _poller() -> tuple[Poller, _Store, _Clock]:
    clock = _Clock()
    store = _Store(clock)
    poller = Poller(store, _Kafka(), 5, clock=clock, wall_ms=lambda: int(clock.now * 1000))  # type: ignore[arg-type]
    return poller, store, clock


def test_the_first_look_asks_everything_once() -> None:
    poller, store, _ = _poller()
    snapshot = asyncio.run(poller.look())
    assert sorted(store.asked) == sorted(look.query for look in LOOKS)
    assert (snapshot.people, snapshot.waiting, snapshot.problem, snapshot.k) == (7, 2, "", 5)


def test_a_dear_question_is_asked_rarely() -> None:
    poller, store, clock = _poller()
    store.costs = {"people": 1.0}
    for _ in range(100):
        asyncio.run(poller.look())
        clock.now += 0.3
    assert store.asked.count("totals") > 20
    assert store.asked.count("people") == 1


def test_the_rate_is_that_of_the_last_seconds() -> None:
    poller, store, clock = _poller()
    for _ in range(40):
        asyncio.run(poller.look())
        clock.now += 1.0
        store.events += 500
    assert 450 <= poller.snapshot.events_per_s <= 550
    for _ in range(15):
        asyncio.run(poller.look())
        clock.now += 1.0
    assert poller.snapshot.events_per_s == 0


def test_when_clickhouse_is_away_the_last_figures_stay_with_the_reason() -> None:
    poller, store, clock = _poller()
    store.events = 9
    asyncio.run(poller.look())
    store.fails = ServiceError("ClickHouse does not answer: refused")
    clock.now += 10
    snapshot = asyncio.run(poller.look())
    assert (snapshot.totals.events, snapshot.problem) == (9, "ClickHouse does not answer: refused")
    store.fails = None
    clock.now += 10
    assert asyncio.run(poller.look()).problem == ""


def test_missing_tables_come_with_what_to_do() -> None:
    poller, store, _ = _poller()
    store.fails = NoTables("the database x lacks tables or views: `taskstream migrate` makes them")
    assert "taskstream migrate" in asyncio.run(poller.look()).problem


def test_what_has_not_changed_stays_the_same_object() -> None:
    poller, _, clock = _poller()
    first = asyncio.run(poller.look())
    clock.now += 60
    second = asyncio.run(poller.look())
    assert second.totals is first.totals
    assert second.opportunities is first.opportunities
