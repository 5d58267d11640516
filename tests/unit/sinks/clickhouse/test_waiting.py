"""How many blocks many partitions make."""

from __future__ import annotations

import pytest

from sinks.clickhouse.feeds import FEEDS, Feed
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
                longest = max(longest, now + 100 - block.range.first * 100)
                ledger.done(block, block.builder.rows)
    return blocks / SECONDS, longest


@pytest.mark.parametrize(
    ("feed", "partitions", "most_blocks", "most_ms"),
    [(CLEAN, 1, 4, 400), (CLEAN, 4, 14, 400), (CLEAN, 24, 21, 1_400), (CLEAN, 96, 81, 1_400),
     (FEEDS[1], 4, 5, 1_200), (FEEDS[1], 96, 10, 10_200), (FEEDS[4], 96, 35, 3_200)],
)  # fmt: skip
def test_blocks_grow_less_than_partitions_and_freshness_is_kept(
    feed: Feed, partitions: int, most_blocks: float, most_ms: int
) -> None:
    blocks, longest = blocks_a_second(feed, partitions)
    assert blocks <= most_blocks
    assert longest <= most_ms
