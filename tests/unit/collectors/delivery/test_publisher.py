"""What waits for Kafka keeps its order and its times, through outages, sleep and lost acknowledgements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from confluent_kafka import KafkaError, KafkaException
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.clock import Stopwatch
from collectors.delivery import publisher as module
from collectors.delivery.publisher import FIRST_TRY, HANDED_OVER_S, Publisher
from collectors.delivery.spool import Origin, Spool
from streams.operator import InputRecord
from taskstream.events import BATCH_TYPE, UiEvent, decode_batch
from taskstream.kafka.partitioning import partition_of
from taskstream.settings import Settings
from tests.unit.streams.build import T0, clean, of, state

ORIGIN = Origin(tenant="t", team="red", actor="p", agent="a")
TICK_S = 10.0
"""The publisher is given time so often (simulated seconds)."""


class World:
    """A desktop whose clock is wrong by ``error_s``, and a broker that is away at times.

    ``lost_acks``  messages that are stored from now on without the desktop hearing of it
    """

    def __init__(self, spool: Spool, error_s: float = 0.0) -> None:
        self.true_s, self.steady_s, self.error_s = T0 / 1_000, 0.0, error_s
        self.online = True
        self.partitions = 3
        self.placed: list[tuple[str, int]] = []  # agent and partition of each message that arrived
        self.lost_acks = 0
        self.arrived: list[tuple[int, bytes]] = []
        self.true_ms: list[int] = []  # of each event
        self.spool = spool
        self.producers: list[Producer] = []
        self.publisher = Publisher(Settings(kafka="k:1"), "ui-events", spool, sent_ms=lambda _: self.desktop_ms())

    def desktop_ms(self) -> int:
        return round((self.true_s + self.error_s) * 1_000)

    def record(self, messages: int = 1, origin: Origin = ORIGIN) -> None:
        self.true_ms += [round(self.true_s * 1_000)] * messages
        click = UiEvent(at_ms=self.desktop_ms(), kind="click", app="x")
        self.spool.append_many([(origin, [click])] * messages, self.desktop_ms())

    def step(self) -> None:
        self.publisher.wake()  # or it would wait for the spool, in real time
        self.publisher._step()

    def run(self, seconds: float) -> None:
        while seconds > 0:
            self.step()
            part = min(seconds, TICK_S)
            self.true_s, self.steady_s, seconds = self.true_s + part, self.steady_s + part, seconds - part

    def sleep(self, seconds: float) -> None:
        self.true_s += seconds

    def new_producer(self, config: dict[str, Any]) -> Producer:
        self.producers.append(Producer(self))
        return self.producers[-1]

    def through_the_stage(self) -> list[UiEvent]:
        """The clean events, which must be all, once and in order."""
        operator = state()
        outputs = []
        for offset, (at_ms, value) in enumerate(self.arrived):
            outputs += operator.apply(InputRecord(offset, at_ms, b"p", value, (("ce_type", BATCH_TYPE),)))
        outputs += operator.flush()
        assert of(outputs, "dead-letter") == []
        batches = clean(outputs)
        assert [batch.first_seq for batch in batches] == list(range(len(self.true_ms)))
        return [event for batch in batches for event in batch.events]


class Producer:
    """librdkafka's, as far as the publisher sees it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.queue: list[tuple[bytes, int, Callable[[KafkaError | None, Any], None]]] = []
        self.stored = 0  # of the queue, without an acknowledgement
        self.purged: list[Callable[[KafkaError | None, Any], None]] = []
        self.most = 0

    def list_topics(self, topic: str, timeout: float) -> Any:
        if not self.world.online:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        partitions = dict.fromkeys(range(self.world.partitions))
        return SimpleNamespace(topics={topic: SimpleNamespace(error=None, partitions=partitions)})

    def produce(self, topic: str, value: bytes, *, on_delivery: Any, partition: int, **more: Any) -> None:
        if partition >= self.world.partitions:
            raise KafkaException(KafkaError(KafkaError._UNKNOWN_PARTITION))
        self.queue.append((value, partition, on_delivery))
        self.most = max(self.most, len(self.queue))

    def poll(self, timeout: float) -> None:
        if self.world.online:  # what is sent once more is known to the broker by its number, and acknowledged
            for _, _, tell in self.queue[: self.stored]:
                tell(None, None)
            del self.queue[: self.stored]
            self.stored = 0
        while self.queue and self.world.online:
            value, partition, tell = self.queue[self.stored]
            self.world.arrived.append((round(self.world.true_s * 1_000), value))
            self.world.placed.append((decode_batch(value).agent, partition))
            if self.world.lost_acks:
                self.world.lost_acks -= 1
                self.stored += 1
                # the answers are lost with the connection
                self.world.online = self.world.lost_acks > 0 and self.stored < len(self.queue)
            else:
                del self.queue[0]
                tell(None, None)

    def purge(self) -> None:
        self.purged += [tell for _, _, tell in self.queue]
        self.queue.clear()

    def flush(self, timeout: float) -> int:
        for tell in self.purged:
            tell(KafkaError(KafkaError._PURGE_QUEUE), None)
        self.purged.clear()
        return 0


@contextmanager
def world(error_s: float = 0.0) -> Iterator[World]:
    with TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "spool.db")
        made = World(spool, error_s)
        clocks = SimpleNamespace(time=lambda: made.true_s + made.error_s, monotonic=lambda: made.steady_s)
        with patch("collectors.clock.time", clocks), patch.object(module, "new_producer", made.new_producer):
            yield made
        spool.close()


