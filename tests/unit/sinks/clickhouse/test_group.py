"""Two sinks, random rebalances, outages, crashes and processes that wake up too late: every row exactly once."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from sinks.clickhouse.store import Unavailable
from tests.unit.sinks.clickhouse.world import Process, World, bury, drain, give, join, kick, take_away

PARTITIONS = 3


class Group(RuleBasedStateMachine):
    """The coordinator, the operator and bad luck, in any order."""

    @initialize()
    def start(self) -> None:
        self.world = World(PARTITIONS)
        self.zombies: list[Process] = []
        self.word = 0
        for _ in range(2):
            self._new_process()

    def _new_process(self) -> None:
        join(self.world, Process(self.world, by_hand=True))

    def _member(self, which: int) -> Process:
        return self.world.members[which % len(self.world.members)]

    @rule(
        partition=st.integers(0, PARTITIONS - 1), months=st.text("ab", min_size=1, max_size=4), holes=st.integers(0, 2),
        bad=st.booleans(),
    )  # fmt: skip
    def produce(self, partition: int, months: str, holes: int, bad: bool) -> None:
        words = len(months)
        named = [b"w%d%s" % (self.word + n, b"~" if month == "b" else b"") for n, month in enumerate(months)]
        self.word += words
        if bad:
            named.insert(1, b"!%d" % self.word)
        self.world.produce(partition, b" ".join(named), holes)

    @rule(which=st.integers(0, 1), messages=st.integers(1, 4))
    def step(self, which: int, messages: int) -> None:
        self._member(which).consumer.batch = messages
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

    @rule(partition=st.integers(0, PARTITIONS - 1), which=st.integers(0, 1))
    def rebalance(self, partition: int, which: int) -> None:
        owner = self.world.owners[partition]
        if owner is not None and owner.kicked:
            return
        if owner is not None:
            take_away(self.world, partition)
        new = self._member(which)
        if not new.kicked:
            give(self.world, partition, new)

    @rule(which=st.integers(0, 1))
    def fetch_again(self, which: int) -> None:
        self._member(which).consumer.fetch_again()

    @rule(which=st.integers(0, 1))
    def put_out_of_the_group(self, which: int) -> None:
        """The process misses its heartbeats; its inserts still run, and it comes back when it next asks Kafka."""
        kick(self.world, self._member(which))

    @rule(which=st.integers(0, 1), inserts_land=st.booleans())
    def crash(self, which: int, inserts_land: bool) -> None:
        process = self._member(which)
        bury(self.world, process)
        if inserts_land:  # the requests were on their way: they arrive at any time after
            self.zombies.append(process)
        self._new_process()

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
