"""Which messages form which block: the sink's promise as a pure state machine.

It knows no Kafka, no ClickHouse and no clock. For each partition it is told what was committed, takes in messages,
gives out closed blocks and says what to commit. Its invariants:

- a block, once given out, never changes: the same range has the same messages, whoever repeats it;
- a range left open by a predecessor is given out again, exactly, before anything else of its partition;
- a partition has at most one block in flight, and its parts of blocks follow each other without a hole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct

from sinks.clickhouse.feeds import Builder, Feed
from sinks.clickhouse.joint import Block, BlockPart, join, together
from sinks.clickhouse.ranges import REPEAT_BY_TOKEN_MS, Commit, Mark, Range, TopicPartition

REUNION_MS: Final = 5_000
"""How long a part waits for others with which it was begun: longer only where a partition cannot be read now."""


class _Open(Struct, eq=False):
    """A block that still takes messages in."""

    builder: Builder
    offsets: list[int]
    last: int
    since_ms: int


class _Repeat(Struct, frozen=True):
    """A range that a predecessor had begun, as its mark says."""

    range: Range
    log: str
    joint: str
    check: bool


class _Partition(Struct, eq=False):
    """Where one partition stands. ``position``: the next offset to take in; ``stored``: up to which all is stored."""

    feed: Feed
    log: str
    position: int
    stored: int
    rows: int
    committed: int | None
    repeat: _Repeat | None
    check_until: int
    check_next: bool
    open: _Open | None = None
    closed: deque[BlockPart] = deque()
    in_flight: Block | None = None


def is_past(now_ms: int, since_ms: int, span_ms: int) -> bool:
    """Whether so much time has passed, or the wall clock was set back since: then nobody knows how much has."""
    return not 0 <= now_ms - since_ms < span_ms


def _size(builder: Builder) -> int:
    """What a block counts for against the bounds: its rows, and the letters that it leads to."""
    return builder.rows + len(builder.refused)


def _is_idle(partition: _Partition) -> bool:
    """Whether the partition has an open block that may be closed."""
    return bool(partition.open and not (partition.repeat or partition.closed or partition.in_flight))


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
        self._taken_ms: dict[str, int] = {}

    def assign(
        self, source: TopicPartition, offset: int, mark: Mark | None, *, log: str, now_ms: int, check_until: int = 0
    ) -> None:
        """Own ``source`` from ``offset`` on.

        ``mark``         what stood beside the committed offset; None when nothing was committed by a sink
        ``log``          what the offsets count
        ``check_until``  offset below which rows may be in the table already, although no mark says so
        """
        repeat = None
        if mark and mark.last is not None:
            # A token without a log may have been used for another log, or the rows stored under it.
            check = mark.check or not mark.log or is_past(now_ms, mark.at_ms, REPEAT_BY_TOKEN_MS)
            repeat = _Repeat(Range(offset, mark.last), mark.log, mark.joint, check)
        self._partitions[source] = _Partition(
            feed=self._feeds[source.topic],
            log=log,
            position=offset,
            stored=offset,
            rows=mark.rows if mark else 0,
            committed=offset if mark and not repeat else None,
            repeat=repeat,
            check_until=max(check_until, mark.until if mark else 0),
            check_next=bool(mark and mark.check),
            closed=deque(),
        )

    def revoke(self, sources: Iterable[TopicPartition]) -> list[TopicPartition]:
        """Give up ``sources``: what is in flight is abandoned, what waits is forgotten (Kafka has it).

        Returns partitions that stay and of which a part is in a block abandoned now. The successor of those given up
        may use its token for their parts alone, and then it says nothing of the others: they begin again at their
        position with the part on its own, as a successor would.
        """
        for source in sources:
            partition = self._partitions.pop(source, None)
            if partition and partition.in_flight:
                partition.in_flight.abandoned = True
        again = []
        for source, partition in sorted(self._partitions.items()):
            block = partition.in_flight
            if block and block.abandoned:
                part = next(part for part in block.parts if part.source == source)
                mark = Mark(0, part.range.last, partition.rows, part.log, check=True, joint=block.joint)
                until = partition.check_until
                self.assign(source, part.range.first, mark, log=partition.log, now_ms=0, check_until=until)
                again.append(source)
        return again

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
        if repeat := partition.repeat:  # not begun: it may be stored, and what is left of it still has to be asked for
            return Mark(0, repeat.range.last, partition.rows, repeat.log, True, repeat.joint, partition.check_until)
        return self._mark(partition, 0)

    def leave(self, source: TopicPartition, now_ms: int) -> bool:
        """Close what is open of ``source``, which is to begin elsewhere; whether all that it took in is stored.

        A range to be repeated that is not whole yet is not closed: its bounds would say that nothing of it is left. It
        begins again at its first offset, so that what can be read of it no more is told, and the rest is stored.
        """
        partition = self._partitions[source]
        if partition.repeat:
            partition.open, partition.position = None, partition.repeat.range.first
        elif partition.open:
            self._close(source, partition, now_ms)
        return not (partition.in_flight or partition.closed)

    def stored(self) -> dict[TopicPartition, tuple[int, int]]:
        """For each partition, the offset up to which everything is stored, and how many rows that were, ever."""
        return {source: (partition.stored, partition.rows) for source, partition in self._partitions.items()}

    def accept(self, source: TopicPartition, offset: int, value: bytes | None, *, now_ms: int) -> None:
        """Take in a message. One of a partition not owned, or taken in before, is ignored; so is a deleted key."""
        partition = self._partitions.get(source)
        if partition is None or offset < partition.position:
            return
        if partition.repeat and offset > partition.repeat.range.last:
            # The range's end is gone from the topic (compacted, or past its retention).
            self._close(source, partition, now_ms)
        partition.position = offset + 1
        if partition.open is None:
            partition.open = _Open(self._new_builder(partition.feed), [], offset, now_ms)
        partition.open.last = offset
        if value is not None:
            partition.open.offsets.append(offset)
            partition.open.builder.add(value)
        if partition.repeat and offset == partition.repeat.range.last:
            self._close(source, partition, now_ms)

    def passed(self, source: TopicPartition, offset: int, now_ms: int) -> None:
        """Every message before ``offset`` has been offered to ``accept``: what else stands there is no message."""
        partition = self._partitions.get(source)
        if partition is None or offset <= partition.position:
            return
        if partition.repeat and offset > partition.repeat.range.last:
            self._close(source, partition, now_ms)
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
        flying = {id(p.in_flight): p.in_flight for p in self._partitions.values() if p.in_flight}
        return self.rows_waiting() + sum(_size(block.builder) for block in flying.values())

    def _is_full(self) -> bool:
        return self.rows_waiting() >= self._limits.rows

    def due(self, now_ms: int) -> bool:
        """Whether a block is ready to be given out."""
        return self._is_full() or bool(self._ripe(now_ms)) or bool(self._ready(now_ms))

    def take(self, now_ms: int) -> list[Block]:
        """Close what is due and give out the next blocks, of parts of partitions that have nothing in flight."""
        full = self._is_full()
        ripe = set(self._feeds) if full else self._ripe(now_ms)
        for source, partition in self._partitions.items():
            if source.topic in ripe and _is_idle(partition):
                self._close(source, partition, now_ms)
        parts: dict[str, list[BlockPart]] = {}
        for source in self._ready(now_ms, wait=not full):
            parts.setdefault(source.topic, []).append(self._partitions[source].closed.popleft())
        taken = [join(self._feeds[topic], group) for topic, found in parts.items() for group in together(found)]
        for block in taken:
            for part in block.parts:
                self._partitions[part.source].in_flight = block
        self._taken_ms |= dict.fromkeys(ripe & set(parts), now_ms)
        return taken

    def _ripe(self, now_ms: int) -> set[str]:
        """Topics of which a block is to be closed: a message has waited, and the last block is long enough ago."""
        return {
            source.topic
            for source, partition in self._partitions.items()
            if partition.open
            and _is_idle(partition)
            and is_past(now_ms, partition.open.since_ms, partition.feed.delay_ms)
            and is_past(now_ms, self._taken_ms.get(source.topic, 0), partition.feed.delay_ms)
        }

    def _ready(self, now_ms: int, *, wait: bool = True) -> list[TopicPartition]:
        """Partitions that have a closed part, and nothing in flight. One that was begun together with others waits for
        those of them that are still read, but not for ever, and not where no room is left to read them."""
        read = {p.repeat.joint for p in self._partitions.values() if p.repeat and not p.repeat.check} if wait else set()

        def waits(part: BlockPart) -> bool:
            begun_together = part.joint in read and part.joint and not part.check
            return bool(begun_together and not is_past(now_ms, part.closed_ms, REUNION_MS))

        return sorted(
            source
            for source, partition in self._partitions.items()
            if partition.closed and not partition.in_flight and not waits(partition.closed[0])
        )

    def _close(self, source: TopicPartition, partition: _Partition, now_ms: int) -> None:
        """End the open block. A repeated range keeps the bounds that it had, whatever is left of its messages."""
        repeat = partition.repeat
        opened = partition.open or _Open(self._new_builder(partition.feed), [], partition.position - 1, 0)
        partition.open = None
        partition.repeat = None
        held = repeat.range if repeat else Range(partition.stored, opened.last)
        partition.position = max(partition.position, held.last + 1)
        partition.closed.append(
            BlockPart(
                source=source,
                range=held,
                builder=opened.builder,
                offsets=opened.offsets,
                log=repeat.log if repeat else partition.log,
                closed_ms=now_ms,
                joint=repeat.joint if repeat else "",
                check=repeat.check if repeat else self._is_to_check(partition, held),
                repeated=repeat is not None,
            )
        )

    def _mark(self, partition: _Partition, now_ms: int) -> Mark:
        """With nothing in flight: what the next block has to ask for is still to be asked, whoever writes it."""
        check = self._is_to_check(partition, Range(partition.stored, partition.position))
        until = partition.check_until if partition.check_until > partition.stored else 0
        return Mark(now_ms, None, partition.rows, partition.log, check, until=until)

    @staticmethod
    def _is_to_check(partition: _Partition, held: Range) -> bool:
        return partition.check_next or held.first < partition.check_until

    def done(self, block: Block, rows: Mapping[TopicPartition, int]) -> None:
        """``block`` is stored completely, ``rows`` of each partition (what could not be stored, its letters are)."""
        for part in block.parts:
            partition = self._partitions.get(part.source)
            if partition and partition.in_flight is block:
                partition.in_flight = None
                partition.stored = part.range.last + 1
                partition.rows += rows[part.source]
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
            Commit(part.source, part.range.first, self._begun(block, part, now_ms))
            for block in blocks
            if not block.abandoned
            for part in block.parts
        ]
        return starting + self.settle(now_ms)

    def _begun(self, block: Block, part: BlockPart, now_ms: int) -> Mark:
        partition = self._partitions[part.source]
        until = partition.check_until if partition.check_until > part.range.last + 1 else 0
        return Mark(now_ms, part.range.last, partition.rows, part.log, part.check, block.joint, until)

    def settle(self, now_ms: int) -> list[Commit]:
        """What to commit for partitions whose blocks are all stored."""
        return [
            Commit(source, partition.stored, self._mark(partition, now_ms))
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