def test_three_clicks_before_an_outage_of_three_hours_keep_their_minutes() -> None:
    with world() as desk:
        desk.online = False
        for _ in range(3):
            desk.record()
            desk.run(60)
        desk.run(3 * 3_600)
        desk.online = True
        desk.run(60)
        assert [event.at_ms for event in desk.through_the_stage()] == [T0, T0 + 60_000, T0 + 120_000]
        assert desk.spool.pending == 0


def test_what_was_queued_before_sleep_is_given_a_new_time() -> None:
    with world() as desk:
        desk.online = False
        desk.record(3)
        desk.step()
        desk.sleep(5 * 3_600)
        desk.online = True
        desk.run(60)
        assert [event.at_ms for event in desk.through_the_stage()] == [T0, T0, T0]


def test_little_is_handed_over_while_nobody_answers_and_the_outage_is_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with world() as desk:
        desk.record()
        desk.run(60)
        desk.online = False
        desk.record(200)
        desk.run(3_600)
        assert [producer.most for producer in desk.producers[:3]] == [200, FIRST_TRY, FIRST_TRY]
        assert len([line for line in caplog.records if line.levelname == "WARNING"]) == 1
        desk.online = True
        desk.run(60)
        assert len(desk.through_the_stage()) == 201


def test_an_outage_is_seen_through_new_producers() -> None:
    with world() as desk, patch("time.monotonic", lambda: desk.steady_s):
        desk.online = False
        desk.record()
        desk.run(300)
        assert desk.publisher.stalled_s >= 290


def test_an_agent_stays_in_its_partition_where_the_topic_is_widened_and_sent_again() -> None:
    """In another partition nobody would know what was seen of it, and count it twice."""
    people = [f"p{n}" for n in range(20)]
    with world() as desk:
        for number, partitions in enumerate((3, 8, 8)):
            desk.partitions = partitions
            for person in people:
                desk.record(origin=Origin(tenant="t", team="red", actor=person, agent=f"{person} {min(number, 1)}"))
                desk.record(origin=Origin(tenant="t", team="red", actor=person, agent=f"{person} 0"))
            desk.lost_acks = 5
            desk.step()
            desk.publisher._failed = KafkaError(KafkaError._MSG_TIMED_OUT)  # all begins again with a new producer
            desk.online = True
            desk.run(300)
        places = {agent: {partition for one, partition in desk.placed if one == agent} for agent, _ in desk.placed}
        assert places == {
            f"{person} {n}": {partition_of(person.encode(), (3, 8)[n])} for person in people for n in (0, 1)
        }


def test_a_topic_created_anew_with_fewer_partitions_gets_all() -> None:
    with world() as desk:
        desk.partitions = 8
        for person in range(20):
            desk.record(origin=Origin(tenant="t", team="red", actor=f"p{person}", agent=f"a{person}"))
        desk.run(60)
        desk.partitions = 2
        for person in range(20):
            desk.record(origin=Origin(tenant="t", team="red", actor=f"p{person}", agent=f"a{person}"))
        desk.run(60)
        assert desk.spool.pending == 0
        assert {partition for _, partition in desk.placed[-20:]} == {0, 1}


ACTIONS = st.one_of(
    st.tuples(st.just("record"), st.integers(1, 60)),
    st.tuples(st.just("run"), st.integers(1, 900)),
    st.tuples(st.just("sleep"), st.integers(1, 3 * 86_400)),
    st.tuples(st.just("online"), st.integers(0, 1)),
    st.tuples(st.just("lose"), st.integers(1, 5)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTIONS, max_size=25), st.sampled_from([0, 300, -300, 7_200, -7_200]))
def test_events_come_once_in_order_and_are_moved_by_no_more_than_the_clocks_error(
    actions: list[tuple[str, int]], error_s: int
) -> None:
    with world(error_s) as desk:
        for name, amount in actions:
            if name == "record":
                desk.record(amount)
                desk.step()
            elif name == "run":
                desk.run(amount)
            elif name == "sleep":
                desk.sleep(amount)
            elif name == "online":
                desk.online = bool(amount)
            else:
                desk.lost_acks = amount
        desk.online, desk.lost_acks = True, 0
        for _ in range(3):
            desk.online = True
            desk.run(HANDED_OVER_S + 2 * TICK_S)
        assert desk.spool.pending == 0
        bound_ms = (abs(error_s) + HANDED_OVER_S + TICK_S) * 1_000
        for event, true_ms in zip(desk.through_the_stage(), desk.true_ms, strict=True):
            assert abs(event.at_ms - true_ms) <= bound_ms
        for arrived_ms, value in desk.arrived:
            delay_ms = arrived_ms + error_s * 1_000 - decode_batch(value).sent_ms
            assert 0 <= delay_ms <= (HANDED_OVER_S + TICK_S) * 1_000


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(-1e6, 1e6))
def test_a_stopwatch_counts_sleep_and_ignores_a_clock_set_back(awake: float, asleep: float, set_by: float) -> None:
    clocks = SimpleNamespace(time=lambda: 1e9, monotonic=lambda: 5.0)
    with patch("collectors.clock.time", clocks):
        watch = Stopwatch()
        clocks.time, clocks.monotonic = lambda: 1e9 + awake + asleep + set_by, lambda: 5.0 + awake
        assert watch.passed_s >= awake - 1e-3
        if set_by >= 0:
            assert watch.passed_s >= awake + asleep - 1e-3
