"""Chunks cover what was fetched, without a hole between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.operator import InputRecord
from streams.runtime.chunks import CHUNK_RECORDS, chunks, in_turn


@given(st.lists(st.integers(1, 3), max_size=3 * CHUNK_RECORDS), st.integers(0, 5), st.integers(0, 4))
def test_chunks_cover_everything(steps: list[int], before: int, after: int) -> None:
    offsets, offset = [], 100 + before
    for step in steps:
        offsets.append(offset)
        offset += step
    end = (offsets[-1] + 1 if offsets else 100) + after
    cut = chunks(100, end, [InputRecord(offset, 0, None, b"x") for offset in offsets])
    assert [record.offset for chunk in cut for record in chunk.records] == offsets
    place = 100
    for chunk in cut:
        assert chunk.begin == place
        assert all(chunk.begin <= record.offset < chunk.end for record in chunk.records)
        assert len(chunk.records) <= CHUNK_RECORDS
        place = chunk.end
    assert place == end


def test_large_records_make_small_chunks() -> None:
    cut = chunks(0, 6, [InputRecord(offset, 0, None, b"x" * 1_500_000) for offset in range(6)])
    assert [len(chunk.records) for chunk in cut] == [3, 3]


def test_partitions_take_turns() -> None:
    records = [InputRecord(offset, 0, None, b"x" * 3_000_000) for offset in range(4)]
    turns = in_turn([(("a", 0), chunks(0, 4, records)), (("a", 1), chunks(0, 2, records[:2]))])
    assert [(tp[1], chunk.begin) for tp, chunk in turns] == [(0, 0), (1, 0), (0, 2)]
