"""Which dead letters can be sent again."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.dead_letter import MAX_PAYLOAD
from streams.runtime.dead_letter_topic import decode, replayable
from taskstream.errors import UNDECODABLE
from taskstream.events import encode
from taskstream.records import DeadLetter

LETTER = DeadLetter("i", "schema", "detail", "validate", "ui-events", 0, 1, 0, "key", 3, "c2VjcmV0")


@pytest.mark.parametrize(
    ("change", "ready"),
    [
        ({}, True),
        ({"size": 0, "payload": ""}, False),  # a gap: there is no input
        ({"size": MAX_PAYLOAD + 1}, False),  # cut
        ({"source_topic": "activity.partial"}, False),  # written by the streams
        ({"stage": "sink", "source_topic": "taskstream.ui-events.clean"}, False),  # the streams' own
    ],
)
def test_only_whole_input_from_outside_is_sent_again(change: dict[str, object], ready: bool) -> None:
    assert replayable(msgspec.structs.replace(LETTER, **change)) is ready


def test_a_letter_is_read_as_it_was_written() -> None:
    assert decode(encode(LETTER)) == LETTER


@given(st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(msgspec.json.encode))
def test_whatever_else_stands_in_the_topic_is_told_and_no_more(value: bytes) -> None:
    with contextlib.suppress(*UNDECODABLE):
        decode(value)


@pytest.mark.parametrize("value", [None, b"", b"[]", b"\xff", b"[" * 100_000, encode(LETTER)[:-1]])
def test_foreign_messages_are_no_dead_letters(value: bytes | None) -> None:
    with pytest.raises(UNDECODABLE):
        decode(value)


def test_a_payload_that_is_no_base64_makes_no_dead_letter() -> None:
    with pytest.raises(ValueError):
        decode(encode(msgspec.structs.replace(LETTER, payload="ä!")))
