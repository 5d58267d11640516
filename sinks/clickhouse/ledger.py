"""Which messages form which block: the sink's promise as a pure state machine.

It knows no Kafka, no ClickHouse and no clock. For each partition it is told what was committed, takes in messages,
gives out closed blocks and says what to commit. Its invariants:

- a block, once given out, never changes: the same range has the same messages, whoever repeats it;
- a range left open by a predecessor is given out again, exactly, before anything else of its partition;
- a partition has at most one block in flight, and the blocks of a partition follow each other without a hole.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from sinks.clickhouse.feeds import Builder, Feed
from sinks.clickhouse.ranges import REPEAT_BY_TOKEN_MS, Commit, Mark, Range, TopicPartition


class Block(Struct, eq=False):
    """Messages that are stored together, or not at all.

    ``log``        the log that the range counts (:mod:`sinks.clickhouse.logs`)
    ``check``      ask which rows are there already, besides giving the token: ClickHouse may have forgotten it
    ``repeated``   a predecessor had begun it
    ``known``      some of its rows were there already: the next block is asked about, too
    ``abandoned``  its partition was taken away: whoever owns it now repeats it
    """

    source: TopicPartition
    feed: Feed
    range: Range
    builder: Builder
    offsets: list[int]
    log: str
    check: bool = False
    repeated: bool = False
    known: bool = False
    abandoned: bool = False

    @property
    def token(self) -> str:
        """The block's ``insert_deduplication_token``."""
        return self.range.token(self.source, self.log)


class _Open(Struct, eq=False):
    """A block that still takes messages in."""

    builder: Builder
    offsets: list[int]
    last: int
    since_ms: int


class _Partition(Struct, eq=False):
    """Where one partition stands. ``position``: the next offset to take in; ``stored``: up to which all is stored;
    ``repeat_log``: the log by which the range to be repeated was begun."""

    feed: Feed
    log: str
    repeat_log: str
    position: int
    stored: int
    rows: int
    committed: int | None
    repeat: Range | None
    check_until: int
    check_repeat: bool
    check_next: bool
    wait_ms: int = 0
    open: _Open | None = None
    closed: deque[Block] = deque()
    in_flight: Block | None = None


def _size(builder: Builder) -> int:
    """What a block counts for against the bounds: its rows, and the letters that it leads to."""
    return builder.rows + len(builder.refused)


class Limits(Struct, frozen=True):
    """Bounds of blocks. ``rows``: of all open blocks together, from which they are closed early."""

    rows: int = 400_000


