"""Where a partition begins, and what happens when its log is not the one that it was."""

from __future__ import annotations

import threading
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError
from confluent_kafka import TopicPartition as KafkaPartition
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from sinks.clickhouse import beginnings
from sinks.clickhouse.logs import Gap, base, start
from sinks.clickhouse.ranges import Mark
from taskstream import metrics
from tests.unit.sinks.clickhouse.world import Process, World, bury, drain, give, join, take_away

MARK = Mark(5, None, 3, "c:1")


def _one(world: World, *, by_hand: bool = False, rows: int = 5) -> Process:
    process = Process(world, by_hand=by_hand, rows=rows)
    join(world, process)
    give(world, 0, process)
    return process


@pytest.mark.parametrize(
    ("committed", "mark", "low", "high", "position", "log", "check", "gap"),
    [
        (-1001, None, 2, 9, 2, "c:1", True, None),
        (4, MARK, 0, 9, 4, "c:1", False, None),
        (4, None, 0, 9, 4, "c:1", True, None),
        (4, MARK, 6, 9, 6, "c:1", False, Gap(4, 5, "retention")),
        (4, Mark(5, 7, 3, "c:1"), 6, 9, 6, "c:1", False, Gap(4, 5, "retention", 5)),
        (4, Mark(5, 7, 3, "c:1"), 9, 9, 9, "c:1", False, Gap(4, 8, "retention", 7)),
        (4, Mark(5, None, 3, "c:0"), 0, 9, 0, "c:1", True, Gap(4, 4, "recreated")),
        (4, Mark(5, 7, 3, "c:0"), 0, 9, 0, "c:1", True, Gap(4, 7, "recreated")),
        (4, Mark(5, 7, 3, "c:0"), 3, 9, 3, "c:1", True, Gap(4, 7, "recreated", low=3)),
        (4, MARK, 0, 3, 0, "c:1+1", True, Gap(3, 3, "truncated")),
        (4, Mark(5, 7, 3, "c:1+1"), 0, 6, 0, "c:1+2", True, Gap(6, 7, "truncated")),
        (4, Mark(5, 7, 3), 0, 9, 4, "c:1", False, None),
        (9, MARK, 9, 9, 9, "c:1", False, None),
    ],
)
def test_where_a_partition_begins(
    committed: int, mark: Mark | None, low: int, high: int, position: int, log: str, check: bool, gap: Gap | None
) -> None:
    found = start(committed, mark, "c:1", low, high)
    assert (found.position, found.log, found.check, found.gap) == (position, log, check, gap)
    assert base(found.log) == "c:1"


def test_what_may_be_stored_is_not_called_lost_for_certain() -> None:
    assert Gap(4, 8, "retention").words("c:1").endswith("before they were stored")
    assert Gap(4, 8, "retention", 7).words("c:1").endswith("but those up to 7 were begun and may be")


def test_what_retention_took_of_a_topic_created_anew_is_named_and_counted() -> None:
    world = World()
    world.produce(0, b"a")
    process = _one(world)
    drain(world, process, turns=4)
    bury(world, process)
    world.recreate(forgets_commits=False)
    for word in (b"b", b"c", b"d"):
        world.produce(0, word)
    world.retain(0, 2)
    before = metrics.LOST._value.get()
    drain(world, _one(world), turns=6)
    assert world.stored == [b"a", b"d"]
    assert [letter.detail for letter in world.gaps] == [
        "the topic was created anew: read again from its start as log c:2; of the former one nothing from offset 1 on, "
        "of this one not offsets 0 to 1, which retention removed before they were stored"
    ]
    assert metrics.LOST._value.get() == before + 2


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("forgets_commits", [True, False])
@pytest.mark.parametrize("longer", [True, False])
def test_of_a_topic_created_anew_every_row_is_stored_once(running: bool, forgets_commits: bool, longer: bool) -> None:
    """The same offsets hold other messages: tokens that named the topic alone would lose them."""
    world = World()
    for word in (b"a", b"b", b"c"):
        world.produce(0, word)
    process = _one(world)
    drain(world, process, turns=6)
    if not running:
        bury(world, process)
        process = _one(world)
    world.recreate(forgets_commits=forgets_commits)
    for word in (b"d", b"e", b"a", b"f", b"g")[: 5 if longer else 2]:
        world.produce(0, word)
    drain(world, process, turns=12)
    bury(world, process)
    drain(world, _one(world), turns=6)
    assert sorted(world.stored) == sorted({b"a", b"b", b"c", *world.expected()})
    if not forgets_commits or running:
        assert [(letter.detail[:27], letter.log) for letter in world.gaps] == [("the topic was created anew:", "c:2")]


