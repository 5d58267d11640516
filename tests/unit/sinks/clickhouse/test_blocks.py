"""Messages that do not fit, and the order of rows, without an engine."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from sinks.clickhouse.blocks.event_block import EventBlock
from sinks.clickhouse.blocks.native import array, gather, varint
from sinks.clickhouse.blocks.record_block import RecordBlock, TableColumn
from sinks.clickhouse.feeds import FEEDS, layout
from taskstream.event_columns import CODE, COUNT, DIGEST, TIME, pack
from taskstream.events import EventBatch, KeyCounts, ObjectRef, UiEvent, Value, encode
from taskstream.records import ActivityWindow, Opportunity, Session
from tests.fixtures.clean import message
from tests.unit.streams.discovery.routine_samples import segment


def _batch(agent: str, first: int, count: int = 2) -> EventBatch:
    events = tuple(UiEvent(n, "click", objects=(ObjectRef("order", n),)) for n in range(count))
    return EventBatch(1, "t", "team", "actor", agent, first, events)


def _session(number: int) -> Session:
    return Session(f"a:{number}", "t", "m", "p", "a", number, number, 0, 0, 0, 1, 1, 0, "gap")


def test_varint_and_ragged_rows() -> None:
    assert [varint(n) for n in (0, 127, 128, 300)] == [b"\0", b"\x7f", b"\x80\x01", b"\xac\x02"]
    assert gather(np.array([2, 0, 1]), np.array([2, 0, 3])).tolist() == [2, 3, 4, 0, 1]
    assert gather(np.array([], dtype=np.int64), np.array([], dtype=np.int64)).tolist() == []
    assert array([2, 0], b"ab") == b"\x02\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0ab"


def test_rows_are_in_the_tables_order_and_lead_back_to_their_message() -> None:
    block = EventBlock()
    for batches in ([_batch("b", 4)], [_batch("a", 7, 1), _batch("b", 1)]):
        block.add(message(*batches))
    block.seal()
    agents, owner, seq = block.keys()
    assert [(agents[n], s) for n, s in zip(owner, seq.tolist(), strict=True)] == [
        ("a", 7), ("b", 1), ("b", 2), ("b", 4), ("b", 5),
    ]  # fmt: skip
    assert [block.message_of(row) for row in range(5)] == [1, 1, 1, 0, 0]
    assert [block.name_of(row) for row in (0, 2)] == ["a:7", "b:2"]
    assert block.sent(2) == [(0, 1), (0, 0), (0, 1)]


def _wrong(good: dict[str, Any]) -> list[bytes]:
    """Messages that do not fit themselves, or the table."""
    changes: list[dict[str, Any]] = [
        {"schema": 2},
        {"first_seq": [-1]},
        {"first_seq": [2**70]},
        {"first_seq": [1, 2]},
        {"agent": [99]},
        {"agent": [-1]},
        {"events": [3]},
        {"events": []},
        {"events": [0, 2]},
        {"events": [-2]},
        {
            "events": [65_537],
            "at_ms": bytes(65_537 * 8),
            "active_ms": bytes(65_537 * 4),
            **dict.fromkeys(("kind", "app", "screen", "element", "shortcut"), bytes(65_537 * 2)),
        },
        {"sent_ms": [2**60]},
        {"at_ms": pack(TIME, [-5, 0])},
        {"at_ms": pack(TIME, [5])},
        {"at_ms": "not base64!"},
        {"kind": pack(CODE, [0, 99])},
        {"app": pack(CODE, [0, 0])[:3]},
        {"active_ms": b""},
        {"objects": {"rows": pack(CODE, [0, 7]), "kind": pack(CODE, [0, 0]), "digest": pack(DIGEST, [1, 1])}},
        {"objects": {"rows": pack(CODE, [0]), "kind": pack(CODE, [99]), "digest": pack(DIGEST, [1])}},
        {"values": {"rows": pack(CODE, [1]), "digest": b"", "length": b"", "form": b""}},
        {"keys": {"rows": pack(CODE, [1]), "letter": pack(COUNT, [1, 2])}},
        {"missing": {"rows": pack(CODE, [2]), "missing": pack(COUNT, [1])}},
        {"injected": pack(CODE, [2])},
        {"strings": ["only one"]},
    ]
    whole = msgspec.json.encode(good)
    deep = whole[:-1] + b',"mood":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    broken = whole.replace(b'"team"', b'"\xff"')
    assert broken != whole
    return [b"not json", b"{}", b"", deep, broken, *(msgspec.json.encode(good | change) for change in changes)]


def test_a_message_that_fits_no_column_is_refused_alone() -> None:
    good = msgspec.json.decode(message(_batch("a", 0)))
    alone = EventBlock()
    alone.add(msgspec.json.encode(good))
    alone.add(message(_batch("c", 9, 1)))
    alone.seal()
    wrong = _wrong(good)
    block = EventBlock()
    for value in (*wrong, msgspec.json.encode(good), *wrong, message(_batch("c", 9, 1))):
        block.add(value)
    block.seal()
    assert block.rows == 3
    assert [number for number, _ in block.refused] == [n for n in range(2 * len(wrong) + 1) if n != len(wrong)]
    assert block.message_of(2) == 2 * len(wrong) + 1
    assert block.build() == alone.build(), "nothing of what is refused is left in the block"


def _events_of_all_kinds(agent: str, first: int) -> EventBatch:
    events = (
        UiEvent(1, "click", app=f"app {agent}", objects=(ObjectRef("order", first), ObjectRef(agent, 1))),
        UiEvent(2, "edit", element="field:x", value=Value(first, 3, "iban" if agent == "b" else "date")),
        UiEvent(3, "keys", keys=KeyCounts(letter=first), injected=True),
        UiEvent(4, "gap", missing=first + 1),
    )
    return EventBatch(1, "t", "team", "actor", agent, first, events)


@pytest.mark.parametrize("cut", range(6))
def test_blocks_that_are_joined_are_as_one(cut: int) -> None:
    values = [
        message(_events_of_all_kinds("b", 4)), b"not json", message(_batch("c", 1), _events_of_all_kinds("a", 9)),
        b"{}", message(_events_of_all_kinds("b", 8), _batch("c", 3)),
    ]  # fmt: skip
    whole, first, second, third = EventBlock(), EventBlock(), EventBlock(), EventBlock()
    for n, value in enumerate(values):
        whole.add(value)
        (first if n < cut else second if n < cut + 2 else third).add(value)
    first.join([second, third])
    for block in (whole, first):
        block.seal()
    assert first.build() == whole.build()
    assert first.build(frozenset({0, 7})) == whole.build(frozenset({0, 7}))
    assert first.refused == whole.refused
    assert first.rows == whole.rows == 16
    assert [first.rows_of(n, n + 1) for n in range(5)] == [4, 0, 6, 0, 6]
    assert first.rows_of(1, 4) == 6
    numbers = [first.message_of(row) for row in range(16)]
    assert numbers == [whole.message_of(row) for row in range(16)]
    assert [first.nth_of_message(row) for row in range(16)] == [numbers[:n].count(numbers[n]) for n in range(16)]


def test_records_that_are_joined_are_as_one() -> None:
    made = layout(FEEDS[1], [TableColumn("id", "String"), TableColumn("events", "UInt32")])
    assert made is not None
    large = msgspec.json.encode(msgspec.json.decode(encode(_session(2))) | {"events": 2**33})
    values = [encode(_session(1)), large, b"[]", encode(_session(3)), large, encode(_session(4))]
    whole, first, second = RecordBlock(made), RecordBlock(made), RecordBlock(made)
    for n, value in enumerate(values):
        whole.add(value)
        (first if n < 2 else second).add(value)
    first.join([second])
    for block in (whole, first):
        block.seal()
    assert first.build() == whole.build()
    assert sorted(first.refused) == sorted(whole.refused)
    assert [number for number, _ in sorted(first.refused)] == [1, 2, 4]
    assert [first.rows_of(n, n + 2) for n in (0, 2, 4)] == [1, 1, 1]
    assert [first.message_of(row) for row in range(3)] == [0, 3, 5]


def test_a_block_of_refused_messages_is_empty() -> None:
    block = EventBlock()
    block.add(b"{}")
    block.seal()
    assert (block.rows, block.build(), block.sent(5)) == (0, b"\0\0", [])
    agents, owner, seq = block.keys()
    assert (agents, len(owner), len(seq)) == ([], 0, 0)


def test_records_of_a_newer_writer_are_taken_and_misfits_refused() -> None:
    columns = [TableColumn("id", "String"), TableColumn("events", "UInt32"), TableColumn("unrelated", "String")]
    made = layout(FEEDS[1], columns)
    assert made is not None
    block = RecordBlock(made)
    newer = msgspec.json.decode(encode(_session(1))) | {"mood": "fine"}
    large = msgspec.json.decode(encode(_session(2))) | {"events": 2**33}
    deep = encode(_session(4))[:-1] + b',"mood":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    broken = encode(_session(5)).replace(b'"gap"', b'"\xff"')
    for value in (msgspec.json.encode(newer), msgspec.json.encode(large), b"[]", encode(_session(3)), deep, broken):
        block.add(value)
    block.seal()
    assert block.keys() == ["a:1", "a:3"]
    assert sorted(number for number, _ in block.refused) == [1, 2, 4, 5]
    assert block.build(frozenset({0})).count(b"a:3") == 1
    assert b"a:1" not in block.build(frozenset({0}))


@pytest.mark.parametrize(("kind", "each"), [("Array(String)", ""), ("Array(UInt8)", 0), ("Array(Array(String))", {})])
def test_a_nested_column_of_a_newer_version_gets_defaults(kind: str, each: object) -> None:
    columns = [TableColumn("steps.seq", "Array(UInt64)"), TableColumn("steps.newer", kind), TableColumn("newer", kind)]
    made = layout(next(feed for feed in FEEDS if feed.table == "segments"), columns)
    assert made is not None
    record = made.decoder.decode(encode(segment(["a", "b"])))
    assert [(column.name, read(record)) for column, read in made.columns] == [
        ("steps.seq", [0, 1]), ("steps.newer", [each] * 2),
    ]  # fmt: skip
    assert made.block([record], ["a"])


def test_rows_whose_ids_begin_again_are_told_apart_by_what_they_are() -> None:
    feed = next(feed for feed in FEEDS if feed.recounted)
    made = layout(feed, [TableColumn("id", "String"), TableColumn("events", "UInt64")])
    assert made is not None

    def keys(*events: int) -> list[str]:
        block = RecordBlock(made)
        for n, count in enumerate(events):
            block.add(encode(ActivityWindow(f"0:60000:{n}", "t", "m", 60_000, "excel", "click", count, 5, 5)))
        block.seal()
        named = block.keys()
        assert all(key.encode() in block.build() for key in named)
        assert block.build(frozenset({0})).count(b"0:60000:0") == 0
        return named

    assert keys(5, 6) == keys(5, 6)
    assert keys(5, 6)[0] != keys(7, 6)[0]
    assert keys(5, 6)[1] == keys(7, 6)[1]


def test_a_number_that_json_has_no_word_for_is_infinite() -> None:
    fields: dict[str, object] = {}
    for field in msgspec.structs.fields(Opportunity):
        if field.default is msgspec.NODEFAULT:
            kind = str(field.type)
            fields[field.name] = () if "tuple" in kind else {} if "dict" in kind else "" if "str" in kind else 0
    value = msgspec.json.encode(fields | {"payback_months": None})
    feed = next(feed for feed in FEEDS if feed.topic.record == "Opportunity")
    made = layout(feed, [TableColumn("payback_months", "Float64")])
    assert made is not None
    block = RecordBlock(made)
    block.add(value)
    block.seal()
    assert not block.refused
    assert block.build().endswith(np.float64(np.inf).tobytes())