class Ledger:
    """All partitions that this process owns."""

    def __init__(self, feeds: Mapping[str, Feed], new_builder: Callable[[Feed], Builder], limits: Limits) -> None:
        self._feeds = feeds
        self._new_builder = new_builder
        self._limits = limits
        self._partitions: dict[TopicPartition, _Partition] = {}

    def assign(
        self, source: TopicPartition, offset: int, mark: Mark | None, *, log: str, now_ms: int, check_until: int = 0
    ) -> None:
        """Own ``source`` from ``offset`` on.

        ``mark``         what stood beside the committed offset; None when nothing was committed by a sink
        ``log``          what the offsets count
        ``check_until``  offset below which rows may be in the table already, although no mark says so
        """
        repeat = Range(offset, mark.last) if mark and mark.last is not None else None
        self._partitions[source] = _Partition(
            feed=self._feeds[source.topic],
            log=log,
            repeat_log=mark.log if mark else "",
            position=offset,
            stored=offset,
            rows=mark.rows if mark else 0,
            committed=offset if mark and not repeat else None,
            repeat=repeat,
            check_until=check_until,
            # A token without a log may have been used for another log, or the rows stored under it.
            check_repeat=bool(
                mark and repeat and (mark.check or not mark.log or not 0 <= now_ms - mark.at_ms < REPEAT_BY_TOKEN_MS)
            ),
            check_next=bool(mark and mark.check),
            closed=deque(),
        )
        self._share_time()

    def revoke(self, sources: Iterable[TopicPartition]) -> None:
        """Give up ``sources``: what is in flight is abandoned, what waits is forgotten (Kafka has it)."""
        for source in sources:
            partition = self._partitions.pop(source, None)
            if partition and partition.in_flight:
                partition.in_flight.abandoned = True
        self._share_time()

    def _share_time(self) -> None:
        """The more partitions of a topic are owned, the longer each waits, so that their blocks do not become many."""
        owned = Counter(source.topic for source in self._partitions)
        for source, partition in self._partitions.items():
            partition.wait_ms = partition.feed.wait_ms(owned[source.topic])

    def owned(self) -> list[TopicPartition]:
        """The partitions owned, in order."""
        return sorted(self._partitions)

    def position(self, source: TopicPartition) -> int:
        """The next offset of ``source`` to take in; it must be owned."""
        return self._partitions[source].position

    def log(self, source: TopicPartition) -> str:
        """What the offsets of ``source`` count; it must be owned."""
        return self._partitions[source].log

    def mark(self, source: TopicPartition) -> Mark:
        """What is known of ``source`` up to its position; it must be owned."""
        partition = self._partitions[source]
        check = self._is_to_check(partition, Range(partition.stored, partition.position))
        return Mark(0, None, partition.rows, partition.log, check)

    def leave(self, source: TopicPartition) -> bool:
        """Close what is open of ``source``, which is to begin elsewhere; whether all that it took in is stored."""
        partition = self._partitions[source]
        if partition.open:
            self._close(source, partition)
        partition.repeat = None
        return not (partition.in_flight or partition.closed)

    def stored(self) -> dict[TopicPartition, tuple[int, int]]:
        """For each partition, the offset up to which everything is stored, and how many rows that were, ever."""
        return {source: (partition.stored, partition.rows) for source, partition in self._partitions.items()}

    def accept(self, source: TopicPartition, offset: int, value: bytes | None, *, now_ms: int) -> None:
        """Take in a message. One of a partition not owned, or taken in before, is ignored; so is a deleted key."""
        partition = self._partitions.get(source)
        if partition is None or offset < partition.position:
            return
        if partition.repeat and offset > partition.repeat.last:
            self._close(source, partition)  # the range's end is gone from the topic (compacted, or past its retention)
        partition.position = offset + 1
        if partition.open is None:
            partition.open = _Open(self._new_builder(partition.feed), [], offset, now_ms)
        partition.open.last = offset
        if value is not None:
            partition.open.offsets.append(offset)
            partition.open.builder.add(value)
        if partition.repeat and offset == partition.repeat.last:
            self._close(source, partition)

    def passed(self, source: TopicPartition, offset: int) -> None:
        """Every message before ``offset`` has been offered to ``accept``: what else stands there is no message."""
        partition = self._partitions.get(source)
        if partition is None or offset <= partition.position:
            return
        if partition.repeat and offset > partition.repeat.last:
            self._close(source, partition)
        partition.position = max(partition.position, offset)
        self._pass_holes(partition)

    def rows_waiting(self) -> int:
        """Rows that could be given out. A range to be repeated counts when it is whole: waiting would not help it."""
        return sum(
            (_size(p.open.builder) if p.open and not p.repeat else 0) + sum(_size(block.builder) for block in p.closed)
            for p in self._partitions.values()
        )

    def rows_held(self) -> int:
        """Rows that wait, and rows in flight: what blocks hold in memory."""
        flying = (_size(p.in_flight.builder) for p in self._partitions.values() if p.in_flight)
        return self.rows_waiting() + sum(flying)

    def due(self, now_ms: int) -> bool:
        """Whether a block is ready to be given out."""
        if self.rows_waiting() >= self._limits.rows:
            return True
        return any(self._is_due(partition, now_ms) for partition in self._partitions.values())

    def take(self, now_ms: int) -> list[Block]:
        """Close what is due and give out the next block of each partition that has none in flight."""
        full = self.rows_waiting() >= self._limits.rows
        taken = []
        for source, partition in sorted(self._partitions.items()):
            if partition.in_flight or not (full or self._is_due(partition, now_ms)):
                continue
            if not partition.closed and partition.open and not partition.repeat:
                self._close(source, partition)
            if partition.closed:
                partition.in_flight = partition.closed.popleft()
                taken.append(partition.in_flight)
        return taken

    def _is_due(self, partition: _Partition, now_ms: int) -> bool:
        if partition.in_flight:
            return False
        if partition.closed:
            return True
        opened = None if partition.repeat else partition.open
        return opened is not None and now_ms - opened.since_ms >= partition.wait_ms

    def _close(self, source: TopicPartition, partition: _Partition) -> None:
        """End the open block. A repeated range keeps the bounds that it had, whatever is left of its messages."""
        repeat = partition.repeat
        opened = partition.open or _Open(self._new_builder(partition.feed), [], partition.position - 1, 0)
        partition.open = None
        partition.repeat = None
        log = partition.repeat_log if repeat else partition.log
        opened.builder.seal()
        held = repeat or Range(partition.stored, opened.last)
        partition.position = max(partition.position, held.last + 1)
        partition.closed.append(
            Block(
                source=source,
                feed=partition.feed,
                range=held,
                builder=opened.builder,
                offsets=opened.offsets,
                log=log,
                check=partition.check_repeat if repeat else self._is_to_check(partition, held),
                repeated=repeat is not None,
            )
        )

    @staticmethod
    def _is_to_check(partition: _Partition, held: Range) -> bool:
        return partition.check_next or held.first < partition.check_until

    def done(self, block: Block, rows: int) -> None:
        """``block`` is stored completely, with ``rows`` rows (what could not be stored, its letters are)."""
        partition = self._partitions.get(block.source)
        if partition and partition.in_flight is block:
            partition.in_flight = None
            partition.stored = block.range.last + 1
            partition.rows += rows
            partition.check_next = block.known
            self._pass_holes(partition)

    @staticmethod
    def _pass_holes(partition: _Partition) -> None:
        """Where nothing waits, what lies before the position is stored, or holds no message (transaction markers)."""
        if not (partition.in_flight or partition.open or partition.closed or partition.repeat):
            partition.stored = max(partition.stored, partition.position)

    def begin(self, blocks: Iterable[Block], now_ms: int) -> list[Commit]:
        """What to commit before ``blocks`` are inserted: for each its range, and for other partitions what is done."""
        starting = [
            Commit(b.source, b.range.first, Mark(now_ms, b.range.last, self._partitions[b.source].rows, b.log, b.check))
            for b in blocks
            if not b.abandoned
        ]
        return starting + self.settle(now_ms)

    def settle(self, now_ms: int) -> list[Commit]:
        """What to commit for partitions whose blocks are all stored."""
        return [
            Commit(source, partition.stored, Mark(now_ms, None, partition.rows, partition.log, partition.check_next))
            for source, partition in sorted(self._partitions.items())
            if partition.in_flight is None and partition.repeat is None and partition.committed != partition.stored
            and not partition.closed
        ]  # fmt: skip

    def committed(self, commits: Iterable[Commit]) -> None:
        """The broker has accepted ``commits``."""
        for commit in commits:
            partition = self._partitions.get(commit.source)
            if partition:
                partition.committed = commit.offset if commit.mark.last is None else None