def test_what_is_dealt_out_while_its_topic_is_gone_begins_when_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginnings, "MISSING_TRIES", 1)
    world = World(2)
    world.produce(0, b"a")
    world.produce(1, b"b")
    world.gone = True
    process = _one(world)
    give(world, 1, process)
    process.step()
    assert process.ledger.owned() == []
    take_away(world, 1)
    world.gone = False
    for _ in range(6):
        process.step()
    assert [source.partition for source in process.ledger.owned()] == [0]
    assert world.stored == [b"a"]


def test_a_topic_that_is_gone_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginnings, "MISSING_TRIES", 1)
    world = World()
    world.produce(0, b"a")
    process = _one(world)
    drain(world, process, turns=4)
    world.recreate(forgets_commits=False)
    world.gone = True
    process.consumer.seek(KafkaPartition("t", 0, 99))  # as the client finds: its place is nowhere
    for _ in range(4):
        process.step()
    late = Process(world)
    join(world, late)
    late.consumer.callbacks["on_assign"](late.consumer, [KafkaPartition("t", 0)])
    assert late.ledger.owned() == []
    world.gone = False
    world.produce(0, b"b")
    drain(world, process, turns=8)
    assert sorted(world.stored) == [b"a", b"b"]


def test_what_retention_took_is_named_and_the_rest_is_stored() -> None:
    world = World()
    world.produce(0, b"a")
    process = _one(world)
    drain(world, process, turns=4)
    bury(world, process)
    for n in range(6):
        world.produce(0, b"w%d" % n)
    world.retain(0, 4)
    drain(world, _one(world), turns=6)
    assert [(letter.reason, letter.offset, letter.detail) for letter in world.gaps] == [
        ("lost", 1, "offsets 1 to 3: retention removed them before they were stored")
    ]
    assert sorted(world.stored) == [b"a", *(b"w%d" % n for n in range(3, 6))]


def test_retention_that_passes_a_running_sink_is_noticed() -> None:
    world = World()
    process = _one(world, by_hand=True)
    for n in range(9):
        world.produce(0, b"w%d" % n)
    process.step()  # takes in the first three
    world.retain(0, 7)
    drain(world, process, turns=8)
    assert sorted(world.stored) == [b"w%d" % n for n in (0, 1, 2, 7, 8)]
    assert [(letter.offset, letter.detail[:14]) for letter in world.gaps] == [(3, "offsets 3 to 6")]


@pytest.mark.parametrize("in_flight", [True, False])
def test_an_end_that_was_lost_gives_its_offsets_out_again(in_flight: bool) -> None:
    world = World()
    for word in (b"a", b"b", b"c"):
        world.produce(0, word)
    process = _one(world, by_hand=in_flight)
    for _ in range(4):
        process.step()
    bury(world, process)
    world.truncate(0, 1)
    for word in (b"d", b"e", b"f", b"g")[: 4 if in_flight else 1]:
        world.produce(0, word)
    successor = _one(world)
    drain(world, successor, turns=8)
    while process.pool.waiting:
        process.pool.run_one()
    assert Counter(world.stored)[b"a"] == 1
    assert set(world.expected()) <= set(world.stored)
    if not in_flight:
        assert successor.ledger.log(successor.ledger.owned()[0]) == "c:1+1"


