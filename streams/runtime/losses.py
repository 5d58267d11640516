"""Input that can no longer be read: counted, logged, and named in a dead letter."""

from __future__ import annotations

import logging

from streams.operator import Output
from streams.runtime import observe
from streams.runtime.checkpoint import Checkpoint
from streams.runtime.restore import Loss
from taskstream.events import encode
from taskstream.records import DeadLetter
from taskstream.topics import DEAD_LETTER

log = logging.getLogger("taskstream.streams")


def letter_of(topic: str, partition: int, loss: Loss) -> Output:
    """The dead letter that names the range; it holds no input."""
    last = loss.last if loss.last >= 0 else "?"
    letter = DeadLetter(
        id=f"{topic}:{partition}:{loss.first}-{last}:fetch",
        reason="lost",
        detail=f"offsets {loss.first} to {last}: {loss.why}",
        stage="fetch",
        source_topic=topic,
        source_partition=partition,
        source_offset=loss.first,
        at_ms=0,
        key="",
        size=0,
        payload="",
    )
    return Output(DEAD_LETTER.name, 0, None, encode(letter))


def report_loss(checkpoint: Checkpoint, loss: Loss) -> None:
    """Say what is lost, wherever one looks."""
    topic, partition = checkpoint.topic, checkpoint.partition
    last = loss.last if loss.last >= 0 else "?"
    log.error("%s/%d: offsets %d to %s: %s", topic, partition, loss.first, last, loss.why)
    if loss.last >= loss.first:
        observe.lost(loss.last - loss.first + 1)
    else:
        observe.topic_reset(topic)
    checkpoint.note(letter_of(topic, partition, loss))
