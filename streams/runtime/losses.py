"""Input that can no longer be read: counted, logged, and named in a dead letter."""

from __future__ import annotations

import logging

from streams.dead_letter import Loss, letter_of_loss
from streams.runtime import observe
from streams.runtime.checkpoint import Checkpoint
from streams.stages.partition import PartitionState

log = logging.getLogger("taskstream.streams")


def report_loss(checkpoint: Checkpoint, loss: Loss) -> None:
    """Report a loss in the metrics, in the log and as a dead letter."""
    topic, partition = checkpoint.topic, checkpoint.partition
    log.error("%s/%d: %s", topic, partition, loss)
    if loss.last >= loss.first:
        observe.lost(loss.last - loss.first + 1)
    else:
        observe.topic_reset(topic)
    operator = checkpoint.operator
    at_ms = max(0, operator.watermark_ms) if isinstance(operator, PartitionState) else 0
    checkpoint.note(letter_of_loss(topic, partition, loss, topic_id=checkpoint.topic_id, at_ms=at_ms))
