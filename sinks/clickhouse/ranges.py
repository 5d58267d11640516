"""Where a partition stands, kept in Kafka beside its committed offset, so that every block can be repeated exactly.

The commit of a partition is ``(offset, metadata)``. Before a block is inserted, its first offset is committed together
with its last one as metadata; the next commit of the partition says at once that the block is done. So the position and
the range in flight change in one atomic write, by the one member of the group that the coordinator accepts: a process
that has lost its partitions without knowing cannot start another block of them.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

REPEAT_BY_TOKEN_MS: Final = 120_000
"""A range younger than this is repeated by its token alone. ClickHouse remembers the tokens of the last 100,000 blocks
(``non_replicated_deduplication_window``): more than 800 blocks a second would have to come in between to forget it."""


class TopicPartition(Struct, frozen=True, order=True):
    """One partition of one topic; ``topic`` with the deployment's prefix."""

    topic: str
    partition: int


class Range(Struct, frozen=True):
    """The messages of one block: all that a ``read_committed`` consumer is given from ``first`` to ``last``."""

    first: int
    last: int

    def token(self, source: TopicPartition, log: str) -> str:
        """The ``insert_deduplication_token`` of the block. It names the log whose offsets these are, since a topic that
        is created anew, and another Kafka, count from 0 again; without a log (:class:`Mark`) the topic."""
        return f"{log or source.topic}:{source.partition}:{self.first}-{self.last}"


class Mark(Struct, frozen=True, omit_defaults=True):
    """The metadata of a commit. Fields that a newer sink adds are passed over: the range in flight is still known.

    ``last``   end of the block in flight that begins at the committed offset; None for none
    ``at_ms``  when it was written, by the wall clock; decides only how a repetition guards itself, never results
    ``rows``   rows of the partition that were stored up to the committed offset, ever
    ``check``  rows of the block in flight, or else of the next, may be stored under another token: ask before inserting
    ``until``  rows below this offset may be stored under another token, beyond the block in flight or the next, too
    ``log``    what the offsets count (:mod:`sinks.clickhouse.logs`); empty in marks of older versions, whose
               tokens named the topic only
    ``joint``  token of the block of several partitions as part of which the one in flight was begun; empty for none.
               With ``check`` it is on its own since: the block may be stored, or arrive still, but is not repeated
    """

    at_ms: int
    last: int | None = None
    rows: int = 0
    log: str = ""
    check: bool = False
    joint: str = ""
    until: int = 0


class Commit(Struct, frozen=True):
    """What a partition's commit is to say."""

    source: TopicPartition
    offset: int
    mark: Mark

    @property
    def metadata(self) -> str:
        """The mark as Kafka keeps it (at most 4,096 characters there; this takes about 120)."""
        return msgspec.json.encode(self.mark).decode()


def read_mark(metadata: str | None) -> Mark | None:
    """The mark in ``metadata``; None when the commit was not written by a sink (such as a reset of the group)."""
    if not metadata:
        return None
    try:
        return msgspec.json.decode(metadata, type=Mark)
    except msgspec.DecodeError:
        return None
