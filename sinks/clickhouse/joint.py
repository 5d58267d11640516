"""What one insert stores: parts of a topic's partitions, joined into a block, and the token that names them.

ClickHouse wants few inserts, and a topic may have a hundred partitions: what is due of all of them goes together. The
block's token is a digest of its parts' tokens. Beside each part's range this digest is kept (:class:`Mark`), so whoever
owns all parts of a block that a predecessor had begun knows it (they have the digest) and repeats the block as it was;
whoever owns only some of them repeats each alone (:class:`sinks.clickhouse.writer.Writer`).
"""

from __future__ import annotations

import hashlib
from bisect import bisect
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from sinks.clickhouse.feeds import Builder, Feed
from sinks.clickhouse.ranges import Range, TopicPartition

JOINT_ROWS: Final = 100_000
"""Rows that are put together at most: of larger blocks several at once are stored faster than one."""


class BlockPart(Struct, eq=False):
    """Messages of one partition that are stored together, or not at all.

    ``log``       the log that the range counts (:mod:`sinks.clickhouse.logs`)
    ``closed_ms`` when it was complete
    ``joint``     token of the block as part of which a predecessor has begun it; empty for none
    ``check``     ask which rows are there already: ClickHouse may have forgotten the token, or have them under another
    ``repeated``  a predecessor had begun it
    """

    source: TopicPartition
    range: Range
    builder: Builder
    offsets: list[int]
    log: str
    closed_ms: int = 0
    joint: str = ""
    check: bool = False
    repeated: bool = False

    @property
    def token(self) -> str:
        """Its ``insert_deduplication_token`` where it is stored alone."""
        return self.range.token(self.source, self.log)


class Block(Struct, eq=False):
    """Parts that are stored by one insert. Make it by :func:`join`.

    ``token``      its ``insert_deduplication_token``
    ``firsts``     number of the first message of each part
    ``known``      some of its rows were there already: the next block is asked about, too
    ``abandoned``  a partition of it was taken away: it is repeated, by whoever owns its parts then
    """

    feed: Feed
    parts: list[BlockPart]
    builder: Builder
    token: str
    firsts: list[int]
    known: bool = False
    abandoned: bool = False

    @property
    def joint(self) -> str:
        """Its token where that is of several partitions, or of a block of several that this was a part of."""
        return self.token if len(self.parts) > 1 else self.parts[0].joint

    @property
    def check(self) -> bool:
        """Whether to ask which rows are there."""
        return self.parts[0].check

    @property
    def repeated(self) -> bool:
        """Whether a predecessor had begun it."""
        return self.parts[0].repeated

    def place(self, number: int) -> tuple[BlockPart, int]:
        """The part, and the offset, of the message with this number."""
        at = bisect(self.firsts, number) - 1
        return self.parts[at], self.parts[at].offsets[number - self.firsts[at]]

    def rows(self, left_out: Iterable[int]) -> dict[TopicPartition, int]:
        """Rows of each partition, without one of each message whose number is in ``left_out``."""
        found = {
            part.source: self.builder.rows_of(first, first + len(part.offsets))
            for part, first in zip(self.parts, self.firsts, strict=True)
        }
        for number in left_out:
            found[self.place(number)[0].source] -= 1
        return found


def joint_token(parts: Iterable[BlockPart]) -> str:
    """The token of a block of several partitions."""
    tokens = "\n".join(sorted(part.token for part in parts))
    return hashlib.blake2b(tokens.encode(), digest_size=16).hexdigest()


def join(feed: Feed, parts: list[BlockPart]) -> Block:
    """The block of ``parts``, complete: their messages are then its own."""
    builder, firsts = parts[0].builder, [0]
    for part in parts[:-1]:
        firsts.append(firsts[-1] + len(part.offsets))
    builder.join([part.builder for part in parts[1:]])
    builder.seal()
    for part in parts:
        part.builder = builder
    return Block(feed, parts, builder, joint_token(parts) if len(parts) > 1 else parts[0].token, firsts)


def together(parts: Sequence[BlockPart]) -> list[list[BlockPart]]:
    """Which of ``parts``, all of one topic, are stored together.

    Those that a predecessor has begun together stay together if none is missing. If one is, each is on its own from now
    on, and is marked so before anything of it is inserted: then nobody takes its fellows for the whole block again.
    """
    groups: list[list[BlockPart]] = []
    begun: dict[str, list[BlockPart]] = {}
    filling: list[BlockPart] = []
    size = 0
    for part in parts:
        if part.joint and not part.check:
            begun.setdefault(part.joint, []).append(part)
        elif part.repeated or part.check:
            groups.append([part])
        elif filling and size + part.builder.rows <= JOINT_ROWS:
            filling.append(part)
            size += part.builder.rows
        else:
            filling, size = [part], part.builder.rows
            groups.append(filling)
    for token, members in begun.items():
        if joint_token(members) == token:
            groups.append(members)
            continue
        for part in members:
            part.check = True
            groups.append([part])
    return groups
