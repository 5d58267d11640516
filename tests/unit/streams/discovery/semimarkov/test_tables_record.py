"""Tables travel as bytes: bounded, checked, and refused where they are none of ours."""

from __future__ import annotations

import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from streams.discovery.semimarkov.served import load_tables
from streams.discovery.semimarkov.tables_record import (
    MAX_TABLES_BYTES,
    MAX_UNPACKED,
    TablesRecord,
    decode_tables,
    encode_tables,
)
from streams.discovery.semimarkov.teaching import teach
from taskstream.errors import UNDECODABLE
from tests.unit.streams.discovery.semimarkov.taught import person

PEOPLE = [person(seed)[0] for seed in range(3)]
GOOD = teach("tenant", 7, PEOPLE)


def test_the_same_steps_give_the_same_bytes() -> None:
    assert teach("tenant", 7, PEOPLE) == GOOD
    record = decode_tables(GOOD)
    assert encode_tables(record) == GOOD
    assert (record.tenant, record.version) == ("tenant", 7)


def test_nothing_teaches_nothing() -> None:
    assert teach("t", 1, []) == teach("t", 1, [[], []]) == b""


def test_few_steps_and_times_that_stand_still_or_go_back_do_no_harm() -> None:
    for steps in ([("a|click||x", 0, 0)], [("a|click||x", 0, 0)] * 50, [("a|click||x", -at, 1) for at in range(50)]):
        data = teach("t", 1, [steps])
        assert not data or load_tables(data).size == 2


def test_many_long_names_stay_within_the_bound() -> None:
    tail = "".join(chr(0x4E00 + n % 9_000) for n in range(900))
    steps = [(f"a|click|{n * 7_919 % 10_007:x}|{tail[n % 700 :]}", n * 1_000, 0) for n in range(1_200)]
    data = teach("t", 1, [steps + steps])
    assert len(data) <= MAX_TABLES_BYTES
    assert 0 < load_tables(data).size <= 1_201


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    for one in (data, zlib.compress(data)):
        with pytest.raises(UNDECODABLE):
            load_tables(one)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 255), st.booleans())
def test_changed_bytes_are_refused_or_are_tables(at: int, by: int, packed: bool) -> None:
    data = bytearray(GOOD if packed else zlib.decompress(GOOD))
    data[at % len(data)] ^= by
    try:
        found = load_tables(bytes(data) if packed else zlib.compress(bytes(data)))
    except UNDECODABLE:
        return
    assert found.row(0, 0, 0) >= 0


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"names": []},
        {"share": [0.5]},
        {"idle": [99]},
        {"stray": [4_000]},
        {"cues": {}},
        {"cues": {"gap": [0.0] * 7, "link": [0.0] * 4, "place": [0.0] * 2}},
    ],
)
def test_parts_that_do_not_belong_together_are_refused(change: dict[str, object]) -> None:
    record: TablesRecord = structs.replace(decode_tables(GOOD), **change)
    with pytest.raises(msgspec.ValidationError):
        decode_tables(encode_tables(record))


def test_tables_that_take_too_much_when_in_use_are_refused() -> None:
    record = decode_tables(GOOD)
    with pytest.raises(msgspec.ValidationError, match="too large"):
        decode_tables(encode_tables(_of_size(record, 1_000, 200)))
    load_tables(encode_tables(_of_size(record, 400, 50)))


def _of_size(record: TablesRecord, activities: int, routines: int) -> TablesRecord:
    shares = [1.0 / activities] * activities
    chain = structs.replace(record.chains[0], starts={0: 1.0}, ends={1: 1.0}, steps={0: {1: 1.0}})
    return structs.replace(
        record, names=[f"a|click||{n}" for n in range(activities)], share=shares, rates=shares, none=shares,
        repeats=shares, chains=[chain] * routines, idle=[], stray=[], lanes=None,
    )  # fmt: skip


def test_a_chain_that_names_what_is_not_there_is_refused() -> None:
    record = decode_tables(GOOD)
    chain = structs.replace(record.chains[0], steps={0: {len(record.names): 1.0}})
    with pytest.raises(msgspec.ValidationError):
        decode_tables(encode_tables(structs.replace(record, chains=[chain])))


def test_what_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_tables(zlib.compress(bytes(MAX_UNPACKED + 1)))
    with pytest.raises(msgspec.ValidationError):
        decode_tables(bytes(MAX_TABLES_BYTES + 1))
    with pytest.raises(msgspec.ValidationError):
        decode_tables(GOOD[:-8])
