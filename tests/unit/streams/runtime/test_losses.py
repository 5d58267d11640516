"""What a lost range leaves behind for somebody to look at."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streams.dead_letter import Loss, letter_of_loss
from streams.operator import Output
from streams.runtime.losses import report_loss
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import StageSettings
from streams.teams.team_partition import TeamPartitionState
from taskstream.records import DeadLetter
from taskstream.settings import load


class _Checkpoint:
    topic, partition = "ui-events", 3

    def __init__(self, topic_id: str, operator: Any) -> None:
        self.topic_id, self.operator = topic_id, operator
        self.noted: list[Output] = []

    def note(self, output: Output) -> None:
        self.noted.append(output)


def letter(topic_id: str, operator: Any = None, last: int = -1) -> DeadLetter:
    checkpoint: Any = _Checkpoint(topic_id, operator)
    report_loss(checkpoint, Loss(500, last, "the topic was deleted and created again"))
    [noted] = checkpoint.noted
    return msgspec.json.decode(noted.value or b"", type=DeadLetter)


def test_losses_of_two_creations_of_a_topic_are_two_letters() -> None:
    assert letter("first").id == "ui-events:3:500-?@first:fetch"
    assert len({letter(one).id for one in ("first", "second", "")}) == 3
    assert letter("first").id == letter("first").id, "what is told twice is one letter"
    assert letter("first", last=509).id == "ui-events:3:500-509@first:fetch"


def test_a_topic_whose_id_is_not_known_is_named_as_before() -> None:
    [output] = [letter_of_loss("ui-events", 3, Loss(5, 9, "cut"), topic_id="")]
    assert msgspec.json.decode(output.value or b"", type=DeadLetter).id == "ui-events:3:5-9:fetch"


@pytest.mark.parametrize("watermark_ms", [-1, 1_790_000_000_000])
def test_the_letter_carries_the_event_time_that_the_partition_had_reached(watermark_ms: int) -> None:
    operator = PartitionState(3, StageSettings.of(load()))
    operator.watermark_ms = watermark_ms
    assert letter("first", operator).at_ms == max(0, watermark_ms)
    assert letter("first", TeamPartitionState(3, 8, 3)).at_ms == 0
