"""Published tables reach every partition through its own log, once where nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from confluent_kafka import KafkaException

from streams.discovery.semimarkov.served import MAX_TABLES_BYTES
from streams.runtime.heartbeat import WRITTEN_S, heartbeat_producer
from streams.runtime.tables_follower import PublishedTables
from streams.runtime.tables_writer import AGAIN_S, AT_ONCE_BYTES, TablesWriter
from streams.stages.tenant_tables import MAX_TENANTS
from taskstream.events import HEARTBEAT_TYPE, TABLES_HEADER
from taskstream.settings import Settings
from taskstream.topics import UI_EVENTS
from tests.unit.streams.build import T0, batch, event, marker, state, tables
from tests.unit.streams.runtime.pipeline import EVENTS, Owned, Pipeline


def published(*versions: tuple[str, int]) -> dict[str, PublishedTables]:
    return {tenant: PublishedTables(version, tables(tenant, version)) for tenant, version in versions}


def markers(world: Pipeline, partition: int) -> list[bytes]:
    log = world.logs[EVENTS, partition]
    return [content for record in log for name, content in record.headers if name == TABLES_HEADER]


def started(partitions: int = 3, workers: int = 2) -> Pipeline:
    world = Pipeline(partitions, workers)
    world.now_ms = T0
    world.start()
    return world


def in_use(world: Pipeline) -> list[dict[str, int]]:
    return [
        {tenant: served.version for tenant, served in operator.tables.served.items()} for operator in world.phase_1()
    ]


def test_every_partition_gets_each_version_once_and_restarts_change_nothing() -> None:
    world = started()
    world.published = published(("t", 3))
    world.pass_time(2)
    assert in_use(world) == [{"t": 3}] * 3
    world.published = published(("t", 4), ("other", 1))
    world.pass_time(60)
    world.stop()
    world.start()
    world.pass_time(60)
    assert in_use(world) == [{"t": 4, "other": 1}] * 3
    for partition in range(3):
        assert markers(world, partition) == [tables("t", 3), tables("t", 4), tables("other", 1)]


def test_what_a_partition_has_newer_or_as_new_is_not_written() -> None:
    world = started(1, 1)
    world.published = published(("t", 4))
    world.pass_time(2)
    world.published = published(("t", 3))
    world.pass_time(60)
    assert markers(world, 0) == [tables("t", 4)]


def test_heartbeats_go_on_beside_tables() -> None:
    """A marker ends no silence: with new tables each second, open work is closed as fast as without."""

    def closed_after(version: int) -> int:
        world = started(1, 1)
        world.send(0, batch(0, [event(0), event(1)]))
        for second in range(2_000):
            if version:
                world.published = published(("t", second + 1))
            world.pass_time(1)
            if not world.phase_1()[0].agents:
                return second
        raise AssertionError

    assert closed_after(1) == closed_after(0)


class Log:
    """A producer that notes what it is given; ``fails`` is raised instead."""

    def __init__(self) -> None:
        self.written: list[tuple[str, int, bytes, list[tuple[str, bytes]]]] = []
        self.fails: Exception | None = None

    def produce(self, topic: str, value: bytes, *, partition: int, headers: list[tuple[str, bytes]]) -> None:
        if self.fails is not None:
            raise self.fails
        self.written.append((topic, partition, value, headers))

    def poll(self, timeout: float) -> int:
        return 0

    def purge(self) -> None:
        """Nothing is under way."""


class Bench:
    """A writer over some partitions whose input is not read unless :meth:`read` says so."""

    def __init__(self, latest: Mapping[str, PublishedTables], partitions: int = 1) -> None:
        self.latest = latest
        self.log = Log()
        self.owned = [Owned((EVENTS, partition), state(), 0) for partition in range(partitions)]
        self.ends = dict.fromkeys([("p.ui-events", partition) for partition in range(partitions)], 100)
        self._subject = TablesWriter(Settings(prefix="p."), self.log, lambda: self.latest)

    def write(self, now: float) -> int:
        """How many are written at that time."""
        before = len(self.log.written)
        self._subject.write(cast(Any, self.owned), now, self.ends)
        return len(self.log.written) - before


def test_the_marker_as_it_is_written() -> None:
    subject = Bench(published(("t", 3)))
    assert subject.write(1) == 1
    assert subject.log.written == [
        (
            "p.ui-events",
            0,
            b'{"schema":1,"advance_ms":1}',
            [("ce_type", HEARTBEAT_TYPE), (TABLES_HEADER, tables("t", 3))],
        )
    ]


def test_only_partitions_that_are_ready_are_written_to() -> None:
    subject = Bench(published(("t", 3)), 2)
    subject.owned[0].state = "restoring"
    assert subject.write(1) == 1
    assert subject.log.written[0][1] == 1
    subject.owned[0].state = "ready"
    assert subject.write(2) == 1


def test_what_does_not_come_back_is_written_again_when_all_that_was_before_it_has_been_read() -> None:
    subject = Bench(published(("t", 3)))
    assert [subject.write(second) for second in range(10)] == [1, *[0] * 9]
    assert subject.write(AGAIN_S) == 0, "a hundred records are before it"
    subject.ends["p.ui-events", 0] = 250
    subject.owned[0].position = 99
    assert subject.write(1_000) == 0
    subject.owned[0].position = 100
    assert subject.write(1_001) == 1, "it was lost"
    assert subject.write(1_002) == 0
    subject.owned[0].operator.apply(marker(100, tables("t", 3)))
    assert subject.write(9_999) == 0


def test_newer_tables_do_not_wait_for_older_ones() -> None:
    subject = Bench(published(("t", 3)))
    assert subject.write(0) == 1
    subject.latest = published(("t", 4))
    assert subject.write(AGAIN_S - 1) == 0
    assert subject.write(AGAIN_S) == 1


def test_a_log_created_anew_is_written_to_again() -> None:
    subject = Bench(published(("t", 3)))
    subject.write(0)
    subject.write(AGAIN_S)
    subject.ends["p.ui-events", 0] = 0
    assert subject.write(AGAIN_S + 1) == 1


def test_a_partition_is_given_no_more_tenants_than_it_keeps() -> None:
    subject = Bench(published(*[(f"tenant-{number}", 1) for number in range(MAX_TENANTS + 20)]))
    assert subject.write(0) == MAX_TENANTS
    operator = subject.owned[0].operator
    for offset, (_, _, _, headers) in enumerate(subject.log.written):
        raw = dict(headers)[TABLES_HEADER]
        assert operator.apply(marker(offset, raw)) == []
    assert subject.write(50) == 0
    subject.latest = {**subject.latest, **published(("tenant-3", 2), (f"tenant-{MAX_TENANTS}", 2))}
    assert subject.write(51) == 1


def test_many_partitions_are_written_to_a_few_at_a_time() -> None:
    large = PublishedTables(3, tables("t", 3) + bytes(250_000))
    subject = Bench({"t": large}, 40)
    counts = [subject.write(second) for second in range(6)]
    assert sum(counts) == 40
    assert max(counts) <= AT_ONCE_BYTES // 250_000 + 1
    assert len({partition for _, partition, _, _ in subject.log.written}) == 40


@pytest.mark.parametrize(("error", "again_s"), [(BufferError(), 1.0), (KafkaException(), AGAIN_S)])
def test_what_the_producer_refuses_is_tried_again(error: Exception, again_s: float) -> None:
    subject = Bench(published(("t", 3)), 2)
    for owned in subject.owned:
        owned.position = 100
    subject.log.fails = error
    subject.write(0)
    subject.log.fails = None
    written = {second: subject.write(second) for second in (1.0, AGAIN_S)}
    assert written[again_s] == sum(written.values()) == 2


def test_the_producer_takes_the_largest_tables_and_gives_up_before_they_are_written_again() -> None:
    producer = heartbeat_producer(Settings(kafka="127.0.0.1:1"))
    with pytest.raises(KafkaException):
        producer.produce("t", bytes(UI_EVENTS.message_bytes + 1), partition=0, headers=[])
    producer.produce("t", b"{}", partition=0, headers=[(TABLES_HEADER, bytes(MAX_TABLES_BYTES))])
    producer.purge()
    assert WRITTEN_S <= AGAIN_S
