"""Which dead letters can be sent again."""

from __future__ import annotations

import msgspec
import pytest

from streams.dead_letter import MAX_PAYLOAD
from streams.runtime.dead_letter_topic import replayable
from taskstream.records import DeadLetter

LETTER = DeadLetter("i", "schema", "detail", "validate", "ui-events", 0, 1, 0, "key", 3, "c2VjcmV0")


@pytest.mark.parametrize(
    ("change", "ready"),
    [
        ({}, True),
        ({"size": 0, "payload": ""}, False),  # a gap: there is no input
        ({"size": MAX_PAYLOAD + 1}, False),  # cut
        ({"stage": "sink", "source_topic": "taskstream.ui-events.clean"}, False),  # the streams' own
    ],
)
def test_only_whole_input_from_outside_is_sent_again(change: dict[str, object], ready: bool) -> None:
    assert replayable(msgspec.structs.replace(LETTER, **change)) is ready
