"""Every letter fits its topic, whatever the input held."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.clickhouse.dead_letters import Letter
from sinks.clickhouse.dead_letters import record as sink_record
from streams.dead_letter import InputPlace, Loss, dead_letter, letter_of_loss
from streams.operator import InputRecord
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import StageSettings
from streams.teams.team_partition import TeamPartitionState
from taskstream.events import encode
from taskstream.records import DeadLetter
from taskstream.topics import DEAD_LETTER, KAFKAS_OWN

WORST = [
    b"\x00" * 600_000,
    b"\xff" * 600_000,
    b'"\\' * 300_000,
    "\U0001f600".encode() * 150_000,
    "ü".encode() * 300_000,
]
"""Control characters take six bytes each in JSON, what is no UTF-8 becomes a character of three."""


def fits(value: bytes | None) -> bool:
    letter = msgspec.json.decode(value or b"", type=DeadLetter)
    return len(value or b"") <= DEAD_LETTER.value_bytes and bool(letter.id)


@pytest.mark.parametrize("key", WORST, ids=lambda key: repr(key[:2]))
def test_letters_of_both_phases_fit_their_topic_with_the_worst_key(key: bytes) -> None:
    record = InputRecord(1, 1, key, b"\x00" * (KAFKAS_OWN - len(key) - 1_000), (("ce_type", key),))
    for operator in (PartitionState(0, StageSettings(partitions=1)), TeamPartitionState(0, 1, 1)):
        (output,) = operator.apply(record)
        assert output.topic == "dead-letter"
        assert fits(output.value)


@pytest.mark.parametrize("key", WORST, ids=lambda key: repr(key[:2]))
def test_no_text_of_a_letter_is_longer_than_it_may_be(key: bytes) -> None:
    text = key.decode("utf-8", "replace")
    place = InputPlace(text, 2**31 - 1, InputRecord(2**63 - 1, 2**63 - 1, key, key))
    assert fits(dead_letter(place, text, text, text, key).value)
    assert fits(letter_of_loss(text, 0, Loss(0, 1, text), topic_id=text).value)
    assert fits(encode(sink_record(Letter(text, 0, 2**63 - 1, text, text, 5, key, text), 0)))


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_a_short_key_is_kept_as_it_is(key: bytes) -> None:
    output = dead_letter(InputPlace("ui-events", 0, InputRecord(0, 0, key, b"")), "key", "", "validate", b"")
    assert msgspec.json.decode(output.value or b"", type=DeadLetter).key == key.decode("utf-8", "replace")
