"""Anything may arrive; only the contract gets in."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.discovery.semimarkov.served import MAX_TABLES_BYTES
from streams.operator import InputRecord
from streams.stages.tenant_tables import TablesMarker
from streams.stages.validate import REASONS, Refusal, decode
from taskstream.events import (
    BATCH_TYPE,
    HEARTBEAT_TYPE,
    MAX_BATCH_BYTES,
    MAX_SEQ,
    EventBatch,
    Heartbeat,
    encode,
)
from taskstream.topics import DEAD_LETTER
from tests.unit.streams.build import T0, batch, event, marker, record, state, tables

GOOD = record(0, batch(0, [event(0)]))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"value": None}, "empty"),
        ({"value": b""}, "empty"),
        ({"value": b"\xff\xfe"}, "json"),
        ({"value": b"{"}, "json"),
        ({"value": b"[]"}, "schema"),
        ({"value": b"[" * 100_000}, "schema"),
        ({"value": (GOOD.value or b"").replace(b'"schema":1', b'"schema":2')}, "schema"),
        ({"value": (GOOD.value or b"").replace(b'"tenant"', b'"typed":"secret","tenant"')}, "schema"),
        ({"value": b" " * (MAX_BATCH_BYTES + 1)}, "size"),
        ({"key": b"somebody"}, "key"),
        ({"key": None}, "key"),
        ({"headers": (("ce_type", b"other"),)}, "type"),
        ({"headers": (("ce_type", HEARTBEAT_TYPE),)}, "schema"),
        (marker(0, b"\x92\xa1t\x01"[:-1])._asdict(), "schema"),
        (marker(0, b"\x91" * 100_000)._asdict(), "schema"),
        (marker(0, bytes(MAX_TABLES_BYTES + 1))._asdict(), "size"),
        (marker(0, tables("", 1))._asdict(), "schema"),
        (marker(0, tables("t" * 129, 1))._asdict(), "schema"),
        ({"value": encode(batch(MAX_SEQ, [event(0)]))}, "number"),
    ],
)
def test_refused(change: dict[str, object], reason: str) -> None:
    found = decode(GOOD._replace(**change))  # type: ignore[arg-type]
    assert isinstance(found, Refusal)
    assert found.reason == reason
    assert found.reason in REASONS
    assert "secret" not in found.detail


def test_accepted() -> None:
    assert isinstance(decode(GOOD), EventBatch)
    assert isinstance(decode(GOOD._replace(headers=())), EventBatch), "without a type it is a batch"
    assert decode(record(0, Heartbeat(schema=1, advance_ms=5))) == Heartbeat(schema=1, advance_ms=5)


@pytest.mark.parametrize(
    ("policy", "accepted", "let_in"),
    [
        ("a" * 64, [], True),
        ("", [], True),
        ("a" * 64, ["a" * 64, "b" * 64], True),
        ("c" * 64, ["a" * 64], False),
        ("", ["a" * 64], False),
        ("", ["a" * 64, ""], True),
        ("A" * 64, ["a" * 64], False),
    ],
)
def test_a_policy_that_is_not_accepted_is_a_reason(policy: str, accepted: list[str], let_in: bool) -> None:
    sent = record(0, msgspec.structs.replace(batch(0, [event(0)]), policy=policy))
    found = decode(sent, tuple(accepted))
    assert isinstance(found, EventBatch) if let_in else isinstance(found, Refusal) and found.reason == "policy"


@given(
    st.binary(max_size=300),
    st.none() | st.binary(max_size=5),
    st.sampled_from([BATCH_TYPE, HEARTBEAT_TYPE, b"x"]),
)
def test_nothing_raises(value: bytes, key: bytes | None, kind: bytes) -> None:
    decode(InputRecord(0, T0, key, value, (("ce_type", kind),)))


@given(st.integers(0, len(GOOD.value or b"") - 1), st.integers(0, 255))
def test_a_changed_byte_never_raises(place: int, byte: int) -> None:
    data = bytearray(GOOD.value or b"")
    data[place] = byte
    decode(GOOD._replace(value=bytes(data)))


@given(st.data())
def test_changed_tables_never_raise(data: st.DataObject) -> None:
    raw = bytearray(tables("t", 3))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    found = decode(marker(0, bytes(raw[: data.draw(st.integers(1, len(raw)))])))
    assert isinstance(found, TablesMarker | Refusal)


def test_equal_tables_are_decoded_once_in_a_process() -> None:
    one, other = decode(marker(0, tables("t", 3))), decode(marker(7, bytes(bytearray(tables("t", 3)))))
    assert isinstance(one, TablesMarker)
    assert isinstance(other, TablesMarker)
    assert one.tables is other.tables
    assert (one.tables.served.tenant, one.tables.served.version) == ("t", 3)
    assert one.heartbeat == Heartbeat(schema=1, advance_ms=1), "what a version without tables takes it for"


def test_a_batch_of_another_policy_is_a_dead_letter_and_the_next_one_is_let_in() -> None:
    first = msgspec.structs.replace(batch(0, [event(0)]), policy="b" * 64)
    second = msgspec.structs.replace(batch(1, [event(1)]), policy="a" * 64)
    partition = state(accepted=("a" * 64,))
    letters = [out for out in partition.apply(record(0, first)) if out.topic == DEAD_LETTER.name]
    assert [msgspec.json.decode(letter.value or b"")["reason"] for letter in letters] == ["policy"]
    partition.apply(record(1, second))
    counts = partition.take_counts()
    assert (counts.refused["policy"], counts.events_out) == (1, 1)
