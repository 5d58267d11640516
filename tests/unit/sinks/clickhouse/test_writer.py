"""What the writer keeps: nothing."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from sinks.clickhouse.joint import BlockPart, join
from sinks.clickhouse.ranges import Range, TopicPartition
from sinks.clickhouse.store import BadRow
from sinks.clickhouse.writer import Writer
from tests.unit.sinks.clickhouse.world import FEED, Words


class Store:
    """Takes everything but rows that begin with an exclamation mark."""

    def insert(self, table: str, block: bytes, token: str) -> None:
        for row, word in enumerate(block.split()):
            if word.startswith(b"!"):
                raise BadRow(row, f"at row {row + 1}")

    def present(self, feed: object, builder: object) -> frozenset[int]:
        return frozenset()


@pytest.mark.parametrize(("message", "stored"), [(b"a b", 2), (b"a !b c !d", 2)])
def test_a_stored_block_is_let_go_of_at_once(message: bytes, stored: int) -> None:
    """Blocks are tens of megabytes, and the sink looks for reference cycles rarely."""
    writer = Writer(Store(), lambda _: True, lambda *_: {}, threading.Event(), lambda: 0)
    builder = Words()
    builder.add(message)
    kept = weakref.ref(builder)
    gc.collect()
    gc.disable()
    try:
        source = TopicPartition("t", 0)
        assert writer.store(join(FEED, [BlockPart(source, Range(0, 0), builder, [0], "c:1")])) == {source: stored}
        del builder
        assert kept() is None
    finally:
        gc.enable()
