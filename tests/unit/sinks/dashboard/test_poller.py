"""The poller: asks each thing as often as it may cost, keeps what it knows when ClickHouse is away."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from sinks.dashboard import page_data
from sinks.dashboard.poller import LOOKS, Poller
from sinks.results.database import NoTables
from sinks.results.kafka_lag import GroupLag, Kafka
from sinks.results.standing import Standing
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
        if kind is page_data.Totals:
            return (page_data.Totals(self.events),)
        if kind is Standing:
            return (Standing(self.events, floor=5),)
        return (page_data.People(7),) if kind is page_data.People else ()

    def close(self) -> None:
        self.asked.append("close")


class _Kafka:
    def read(self) -> Kafka:
        return Kafka(messages_in=3, groups=(GroupLag("sink", 2),))


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _poller() -> tuple[Poller, _Store, _Clock]:
    clock = _Clock()
    store = _Store(clock)
    pool = ThreadPoolExecutor(1)
    poller = Poller(store, _Kafka(), 5, clock=clock, wall_ms=lambda: int(clock.now * 1000), pool=pool)  # type: ignore[arg-type]
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


def test_one_that_never_answers_keeps_no_other_waiting_and_is_not_asked_twice() -> None:
    clock = _Clock()
    store = _Store(clock)
    hang = threading.Event()
    answer = store.rows

    def rows(query: str, kind: type[Any], **named: Any) -> tuple[Any, ...]:
        found = answer(query, kind, **named)
        if query == "routines":
            hang.wait(30)
        return found

    store.rows = rows  # type: ignore[method-assign]

    async def scenario() -> page_data.Snapshot:
        poller = Poller(store, _Kafka(), 5, clock=clock)  # type: ignore[arg-type]
        for _ in range(20):
            began = time.monotonic()
            await poller.look(0.05)
            assert time.monotonic() - began < 1.0
            clock.now += 1.0
        assert not poller.ready
        hang.set()
        return poller.snapshot

    snapshot = asyncio.run(scenario())
    assert store.asked.count("routines") == 1
    assert store.asked.count("totals") >= 10
    assert snapshot.problem.startswith("routines: ClickHouse has not answered for")


def test_one_that_fails_backs_off_alone_and_says_what_it_concerns() -> None:
    poller, store, clock = _poller()
    answer = store.rows

    def rows(query: str, kind: type[Any], **named: Any) -> tuple[Any, ...]:
        if query == "transfers":
            store.asked.append(query)
            raise KeyError("nobody expected this")
        return answer(query, kind, **named)

    store.rows = rows  # type: ignore[method-assign]
    for _ in range(60):
        asyncio.run(poller.look())
        clock.now += 1.0
    assert poller.snapshot.problem == "transfers: cannot be shown: unexpected KeyError, see the log"
    assert 3 <= store.asked.count("transfers") <= 8
    assert store.asked.count("totals") >= 50


def test_an_unexpected_fault_of_the_look_at_kafka_is_told_where_kafka_is_shown() -> None:
    poller, _, clock = _poller()
    kafka = poller._kafka
    asyncio.run(poller.look())

    def broken() -> Kafka:
        raise KeyError("nobody expected this")

    poller._kafka = SimpleNamespace(read=broken)  # type: ignore[assignment]
    clock.now += 10
    snapshot = asyncio.run(poller.look())
    assert snapshot.kafka.problem == "cannot be shown: unexpected KeyError, see the log"
    assert (snapshot.problem, poller.ready) == ("", True)
    poller._kafka = kafka
    clock.now += 60
    assert asyncio.run(poller.look()).kafka == _Kafka().read()


def test_a_look_at_kafka_that_hangs_is_told_and_ends_with_its_answer() -> None:
    clock, hang = _Clock(), threading.Event()

    def read() -> Kafka:
        hang.wait(30)
        return _Kafka().read()

    async def scenario() -> None:
        poller = Poller(_Store(clock), SimpleNamespace(read=read), 5, clock=clock)  # type: ignore[arg-type]
        await poller.look(0.05)
        clock.now += 20
        assert not (await poller.look(0.05)).kafka.problem
        clock.now += 20
        assert (await poller.look(0.05)).kafka.problem == "Kafka has not answered for 40 s"
        hang.set()
        assert (await poller.look()).kafka == _Kafka().read()

    asyncio.run(scenario())


@pytest.mark.parametrize("set_by_s", [-86_400, 86_400])
def test_a_wall_clock_that_is_set_makes_nothing_look_old_or_new(set_by_s: int) -> None:
    clock = _Clock()
    wall_s = 1e9
    store, pool = _Store(clock), ThreadPoolExecutor(1)
    poller = Poller(store, _Kafka(), 5, clock=clock, wall_ms=lambda: int(wall_s * 1000), pool=pool)  # type: ignore[arg-type]
    asyncio.run(poller.look())
    wall_s += set_by_s
    assert not poller.stale
    clock.now += 14
    assert not poller.stale
    clock.now += 2
    assert poller.stale
    asyncio.run(poller.look())
    assert not poller.stale
    store.fails = ServiceError("ClickHouse does not answer: refused")
    clock.now += 10
    asyncio.run(poller.look())
    assert poller.stale


def test_the_loop_survives_what_nobody_expected() -> None:
    poller, *_ = _poller()
    turns = 0

    async def broken(wait_s: float = 0.0) -> page_data.Snapshot:
        del wait_s
        nonlocal turns
        turns += 1
        raise RuntimeError("broken")

    poller.look = broken  # type: ignore[method-assign]

    async def scenario() -> None:
        task = asyncio.get_running_loop().create_task(poller.run())
        while turns < 2:
            await asyncio.sleep(0.05)
        assert not task.done()
        task.cancel()

    asyncio.run(scenario())
