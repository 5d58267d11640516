"""Which topic fills which table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

from msgspec import Struct

from sinks.clickhouse.blocks.event_block import EventBlock
from sinks.clickhouse.blocks.record_block import RecordBlock, RecordLayout, TableColumn
from taskstream import records, topics
from taskstream.topics import Topic


class Builder(Protocol):
    """Collects the messages of one range and builds their block. Messages are numbered from 0 in order of arrival."""

    @property
    def rows(self) -> int:
        """Rows so far; exact after ``seal``."""
        ...

    @property
    def refused(self) -> list[tuple[int, str]]:
        """Numbers of the messages that cannot be stored, and why; complete after ``seal``."""
        ...

    def add(self, value: bytes) -> None:
        """Take in one message."""

    def join(self, others: Sequence[Any]) -> None:
        """Take over the messages of ``others``, builders of the same table not yet sealed, which are then empty."""

    def seal(self) -> None:
        """No further message comes."""

    def build(self, without: frozenset[int] = frozenset()) -> bytes:
        """The block in Native format, without the rows named."""
        ...

    def name_of(self, row: int) -> str:
        """What names a row of the whole block for ever."""
        ...

    def message_of(self, row: int) -> int:
        """Number of the message from which a row of the whole block comes."""
        ...

    def nth_of_message(self, row: int) -> int:
        """Which of its message's rows a row of the whole block is, whatever else the block holds."""
        ...

    def rows_of(self, first: int, end: int) -> int:
        """How many rows come from the messages from ``first`` to before ``end``; exact after ``seal``."""
        ...


class Feed(Struct, frozen=True):
    """One topic and its table.

    ``key``       the record's field that names a row for ever; empty for ``ui_events``, which has two
    ``versioned`` whether rows of one key replace each other: then a row stored twice is one row to every reader
    ``recounted`` whether the records' ids begin again with a new log: then the row's name holds a digest of the record
    ``delay_ms``  how long a message may wait for others to share its block, and how far apart the blocks of one process
                  are: ClickHouse wants no more than two inserts a second
    """

    topic: Topic
    table: str
    key: str
    delay_ms: int
    versioned: bool = False
    recounted: bool = False


FEEDS: Final[tuple[Feed, ...]] = (
    Feed(topics.CLEAN, "ui_events", "", 500),
    Feed(topics.SESSIONS, "sessions", "id", 1_000),
    Feed(topics.SEGMENTS, "segments", "id", 1_000),
    Feed(topics.TRANSFERS, "transfers", "id", 1_000),
    Feed(topics.ACTIVITY, "activity_1m", "id", 700, recounted=True),
    Feed(topics.ASSIGNMENTS, "routine_assignments", "segment", 1_000, versioned=True),
    Feed(topics.ROUTINES, "routines", "id", 700, versioned=True),
    Feed(topics.OPPORTUNITIES, "opportunities", "id", 500, versioned=True),
    Feed(topics.DEAD_LETTER, "dead_letters", "id", 1_000),
)


def layout(feed: Feed, columns: list[TableColumn]) -> RecordLayout | None:
    """How the feed's records fill the table; None for UI events, which have a builder of their own."""
    if not feed.key:
        return None
    return RecordLayout(getattr(records, feed.topic.record), columns, feed.key, recounted=feed.recounted)


def builder(table_layout: RecordLayout | None) -> Builder:
    """A new, empty block."""
    return EventBlock() if table_layout is None else RecordBlock(table_layout)
