"""Dead letters: refused input with its reason and its place in the log, kept for somebody to look at."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct

from streams.operator import Output, Record
from taskstream.events import encode
from taskstream.letter_bounds import bounded, key_text, payload_text
from taskstream.records import DeadLetter
from taskstream.topics import DEAD_LETTER

MAX_PAYLOAD: Final = 48 * 1024
"""Bytes of refused input kept (base64 makes 64 KiB of them)."""


class InputPlace(NamedTuple):
    """Where a record stood; ``topic`` without the deployment's prefix."""

    topic: str
    partition: int
    record: Record


def dead_letter(source: InputPlace, reason: str, detail: str, stage: str, payload: bytes) -> Output:
    """The output that reports a refusal. ``payload`` is empty where the input itself was let in.

    Its id holds the record's time, too: a topic that is created anew gives the same offsets out again. Whatever the
    record's key, the letter fits its topic.
    """
    topic, partition, record = source
    letter = DeadLetter(
        id=f"{topic}:{partition}:{record.offset}@{record.timestamp}:{stage}",
        reason=reason,
        detail=detail,
        stage=stage,
        source_topic=topic,
        source_partition=partition,
        source_offset=record.offset,
        at_ms=record.timestamp,
        key=key_text(record.key),
        size=len(record.value or b""),
        payload=payload_text(payload, MAX_PAYLOAD),
    )
    return Output(DEAD_LETTER.name, 0, None, encode(bounded(letter)))


class Loss(Struct, frozen=True):
    """Offsets ``first`` to ``last`` of a topic (``last`` −1: unknown how far) that can no longer be read, and why."""

    first: int
    last: int
    why: str

    def __str__(self) -> str:
        return f"offsets {self.first} to {self.last if self.last >= 0 else '?'}: {self.why}"


def letter_of_loss(topic: str, partition: int, loss: Loss, *, topic_id: str, at_ms: int = 0) -> Output:
    """The output that names a lost range; it holds no input.

    ``topic_id``  of the topic as it is now; empty where it is not known. It is part of the letter's id: of a topic that
                  is created anew time and again, each loss is one of its own
    ``at_ms``     the latest event time that the reader knows; 0 where it knows none
    """
    creation = f"@{topic_id}" if topic_id else ""
    letter = DeadLetter(
        id=f"{topic}:{partition}:{loss.first}-{loss.last if loss.last >= 0 else '?'}{creation}:fetch",
        reason="lost",
        detail=str(loss),
        stage="fetch",
        source_topic=topic,
        source_partition=partition,
        source_offset=loss.first,
        at_ms=at_ms,
        key="",
        size=0,
        payload="",
    )
    return Output(DEAD_LETTER.name, 0, None, encode(bounded(letter)))
