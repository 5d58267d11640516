"""How many blocks many partitions make."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sinks.clickhouse.feeds import FEEDS, Feed
from sinks.clickhouse.joint import Block
from sinks.clickhouse.ledger import Ledger, Limits
from sinks.clickhouse.ranges import Mark, TopicPartition
from tests.unit.sinks.clickhouse.world import Words

CLEAN = FEEDS[0]
SECONDS = 20


def blocks_a_second(feed: Feed, partitions: int) -> tuple[float, int]:
    """Blocks a second, and the longest wait of a message (milliseconds), with a message a partition every 100 ms."""
    ledger = Ledger({"t": feed}, lambda _: Words(), Limits())
    sources = [TopicPartition("t", n) for n in range(partitions)]
    for source in sources:
        ledger.assign(source, 0, Mark(0), log="c:1", now_ms=0)
    blocks, longest = 0, 0
    for now in range(0, SECONDS * 1_000, 100):
        for n, source in enumerate(sources):
            ledger.accept(source, now // 100, b"%d" % now, now_ms=now + n)
        if ledger.due(now + 100):
            for block in ledger.take(now + 100):
                blocks += 1
                longest = max(longest, *(now + 100 - part.range.first * 100 for part in block.parts))
                ledger.done(block, block.rows(()))
    return blocks / SECONDS, longest


@pytest.mark.parametrize("partitions", [1, 4, 96])
@pytest.mark.parametrize("feed", FEEDS)
def test_partitions_share_their_blocks_and_freshness_is_kept(feed: Feed, partitions: int) -> None:
    blocks, longest = blocks_a_second(feed, partitions)
    assert blocks <= 2
    assert longest <= feed.delay_ms + 200


def test_a_clock_that_is_set_back_holds_nothing_up() -> None:
    ledger = Ledger({"t": CLEAN}, lambda _: Words(), Limits())
    source = TopicPartition("t", 0)
    ledger.assign(source, 0, Mark(0), log="c:1", now_ms=0)
    for offset, now in enumerate((3_600_000, 0, 1_000)):
        ledger.accept(source, offset, b"a", now_ms=now)
        blocks = ledger.take(now + 600)
        assert len(blocks) == 1
        ledger.done(blocks[0], blocks[0].rows(()))
        ledger.accept(source, offset, b"a", now_ms=now)
        assert not ledger.due(now + 700)


def test_a_block_in_flight_makes_no_other_come_sooner() -> None:
    """Partitions that come back one after another do not get blocks one after another."""
    ledger = Ledger({"t": CLEAN}, lambda _: Words(), Limits())
    sources = [TopicPartition("t", n) for n in range(4)]
    for source in sources:
        ledger.assign(source, 0, Mark(0), log="c:1", now_ms=0)
    flying: list[Block] = []
    taken: list[int] = []
    for now in range(0, 20_000, 50):
        for n, source in enumerate(sources):
            if now // 50 % 4 == n:
                ledger.accept(source, now, b"a", now_ms=now)
        if ledger.due(now):
            flying += ledger.take(now)
            taken.append(now)
        if now % 350 == 0 and flying:  # longer than half of the time between two blocks
            block = flying.pop(0)
            ledger.done(block, block.rows(()))
    assert min(later - sooner for sooner, later in pairwise(taken)) >= CLEAN.delay_ms