def test_a_range_begun_by_an_older_version_is_repeated_under_the_token_that_it_had() -> None:
    world = World()
    world.produce(0, b"a b")
    world.commits[0] = (0, '{"at_ms":1000000,"last":0,"rows":0}')
    world.tokens["t:0:0-0"] = b"a b"
    world.stored += [b"a", b"b"]
    world.produce(0, b"c")
    drain(world, _one(world), turns=6)
    assert sorted(world.stored) == [b"a", b"b", b"c"]
    assert list(world.tokens) == ["t:0:0-0", "c:1:0:1-1"]


def test_a_crash_before_the_first_block_of_a_new_log_does_not_forget_to_ask_what_is_stored() -> None:
    world = World()
    process = _one(world)
    world.recreate(forgets_commits=False)
    world.produce(0, b"a")
    for _ in range(3):  # stores it as of the former log, then finds the new one and commits its beginning
        process.step()
    bury(world, process)
    drain(world, _one(world), turns=6)
    assert world.stored == [b"a"]


def test_a_topic_created_anew_is_read_with_a_client_that_has_not_known_the_former_one() -> None:
    world = World(partitions=2)
    process = _one(world)
    give(world, 1, process)
    world.produce(0, b"a")
    drain(world, process, turns=4)
    first = process.consumer
    world.recreate(forgets_commits=True, deafening=True)
    world.produce(0, b"b")
    world.produce(1, b"c")
    drain(world, process, turns=20)
    assert process.consumer is not first
    assert sorted(world.stored) == [b"a", b"b", b"c"]
    second = process.consumer
    drain(world, process, turns=20)
    assert process.consumer is second


def test_so_it_is_where_the_group_took_the_partition_away_while_the_topic_was_gone() -> None:
    world = World()
    process = _one(world)
    world.produce(0, b"a")
    drain(world, process, turns=4)
    take_away(world, 0)
    world.recreate(forgets_commits=True, deafening=True)
    world.produce(0, b"b")
    drain(world, process, turns=20)
    assert sorted(world.stored) == [b"a", b"b"]


@pytest.mark.parametrize("running", [False, True])
def test_of_a_block_in_flight_whose_beginning_retention_took_the_rest_is_not_stored_twice(running: bool) -> None:
    world = World()
    for word in (b"a", b"b"):
        world.produce(0, word)
    dying = _one(world)
    for _ in range(2):
        dying.step()
    assert world.stored == [b"a", b"b"]
    bury(world, dying)  # before it could say that it is stored
    successor = _one(world) if running else None
    world.retain(0, 1)
    drain(world, successor or _one(world), turns=10)
    assert world.stored == [b"a", b"b"]


def test_what_was_read_of_a_new_log_before_it_was_noticed_is_stored_once_also_through_a_new_client() -> None:
    """The new log outgrew the place in the old one; what may be stored of it is known to the next owner, too."""
    world = World()
    process = _one(world, by_hand=True)
    for n in range(6):
        world.produce(0, b"a%d" % n)
    for _ in range(2):
        process.step()
    world.recreate(forgets_commits=False)
    for n in range(7):
        world.produce(0, b"b%d" % n)
    drain(world, process, turns=40)
    assert sorted(world.stored) == [b"a%d" % n for n in range(6)] + [b"b%d" % n for n in range(7)]


@pytest.mark.parametrize("was_stored", [True, False])
@pytest.mark.parametrize("low", [4, 7])
def test_of_a_range_that_retention_passes_while_it_is_repeated_nothing_is_lost_without_a_word(
    low: int, was_stored: bool
) -> None:
    """What is left of the range comes after the place that is gone."""
    world = World()
    for n in range(6):
        world.produce(0, b"w%d" % n)
    dying = _one(world, by_hand=not was_stored)
    for _ in range(2):
        dying.step()
    assert '"last":5' in world.commits[0][1]
    bury(world, dying)
    successor = _one(world)
    successor.step()  # takes in the first three of the range
    world.produce(0, b"w6")
    world.produce(0, b"w7")
    world.retain(0, low)
    drain(world, successor, turns=10)
    kept = range(6) if was_stored else range(low, 6)
    assert sorted(world.stored) == sorted({b"w%d" % n for n in [*kept, *range(max(6, low), 8)]})
    assert [(letter.offset, letter.detail) for letter in world.gaps] == [
        (
            0,
            f"offsets 0 to {low - 1}: retention removed them before they were stored, "
            f"but those up to {min(low - 1, 5)} were begun and may be",
        )
    ]


