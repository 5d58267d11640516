"""Which dead letters can be sent again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from confluent_kafka import KafkaError, KafkaException
from hypothesis import given
from hypothesis import strategies as st

from streams.dead_letter import MAX_PAYLOAD
from streams.runtime import dead_letter_topic
from streams.runtime.dead_letter_topic import decode, replayable
from taskstream.errors import UNDECODABLE, ServiceError
from taskstream.events import encode
from taskstream.records import DeadLetter
from taskstream.settings import Settings

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


class _Producer:
    """A client whose queue holds two messages, for a topic of three partitions."""

    def __init__(self) -> None:
        self.queue: list[tuple[int, Callable[[Any, Any], None]]] = []
        self.sent: list[int] = []

    def list_topics(self, topic: str, timeout: float) -> Any:
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions={0: 1, 1: 1, 2: 1})})

    def produce(self, topic: str, value: bytes, key: bytes, partition: int, *, on_delivery: Any, **more: Any) -> None:
        if partition == 2:
            raise KafkaException(KafkaError(KafkaError._UNKNOWN_PARTITION))
        if len(self.queue) == 2:
            raise BufferError("Local: Queue full")
        self.queue.append((partition, on_delivery))

    def poll(self, timeout: float) -> int:
        if timeout:
            self.flush(timeout)
        return 0

    def flush(self, timeout: float) -> int:
        for partition, tell in self.queue:
            self.sent.append(partition)
            tell(None, None)
        self.queue.clear()
        return 0


def _letters(partitions: Iterable[int]) -> list[DeadLetter]:
    return [msgspec.structs.replace(LETTER, id=f"i{n}", source_partition=p) for n, p in enumerate(partitions)]


def test_a_full_queue_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    client = _Producer()
    monkeypatch.setattr(dead_letter_topic, "new_producer", lambda _: client)
    assert dead_letter_topic.replay(Settings(kafka="k:1"), _letters([0, 1] * 50), pytest.fail) == 100
    assert client.sent == [0, 1] * 50


def test_a_letter_of_an_impossible_partition_is_told_and_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    client, told = _Producer(), list[str]()
    monkeypatch.setattr(dead_letter_topic, "new_producer", lambda _: client)
    letters = _letters([0, -1, 99, 2**40, 2, 1])
    assert dead_letter_topic.replay(Settings(kafka="k:1"), letters, told.append) == 2
    assert client.sent == [0, 1]
    assert [line.split(" is not sent: ")[0] for line in told] == ["i1", "i2", "i3", "i4"]
    assert "has no partition 99" in told[1]


def test_a_kafka_that_does_not_answer_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    client = _Producer()

    def away(*_: object, **__: object) -> Any:
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    client.list_topics = away  # type: ignore[method-assign]
    monkeypatch.setattr(dead_letter_topic, "new_producer", lambda _: client)
    with pytest.raises(ServiceError, match="Kafka at k:1"):
        dead_letter_topic.replay(Settings(kafka="k:1"), _letters([0]), pytest.fail)
