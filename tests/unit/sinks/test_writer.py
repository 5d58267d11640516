"""What the writer keeps: nothing."""

from __future__ import annotations

import gc
import threading
import weakref

from sinks.clickhouse.ledger import Block
from sinks.clickhouse.ranges import Range, TopicPartition
from sinks.clickhouse.writer import Writer
from tests.unit.sinks.world import FEED, Words


class Store:
    """Takes everything."""

    def insert(self, table: str, block: bytes, token: str) -> None:
        pass

    def present(self, feed: object, builder: object) -> frozenset[int]:
        return frozenset()


def test_a_stored_block_is_let_go_of_at_once() -> None:
    """Blocks are tens of megabytes, and the sink looks for reference cycles rarely."""
    writer = Writer(Store(), lambda _: True, lambda *_: {}, threading.Event(), lambda: 0)
    builder = Words()
    builder.add(b"a b")
    kept = weakref.ref(builder)
    gc.collect()
    gc.disable()
    try:
        assert writer.store(Block(TopicPartition("t", 0), FEED, Range(0, 0), builder, [0])) == 2
        del builder
        assert kept() is None
    finally:
        gc.enable()