def test_of_a_range_whose_topic_is_created_anew_while_it_is_repeated_all_is_told() -> None:
    world = World()
    for n in range(6):
        world.produce(0, b"w%d" % n)
    dying = _one(world, by_hand=True)
    for _ in range(2):
        dying.step()
    bury(world, dying)
    successor = _one(world)
    successor.step()
    world.recreate(forgets_commits=False)
    world.produce(0, b"new")
    drain(world, successor, turns=10)
    assert world.stored == [b"new"]
    assert [letter.offset for letter in world.gaps] == [0]


@pytest.mark.parametrize("missing", ["letter", "commit"])
def test_what_keeps_a_partition_from_beginning_is_said_once(
    missing: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing else of the sink goes on meanwhile."""
    monkeypatch.setattr(beginnings, "ASK_AGAIN_S", 0.001)
    asked: list[int] = []

    def is_answered() -> bool:
        asked.append(1)
        return len(asked) > 3

    class Client:
        def committed(self, places: list[KafkaPartition], timeout: float) -> list[Any]:
            error = None if missing == "letter" or is_answered() else KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED)
            found = {"topic": "t", "partition": 0, "offset": 2, "metadata": "", "error": error}
            return [SimpleNamespace(**found) for _ in places] if timeout else []

        def get_watermark_offsets(self, *_: Any, **__: Any) -> tuple[int, int]:
            return 5, 9

    subject = beginnings.Beginnings(
        lambda _: {"t": "c:1"}, lambda _: missing == "commit" or is_answered(), threading.Event()
    )
    client: Any = Client()
    subject.ask_with(client)
    found = subject.committed([KafkaPartition("t", 0)])
    assert (len(asked), found[0][1].position) == (4, 5)
    told = [line for line in caplog.messages if line.startswith("Kafka does not answer: ")]
    assert len(told) == 1
    assert ("letter" if missing == "letter" else "uthorization") in told[0]


class Displaced(RuleBasedStateMachine):
    """Retention, topics created anew and crashes, in any order: nothing twice, and what is missing is named."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.words = 0
        self.committed_nothing = False  # then nobody can know that anything is missing
        self.process = _one(self.world, by_hand=True)

    @rule(count=st.integers(1, 4))
    def produce(self, count: int) -> None:
        for _ in range(count):
            self.world.produce(0, b"w%d" % self.words)
            self.words += 1

    @rule(turns=st.integers(1, 4), inserts=st.booleans())
    def run(self, turns: int, inserts: bool) -> None:
        for _ in range(turns):
            self.process.step()
            while inserts and not self.world.down and self.process.pool.waiting:
                self.process.pool.run_one()

    @rule(by=st.integers(1, 5))
    def retention(self, by: int) -> None:
        self._forget()
        self.world.retain(0, self.world.lows[0] + by)

    @rule(forgets=st.booleans(), deafening=st.booleans())
    def created_anew(self, forgets: bool, deafening: bool) -> None:
        self._forget()
        self.world.recreate(forgets_commits=forgets, deafening=deafening)
        self._forget()

    def _forget(self) -> None:
        self.committed_nothing = self.committed_nothing or 0 not in self.world.commits

    @rule()
    def crash(self) -> None:
        bury(self.world, self.process)
        self.process = _one(self.world, by_hand=True)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        drain(self.world, self.process, turns=40)
        counts = Counter(self.world.stored)
        assert all(count == 1 for count in counts.values())
        assert set(self.world.expected()) <= set(counts)
        missing = [word for word in self.world.removed if word not in counts]
        assert self.world.gaps or not missing or self.committed_nothing


TestDisplaced = Displaced.TestCase
TestDisplaced.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
