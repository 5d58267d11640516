"""Messages that do not fit, and the order of rows, without an engine."""

from __future__ import annotations

import msgspec
import numpy as np

from sinks.clickhouse.event_block import EventBlock
from sinks.clickhouse.feeds import FEEDS, layout
from sinks.clickhouse.native import array, gather, varint
from sinks.clickhouse.record_block import RecordBlock, TableColumn
from taskstream.events import EventBatch, ObjectRef, UiEvent, encode
from taskstream.records import Opportunity, Session


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
    for batch in (_batch("b", 4), _batch("a", 7, 1), _batch("b", 1)):
        block.add(encode(batch))
    block.seal()
    agents, owner, seq = block.keys()
    assert [(agents[n], s) for n, s in zip(owner, seq.tolist(), strict=True)] == [
        ("a", 7), ("b", 1), ("b", 2), ("b", 4), ("b", 5),
    ]  # fmt: skip
    assert [block.message_of(row) for row in range(5)] == [1, 2, 2, 0, 0]


def test_a_message_that_fits_no_column_is_refused_alone() -> None:
    good = msgspec.json.decode(encode(_batch("a", 0)))
    wrong = [
        b"not json",
        b"{}",
        msgspec.json.encode(good | {"first_seq": -1}),
        msgspec.json.encode(good | {"events": [{"at_ms": 1, "kind": "click", "active_ms": 2**40}]}),
        msgspec.json.encode(good | {"events": [{"at_ms": -5, "kind": "click"}]}),
        msgspec.json.encode(good | {"events": [{"at_ms": 5, "kind": "photograph"}]}),
        msgspec.json.encode(good | {"events": [{"at_ms": 5, "kind": "copy", "value": {"length": 300}}]}),
    ]
    block = EventBlock()
    for value in (wrong[0], msgspec.json.encode(good), *wrong[1:], encode(_batch("c", 9, 1))):
        block.add(value)
    block.seal()
    assert block.rows == 3
    assert sorted(number for number, _ in block.refused) == [0, 2, 3, 4, 5, 6, 7]
    assert block.message_of(2) == 8


def test_records_of_a_newer_writer_are_taken_and_misfits_refused() -> None:
    columns = [TableColumn("id", "String"), TableColumn("events", "UInt32"), TableColumn("unrelated", "String")]
    made = layout(FEEDS[1], columns)
    assert made is not None
    block = RecordBlock(made)
    newer = msgspec.json.decode(encode(_session(1))) | {"mood": "fine"}
    large = msgspec.json.decode(encode(_session(2))) | {"events": 2**33}
    for value in (msgspec.json.encode(newer), msgspec.json.encode(large), b"[]", encode(_session(3))):
        block.add(value)
    block.seal()
    assert block.keys() == ["a:1", "a:3"]
    assert sorted(number for number, _ in block.refused) == [1, 2]
    assert block.build(frozenset({0})).count(b"a:3") == 1
    assert b"a:1" not in block.build(frozenset({0}))


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
