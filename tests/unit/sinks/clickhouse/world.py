"""A small world around the real sink: a topic log, a group coordinator and a ClickHouse, all in memory.

What survives a crash is here (log, commits, stored rows, tokens); a :class:`Process` is what dies.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from sinks.clickhouse.beginnings import Beginnings
from sinks.clickhouse.consumer import Sink
from sinks.clickhouse.dead_letters import Letter
from sinks.clickhouse.feeds import FEEDS, Builder, Feed
from sinks.clickhouse.ledger import Ledger, Limits
from sinks.clickhouse.store import BadRow, Unavailable
from sinks.clickhouse.writer import Writer

FEED = FEEDS[0]
TOPIC = "t"


class Words:
    """A builder for tests: a message is words, a word is a row. ``?``: undecodable; ``!...``: a row nobody stores;
    ``...~``: a row of another month, which ClickHouse stores apart."""

    def __init__(self) -> None:
        self.words: list[bytes] = []
        self.numbers: list[int] = []
        self.refused: list[tuple[int, str]] = []
        self.messages = 0

    @property
    def rows(self) -> int:
        return len(self.words)

    def add(self, value: bytes) -> None:
        if value == b"?":
            self.refused.append((self.messages, "not words"))
        else:
            self.words += value.split()
            self.numbers += [self.messages] * len(value.split())
        self.messages += 1

    def join(self, others: Sequence[Words]) -> None:
        for other in others:
            self.words += other.words
            self.numbers += [number + self.messages for number in other.numbers]
            self.refused += [(number + self.messages, why) for number, why in other.refused]
            self.messages += other.messages

    def seal(self) -> None:
        pass

    def build(self, without: frozenset[int] = frozenset()) -> bytes:
        return b" ".join(word for row, word in enumerate(self.words) if row not in without)

    def name_of(self, row: int) -> str:
        return self.words[row].decode()

    def message_of(self, row: int) -> int:
        return self.numbers[row]

    def nth_of_message(self, row: int) -> int:
        return self.numbers[:row].count(self.numbers[row])

    def rows_of(self, first: int, end: int) -> int:
        return sum(first <= number < end for number in self.numbers)


class World:
    """What survives: Kafka and ClickHouse."""

    def __init__(self, partitions: int = 1) -> None:
        self.now_ms = 1_000_000
        self.topic_id = 1
        self.deafening: set[int] = set()
        """Ids of topics whose clients hear nothing of the one created anew."""
        self.gone = False
        self.logs: list[list[tuple[int, bytes]]] = [[] for _ in range(partitions)]
        self.lows = [0] * partitions
        self.ends = [0] * partitions
        self.removed: list[bytes] = []
        self.commits: dict[int, tuple[int, str]] = {}
        self.owners: dict[int, Process | None] = dict.fromkeys(range(partitions))
        self.members: list[Process] = []
        self.stored: list[bytes] = []
        self.tokens: dict[str, bytes] = {}
        self.letters: dict[tuple[int, int, int], Letter] = {}
        self.gaps: list[Letter] = []
        self.down = False
        self.torn: Exception | None = None

    def produce(self, partition: int, value: bytes, holes: int = 0) -> None:
        """Append a message, then ``holes`` offsets that hold none (transaction markers)."""
        self.logs[partition].append((self.ends[partition], value))
        self.ends[partition] += 1 + holes

    def retain(self, partition: int, low: int) -> None:
        """Retention removes what lies before ``low``."""
        log = self.logs[partition]
        self.lows[partition] = min(max(low, self.lows[partition]), self.ends[partition])
        self.removed += [value for offset, value in log if offset < self.lows[partition]]
        self.logs[partition] = [(offset, value) for offset, value in log if offset >= self.lows[partition]]

    def recreate(self, *, forgets_commits: bool, deafening: bool = False) -> None:
        """The topic is deleted and created anew, empty; Kafka forgets its commits, unless a backup brings them back.

        ``deafening``: with a lower leader epoch, so that clients of the former one fetch nothing."""
        if deafening:
            self.deafening.add(self.topic_id)
        self.topic_id += 1
        for partition, log in enumerate(self.logs):
            self.removed += [value for _, value in log]
            self.logs[partition] = []
            self.lows[partition] = self.ends[partition] = 0
        if forgets_commits:
            self.commits.clear()

    def truncate(self, partition: int, end: int) -> None:
        """The broker loses what it had acknowledged from ``end`` on."""
        log = self.logs[partition]
        self.removed += [value for offset, value in log if offset >= end]
        self.logs[partition] = [(offset, value) for offset, value in log if offset < end]
        self.ends[partition] = min(end, self.ends[partition])

    def ask_logs(self, topics: Iterable[str]) -> dict[str, str]:
        """As :func:`sinks.clickhouse.logs.ask_logs`."""
        return {} if self.gone else dict.fromkeys(topics, f"c:{self.topic_id}")

    def expected(self) -> list[bytes]:
        """The rows that must be stored: each once."""
        words = [w for log in self.logs for _, value in log if value != b"?" for w in value.split()]
        return sorted(word for word in words if not word.startswith(b"!"))

    def insert(self, table: str, block: bytes, token: str) -> None:
        """As ClickHouse does: all rows of a month or none, a token known changes nothing, a bad row is named.

        ``torn``: the first month that is new to it is stored, and then this happens."""
        if self.down:
            raise Unavailable("down")
        words = block.split()
        for row, word in enumerate(words):
            if word.startswith(b"!"):
                raise BadRow(row, f"at row {row + 1}")
        for month in (b"", b"~"):
            own = [word for word in words if word.endswith(b"~") == bool(month)]
            name = token + month.decode()
            if not own or name in self.tokens:
                continue
            self.tokens[name] = b" ".join(own)
            self.stored += own
            if self.torn:
                torn, self.torn = self.torn, None
                raise torn

    def present(self, feed: Feed, builder: Builder) -> frozenset[int]:
        """Rows stored already."""
        if self.down:
            raise Unavailable("down")
        assert isinstance(builder, Words)
        known = set(self.stored)
        return frozenset(row for row, word in enumerate(builder.words) if word in known)

    def read_again(self, topic: str, partition: int, offsets: Sequence[int]) -> dict[int, bytes]:
        """Messages as they are in the log."""
        log = dict(self.logs[partition])
        return {offset: log[offset] for offset in offsets}

    def send(self, letters: list[Letter]) -> bool:
        """Dead letters: kept by where the input stood."""
        for letter in letters:
            if letter.reason == "lost":
                self.gaps.append(letter)
                continue
            assert letter.value == dict(self.logs[letter.partition])[letter.offset]
            self.letters[letter.partition, letter.offset, letter.row] = letter
        return True


class Pool(Executor):
    """Runs a job at once, or when told to."""

    def __init__(self, by_hand: bool) -> None:
        self.by_hand = by_hand
        self.waiting: list[tuple[Future[Any], Any, tuple[Any, ...]]] = []

    def submit(self, job: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, job, arguments))
        if not self.by_hand:
            self.run_one()
        return future

    def run_one(self) -> None:
        """Run the oldest job that waits."""
        future, job, arguments = self.waiting.pop(0)
        try:
            future.set_result(job(*arguments))
        except Exception as error:
            future.set_exception(error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        pass


class _Message:
    def __init__(self, partition: int, offset: int, value: bytes | None, error: KafkaError | None = None) -> None:
        self._fields = (partition, offset, value, error)

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return self._fields[0]

    def offset(self) -> int:
        return self._fields[1]

    def value(self) -> bytes | None:
        return self._fields[2]

    def error(self) -> KafkaError | None:
        return self._fields[3]


class FakeConsumer:
    """The part of confluent_kafka.Consumer that the sink uses."""

    def __init__(self, world: World, process: Process) -> None:
        self.world = world
        self.process = process
        self.positions: dict[int, int] = {}
        self.paused: set[int] = set()
        self.callbacks: dict[str, Any] = {}
        self.batch = 3
        self.failing: set[int] = set()
        self.stuck: set[int] = set()
        self.deaf: set[int] = set()
        self.known_id = world.topic_id

    def subscribe(self, topics: list[str], **callbacks: Any) -> None:
        self.callbacks = callbacks

    def consume(self, count: int, timeout: float) -> list[_Message]:
        if self.process.kicked:
            self.process.kicked = False
            self.callbacks["on_lost"](self, self.assignment())
            self.positions.clear()
        if self.process.rejoining:
            places, self.process.rejoining = self.process.rejoining, []
            self.callbacks["on_assign"](self, places)
        messages: list[_Message] = []
        for partition, position in sorted(self.positions.items()):
            if partition in self.paused or partition in self.deaf:
                continue
            if self.known_id != self.world.topic_id and self.known_id in self.world.deafening:
                continue
            if partition in self.failing:  # as librdkafka: the position is then behind the message that did not come
                self.failing.discard(partition)
                messages.append(_Message(partition, position, None, KafkaError(KafkaError.UNKNOWN)))
                self.positions[partition] = position + 1
                continue
            if not self.world.lows[partition] <= position <= self.world.ends[partition]:
                if partition not in self.stuck:
                    self.stuck.add(partition)
                    error = KafkaError(KafkaError._AUTO_OFFSET_RESET)
                    messages.append(_Message(partition, -1001, None, error))
                continue
            found = [(o, v) for o, v in self.world.logs[partition] if o >= position][: self.batch]
            messages += [_Message(partition, offset, value) for offset, value in found]
            if found:
                self.positions[partition] = found[-1][0] + 1
            else:
                self.positions[partition] = max(position, self.world.ends[partition])
        return messages

    def commit(self, offsets: list[KafkaPartition], asynchronous: bool) -> list[KafkaPartition]:
        if self.process.kicked or self.process not in self.world.members:
            raise KafkaException(KafkaError(KafkaError.ILLEGAL_GENERATION))
        for place in offsets:
            self.world.commits[place.partition] = (place.offset, place.metadata)
        return offsets

    def committed(self, partitions: list[KafkaPartition], timeout: float) -> list[KafkaPartition]:
        answers = []
        for place in partitions:
            offset, metadata = self.world.commits.get(place.partition, (-1001, ""))
            answers.append(KafkaPartition(place.topic, place.partition, offset, metadata))
        return answers

    def get_watermark_offsets(self, place: KafkaPartition, timeout: float) -> tuple[int, int]:
        return self.world.lows[place.partition], self.world.ends[place.partition]

    def incremental_assign(self, places: list[KafkaPartition]) -> None:
        for place in places:
            self.deaf.discard(place.partition)
            self.seek(place)

    def incremental_unassign(self, places: list[KafkaPartition]) -> None:
        for place in places:
            self.positions.pop(place.partition)

    def seek(self, place: KafkaPartition) -> None:
        self.positions[place.partition] = place.offset
        self.stuck.discard(place.partition)

    def position(self, places: list[KafkaPartition]) -> list[KafkaPartition]:
        return [KafkaPartition(TOPIC, p.partition, self.positions.get(p.partition, -1001)) for p in places]

    def fetch_again(self) -> None:
        """After a rebalance the client begins at the committed offsets again: messages come a second time."""
        for partition in self.positions:
            self.positions[partition] = self.world.commits.get(partition, (0, ""))[0]

    def assignment(self) -> list[KafkaPartition]:
        return [KafkaPartition(TOPIC, partition) for partition in sorted(self.positions)]

    def pause(self, places: list[KafkaPartition]) -> None:
        self.paused |= {place.partition for place in places}

    def resume(self, places: list[KafkaPartition]) -> None:
        self.paused -= {place.partition for place in places}

    def close(self) -> None:
        places = [KafkaPartition(TOPIC, p) for p, owner in self.world.owners.items() if owner is self.process]
        self.callbacks["on_revoke"](self, self.assignment())
        self.positions.clear()
        self.process.rejoining = places


class Process:
    """One running sink: the real one, on fakes."""

    def __init__(self, world: World, *, by_hand: bool = False, rows: int = 5) -> None:
        self.world = world
        self.kicked = False
        self.pool = Pool(by_hand)
        self.consumer: FakeConsumer
        self.rejoining: list[KafkaPartition] = []
        self.stop = stop = threading.Event()
        self.writer = Writer(world, world.send, world.read_again, stop, lambda: world.now_ms, longest_wait_s=0.0)
        self.ledger = Ledger({TOPIC: FEED}, lambda _: Words(), Limits(rows=rows))
        beginnings = Beginnings(world.ask_logs, world.send, stop)
        self.sink = Sink(
            self._new_client, self.ledger, self.writer, {TOPIC: FEED}, beginnings, is_empty=lambda _: not world.stored,
            now_ms=lambda: world.now_ms, stop=stop, max_rows=rows, pool=self.pool, poll_s=0.0,
            release_s=0.0,
        )  # fmt: skip
        self.sink.join_group()

    def _new_client(self) -> Any:
        self.consumer = FakeConsumer(self.world, self)
        return self.consumer

    def step(self) -> None:
        """One turn of the loop, half a second after the last."""
        self.world.now_ms += 500
        self.sink.note_logs(self.world.ask_logs([TOPIC]))
        self.sink.step()


def join(world: World, process: Process) -> None:
    """``process`` becomes a member of the group, without partitions yet."""
    world.members.append(process)


def give(world: World, partition: int, process: Process) -> None:
    """Assign a partition that nobody owns, as the coordinator does after its last owner has let go or died."""
    world.owners[partition] = process
    process.consumer.callbacks["on_assign"](process.consumer, [KafkaPartition(TOPIC, partition)])


def take_away(world: World, partition: int) -> None:
    """The owner is told to let go of the partition, and does (a cooperative rebalance)."""
    process = world.owners[partition]
    assert process is not None
    process.consumer.callbacks["on_revoke"](process.consumer, [KafkaPartition(TOPIC, partition)])
    process.consumer.positions.pop(partition, None)
    world.owners[partition] = None


def kick(world: World, process: Process) -> None:
    """The group gives the process up (it did not answer); it does not know before it next asks for messages."""
    process.kicked = True
    for partition, owner in world.owners.items():
        if owner is process:
            world.owners[partition] = None


def bury(world: World, process: Process) -> None:
    """The process has died: nothing of it goes on."""
    if process in world.members:
        world.members.remove(process)
    for partition, owner in world.owners.items():
        if owner is process:
            world.owners[partition] = None


def drain(world: World, process: Process, turns: int = 60) -> None:
    """Let ``process`` own everything and run until nothing is left to do."""
    world.down = False
    for partition, owner in world.owners.items():
        if owner is None:
            give(world, partition, process)
    for _ in range(turns):
        process.step()
        while process.pool.waiting:
            process.pool.run_one()
