"""Two sinks, random rebalances, outages, crashes and processes that wake up too late: every row exactly once."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sinks.clickhouse.store import Unavailable
from tests.unit.sinks.clickhouse.world import Process, World, bury, drain, give, join, kick, take_away

PARTITIONS = 3
HEIRS = st.lists(st.integers(0, 2), min_size=PARTITIONS, max_size=PARTITIONS)
"""The process that is to own each partition, by number; 2 for none."""


class Group(RuleBasedStateMachine):
    """The coordinator, the operator and bad luck, in any order."""

    @initialize()
    def start(self) -> None:
        self.world = World(PARTITIONS)
        self.zombies: list[Process] = []
        self.word = 0
        for _ in range(2):
            self._new_process()
        self._hand_out([0] * PARTITIONS)

    def _hand_out(self, heirs: list[int]) -> None:
        """Give each partition that nobody owns to its heir; 2 for nobody yet."""
        for partition, which in enumerate(heirs):
            if self.world.owners[partition] is None and which < 2 and not self._member(which).kicked:
                give(self.world, partition, self._member(which))

    def _new_process(self) -> None:
        join(self.world, Process(self.world, by_hand=True))

    def _member(self, which: int) -> Process:
        return self.world.members[which % len(self.world.members)]

    @rule(
        partitions=st.sets(st.integers(0, PARTITIONS - 1), min_size=1), months=st.text("ab", min_size=1, max_size=4),
        holes=st.integers(0, 2), bad=st.booleans(),
    )  # fmt: skip
    def produce(self, partitions: set[int], months: str, holes: int, bad: bool) -> None:
        for partition in sorted(partitions):
            named = [b"w%d%s" % (self.word + n, b"~" if month == "b" else b"") for n, month in enumerate(months)]
            self.word += len(months)
            if bad:
                named.insert(1, b"!%d" % self.word)
            self.world.produce(partition, b" ".join(named), holes)

    @rule(which=st.integers(0, 1), messages=st.integers(1, 4), times=st.integers(1, 3))
    def step(self, which: int, messages: int, times: int) -> None:
        self._member(which).consumer.batch = messages
        for _ in range(times):
            self._member(which).step()

    @rule(which=st.integers(0, 1))
    def go_on_without_asking_kafka(self, which: int) -> None:
        """The process was busy or asleep: it brings its blocks forward before it hears what the group has decided."""
        self.world.now_ms += 500
        self._member(which).sink.advance()

    @rule(which=st.integers(0, 1), turns=st.integers(1, 3))
    def insert(self, which: int, turns: int) -> None:
        process = self._member(which)
        for turn in range(min(turns, len(process.pool.waiting))):
            if not self.world.down:
                self.world.torn = Unavailable("torn") if turn else None
                process.pool.run_one()
                self.world.torn = None

    @rule(heirs=HEIRS)
    def rebalance(self, heirs: list[int]) -> None:
        for partition, which in enumerate(heirs):
            owner = self.world.owners[partition]
            if owner is not None and not owner.kicked and (which > 1 or owner is not self._member(which)):
                take_away(self.world, partition)
        self._hand_out(heirs)

    @rule(which=st.integers(0, 1))
    def fetch_again(self, which: int) -> None:
        self._member(which).consumer.fetch_again()

    @rule(which=st.integers(0, 1))
    def put_out_of_the_group(self, which: int) -> None:
        """The process misses its heartbeats; its inserts still run, and it comes back when it next asks Kafka."""
        kick(self.world, self._member(which))

    @rule(which=st.integers(0, 1), inserts_land=st.booleans(), heirs=HEIRS)
    def crash(self, which: int, inserts_land: bool, heirs: list[int]) -> None:
        process = self._member(which)
        bury(self.world, process)
        if inserts_land:  # the requests were on their way: they arrive at any time after
            self.zombies.append(process)
        self._new_process()
        self._hand_out(heirs)

    @precondition(lambda self: self.zombies)
    @rule(torn=st.booleans())
    def late_insert(self, torn: bool) -> None:
        """It lands, or the rows of one month alone do, as when ClickHouse is killed meanwhile."""
        process = self.zombies[0]
        if process.pool.waiting and not self.world.down:
            self.world.torn = ConnectionError("torn") if torn else None
            process.pool.run_one()
            self.world.torn = None
        else:
            self.zombies.pop(0)

    @rule(down=st.booleans())
    def clickhouse(self, down: bool) -> None:
        self.world.down = down

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.down = False
        last = Process(self.world, by_hand=True)
        members = list(self.world.members)
        for process in members:
            bury(self.world, process)
        join(self.world, last)
        drain(self.world, last, turns=40)
        for process in [*members, *self.zombies]:
            while process.pool.waiting:
                process.pool.run_one()
        assert sorted(self.world.stored) == self.world.expected()
        rows = sum(rows for _, rows in last.ledger.stored().values())
        assert rows == len(self.world.stored)


TestGroup = Group.TestCase
TestGroup.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def _long_run(seed: int) -> None:
    """A hundred turns, most of them work: blocks are in flight when something happens."""
    draw = random.Random(seed)
    group = Group()
    group.start()

    def heirs() -> list[int]:
        return draw.choices((0, 1, 2), (4, 4, 1), k=PARTITIONS)

    def some() -> set[int]:
        return set(draw.sample(range(PARTITIONS), draw.randint(1, PARTITIONS)))

    turns: dict[Callable[[], object], float] = {
        lambda: group.produce(some(), draw.choice(("a", "ab", "bb")), draw.randint(0, 1), draw.random() < 0.1): 6,
        lambda: group.step(draw.randint(0, 1), draw.randint(1, 4), draw.randint(1, 3)): 8,
        lambda: group.insert(draw.randint(0, 1), draw.randint(1, 2)): 4,
        lambda: group.rebalance(heirs()): 1,
        lambda: group.crash(draw.randint(0, 1), draw.random() < 0.7, heirs()): 1,
        lambda: group.zombies and group.late_insert(draw.random() < 0.4): 1,
        lambda: group.put_out_of_the_group(draw.randint(0, 1)): 0.5,
        lambda: group.go_on_without_asking_kafka(draw.randint(0, 1)): 0.5,
        lambda: group.fetch_again(draw.randint(0, 1)): 0.5,
        lambda: group.clickhouse(draw.random() < 0.3): 0.5,
    }
    for turn in draw.choices(list(turns), list(turns.values()), k=100):
        turn()
    group.teardown()


@pytest.mark.parametrize("first", [0, 40, 80])
def test_long_runs(first: int) -> None:
    for seed in range(first, first + 40):
        _long_run(seed)
