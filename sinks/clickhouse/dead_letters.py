"""The sink's dead letters: messages, or rows of them, that no table can hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from taskstream.events import encode
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.letter_bounds import bounded, payload_text
from taskstream.records import DeadLetter
from taskstream.settings import Settings
from taskstream.topics import DEAD_LETTER

FLUSH_S: Final = 10.0


class Letter(Struct, frozen=True):
    """What is refused and why. ``row``: which row of the message, -1 for all of it. ``value``: the message,
    empty where Kafka has it no longer. ``log``: what the offset counts."""

    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    row: int = -1
    value: bytes = b""
    log: str = ""


def record(letter: Letter, now_ms: int) -> DeadLetter:
    """The letter as it goes to Kafka, which fits its topic.

    Its id derives from where the input stood: a repetition has the same.
    """
    name = f"{letter.log or letter.topic}:{letter.partition}:{letter.offset}"
    made = DeadLetter(
        id=name if letter.row < 0 else f"{name}:{letter.row}",
        reason=letter.reason,
        detail=letter.detail[:500],
        stage="sink",
        source_topic=letter.topic,
        source_partition=letter.partition,
        source_offset=letter.offset,
        at_ms=now_ms,
        key="",
        size=len(letter.value),
        payload=payload_text(letter.value),
    )
    return bounded(made)


class LetterBox:
    """Writes dead letters to Kafka."""

    def __init__(self, settings: Settings) -> None:
        self._topic = settings.prefix + DEAD_LETTER.name
        config = {"enable.idempotence": True, "compression.type": "zstd"}
        self._producer = new_producer(kafka_config(settings, "sink") | config)

    def send(self, letters: Sequence[Letter], now_ms: int) -> bool:
        """Write ``letters``; whether Kafka has acknowledged all of them. If not, send them again: their ids stay."""
        from confluent_kafka import KafkaException

        failed: list[object] = []

        def on_delivery(error: object, _: object) -> None:
            if error is not None:
                failed.append(error)

        try:
            for letter in letters:
                self._producer.produce(self._topic, encode(record(letter, now_ms)), on_delivery=on_delivery)
        except (BufferError, KafkaException):
            failed.append("queue")
        return self._producer.flush(FLUSH_S) == 0 and not failed
