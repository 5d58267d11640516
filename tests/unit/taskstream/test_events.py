"""The contract: what it accepts for ever, and what it refuses."""

from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskstream import events
from taskstream.events import EventBatch, KeyCounts, ObjectRef, UiEvent, Value, decode_batch, encode

RECORDED = (Path(__file__).parents[2] / "data" / "contract-v1" / "batches.jsonl").read_bytes().splitlines()


def batch(**changes: Any) -> dict[str, Any]:
    recorded: dict[str, Any] = orjson.loads(RECORDED[1])
    return recorded | changes


@pytest.mark.parametrize("line", RECORDED)
def test_recorded_version_1_messages_are_read_and_written_unchanged(line: bytes) -> None:
    assert orjson.loads(encode(decode_batch(line))) == orjson.loads(line)


def test_recorded_messages_hold_every_field_of_the_contract() -> None:
    def names(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {name for part in value.values() for name in names(part)}
        return {name for part in value for name in names(part)} if isinstance(value, list) else set()

    seen = {name for line in RECORDED for name in names(orjson.loads(line))}
    declared = {f for struct in (EventBatch, UiEvent, Value, ObjectRef) for f in struct.__struct_fields__}
    assert declared <= seen


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"characters": "secret"}, "unknown field"),
        ({"schema": 2}, "schema"),
        ({"first_seq": -1}, "first_seq"),
        ({"first_seq": "1"}, "first_seq"),
        ({"first_seq": 2**53}, "first_seq"),
        ({"events": []}, "events"),
        ({"actor": ""}, "actor"),
        ({"actor": "x" * 129}, "actor"),
        ({"events": [{"at_ms": 1, "kind": "screenshot"}]}, "kind"),
        ({"events": [{"at_ms": 1, "kind": "click", "x": 10}]}, "unknown field"),
        ({"events": [{"at_ms": 1.5, "kind": "click"}]}, "at_ms"),
        ({"events": [{"at_ms": -1, "kind": "click"}]}, "at_ms"),
        ({"events": [{"at_ms": 1, "kind": "click", "screen": "s" * 257}]}, "screen"),
        ({"events": [{"at_ms": 1, "kind": "copy", "value": {"content": "x"}}]}, "unknown field"),
        ({"events": [{"at_ms": 1, "kind": "copy", "value": {"digest": "John"}}]}, "digest"),
        ({"events": [{"at_ms": 1, "kind": "copy", "value": {"form": "John"}}]}, "form"),
        ({"events": [{"at_ms": 1, "kind": "click"}] * 1001}, "events"),
    ],
)
def test_what_is_not_declared_is_refused(change: dict[str, Any], word: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=word):
        decode_batch(orjson.dumps(batch(**change)))


@pytest.mark.parametrize("data", [b"", b"{", b"null", b"[]", b"\xff\xfe", b"x" * (events.MAX_BATCH_BYTES + 1)])
def test_what_is_no_batch_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_batch(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        assert isinstance(decode_batch(data), EventBatch)
    except msgspec.DecodeError:
        pass  # refused, as it should be: nothing else may be raised


@given(
    st.builds(
        UiEvent,
        at_ms=st.integers(0, events.MAX_TIME_MS),
        kind=st.sampled_from(events.KINDS),
        app=st.text(max_size=64),
        screen=st.text(max_size=256),
        element=st.text(max_size=256),
        active_ms=st.integers(0, 86_400_000),
        keys=st.none() | st.builds(KeyCounts, letter=st.integers(0, 1_000_000)),
        value=st.none() | st.builds(Value, digest=st.integers(0, 2**53 - 1), length=st.integers(0, 32)),
        injected=st.booleans(),
    )
)
def test_every_valid_event_survives_a_round_trip(event: UiEvent) -> None:
    sent = EventBatch(schema=1, tenant="t", team="t", actor="p", agent="a", first_seq=0, events=(event,))
    assert decode_batch(encode(sent)) == sent


def test_the_json_schema_is_closed_everywhere() -> None:
    schema = events.json_schema()
    assert {name for name, part in schema["$defs"].items() if part.get("additionalProperties") is not False} == set()
