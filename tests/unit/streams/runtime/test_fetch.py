"""What is believed of Kafka's answers; with real answers, ``tests/integration/streams/test_streams.py``."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition

from streams.runtime import fetch
from streams.runtime.fetch import Fetcher
from taskstream.settings import Settings

EVENTS, PARTIAL = ("ui-events", 0), ("activity.partial", 1)


class Message:
    def __init__(self, tp: tuple[str, int], offset: int, error: KafkaError | None = None) -> None:
        self._tp, self._offset, self._error = tp, offset, error

    def topic(self) -> str:
        return self._tp[0]

    def partition(self) -> int:
        return self._tp[1]

    def offset(self) -> int:
        return self._offset

    def error(self) -> KafkaError | None:
        return self._error

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_000 + self._offset

    def key(self) -> bytes:
        return b"k"

    def value(self) -> bytes:
        return b"v"

    def headers(self) -> None:
        return None


class Consumer:
    """Kafka's answers as the test lays them out."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.answers: list[list[Message]] = []
        self.assigned: list[tuple[str, int, int]] = []
        self.positions: dict[tuple[str, int], int] = {}
        self.closed = threading.Event()

    def incremental_assign(self, places: list[Any]) -> None:
        self.assigned += [(place.topic, place.partition, place.offset) for place in places]

    def incremental_unassign(self, places: list[Any]) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        self.closed.set()

    def position(self, places: list[Any]) -> list[Any]:
        return [TopicPartition(p.topic, p.partition, self.positions.get((p.topic, p.partition), -1001)) for p in places]

    def consume(self, count: int, timeout: float) -> list[Message]:
        assert timeout == 0
        return self.answers.pop(0)


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> tuple[Fetcher, Consumer]:
    monkeypatch.setattr(fetch, "new_consumer", Consumer)
    subject: Any = Fetcher(Settings(kafka="nowhere:1"), {"ui-events"})
    return subject, subject._consumer


def told(*tps_and_offsets: tuple[tuple[str, int], int]) -> list[Message]:
    return [Message(tp, offset) for tp, offset in tps_and_offsets]


def found(subject: Fetcher) -> list[tuple[tuple[str, int], int, int, list[int]]]:
    return [
        (tp, chunk.begin, chunk.end, [record.offset for record in chunk.records])
        for tp, parts in subject.poll()
        for chunk in parts
    ]


def test_records_by_partition_with_what_they_cover(rig: tuple[Fetcher, Consumer]) -> None:
    subject, consumer = rig
    subject.begin(EVENTS, 5)
    subject.begin(PARTIAL, 0)
    consumer.answers = [told((EVENTS, 5), (PARTIAL, 0), (EVENTS, 6), (PARTIAL, 3)), told((PARTIAL, 5))]
    assert found(subject) == [(EVENTS, 5, 7, [5, 6]), (PARTIAL, 0, 4, [0, 3])]  # markers lie between
    assert found(subject) == [(PARTIAL, 4, 6, [5])]


def test_a_record_left_out_is_asked_for_again_and_only_then_believed_to_be_missing(
    rig: tuple[Fetcher, Consumer],
) -> None:
    subject, consumer = rig
    subject.begin(EVENTS, 5)
    consumer.answers = [told((EVENTS, 5), (EVENTS, 7), (EVENTS, 8)), told((EVENTS, 6), (EVENTS, 7))]
    assert found(subject) == [(EVENTS, 5, 6, [5])]
    assert consumer.assigned[-1] == ("ui-events", 0, 6)
    assert found(subject) == [(EVENTS, 6, 8, [6, 7])]
    consumer.answers = [told((EVENTS, 9)), told((EVENTS, 9), (EVENTS, 10))]
    assert found(subject) == []
    assert found(subject) == [(EVENTS, 8, 11, [9, 10])]


def test_what_comes_from_before_a_seek_or_of_a_partition_let_go_is_dropped(rig: tuple[Fetcher, Consumer]) -> None:
    subject, consumer = rig
    subject.begin(EVENTS, 5)
    subject.begin(PARTIAL, 2)
    subject.end([EVENTS, ("never", 0)])
    assert (subject.fetches(EVENTS), subject.fetches(PARTIAL), subject.end_of(EVENTS)) == (False, True, None)
    consumer.answers = [told((EVENTS, 5), (PARTIAL, 1), (PARTIAL, 2)), told((PARTIAL, 2))]
    assert found(subject) == []
    assert found(subject) == [(PARTIAL, 2, 3, [2])]


def test_a_position_that_kafka_no_longer_has_ends_the_fetch(rig: tuple[Fetcher, Consumer]) -> None:
    subject, consumer = rig
    subject.begin(EVENTS, 5)
    subject.begin(PARTIAL, 0)
    gone, passing = KafkaError(KafkaError._AUTO_OFFSET_RESET), KafkaError(KafkaError._TRANSPORT)
    consumer.answers = [[Message(EVENTS, 5, gone), Message(PARTIAL, 0, passing), Message(PARTIAL, 0)]]
    assert found(subject) == [(PARTIAL, 0, 1, [0])]
    assert (subject.fetches(EVENTS), subject.fetches(PARTIAL)) == (False, True)


def test_records_before_an_error_that_ends_the_fetch_are_given_out(rig: tuple[Fetcher, Consumer]) -> None:
    subject, consumer = rig
    subject.begin(PARTIAL, 5)
    consumer.answers = [
        [*told((PARTIAL, 5), (PARTIAL, 6)), Message(PARTIAL, 7, KafkaError(KafkaError.OFFSET_OUT_OF_RANGE))]
    ]
    assert found(subject) == [(PARTIAL, 5, 7, [5, 6])]
    assert not subject.fetches(PARTIAL)


def test_the_position_after_an_error_is_not_believed(rig: tuple[Fetcher, Consumer]) -> None:
    subject, consumer = rig
    subject.begin(PARTIAL, 5)
    failure = Message(PARTIAL, 6, KafkaError(KafkaError.UNKNOWN))
    consumer.answers = [told((PARTIAL, 5)), [failure], [], told((PARTIAL, 6), (PARTIAL, 7)), [], [failure], []]
    assert found(subject) == [(PARTIAL, 5, 6, [5])]
    consumer.positions = {PARTIAL: 7}
    assert found(subject) == []
    assert found(subject) == []
    consumer.positions = {PARTIAL: 8}
    assert found(subject) == [(PARTIAL, 6, 8, [6, 7])]
    consumer.positions = {PARTIAL: 9}
    assert found(subject) == [(PARTIAL, 8, 9, [])], "a marker"
    consumer.positions = {PARTIAL: 10}
    assert found(subject) == []
    subject.begin(PARTIAL, 9)
    assert found(subject) == [(PARTIAL, 9, 10, [])], "begun again"


def test_markers_behind_the_last_record_are_passed(rig: tuple[Fetcher, Consumer]) -> None:
    subject, consumer = rig
    subject.begin(PARTIAL, 5)
    subject.begin(EVENTS, 0)
    consumer.answers = [[], told((PARTIAL, 7)), [], [], told((PARTIAL, 12))]
    assert found(subject) == []
    consumer.positions = {PARTIAL: 9, EVENTS: 4}
    assert found(subject) == [(PARTIAL, 5, 9, [7])]
    assert found(subject) == [], "once"
    consumer.positions = {PARTIAL: 11, EVENTS: 4}
    assert found(subject) == [(PARTIAL, 9, 11, [])]
    consumer.positions = {PARTIAL: 13}
    assert found(subject) == [(PARTIAL, 11, 13, [12])]


def test_a_topic_created_anew_is_fetched_by_a_client_that_has_not_known_the_former_one(
    rig: tuple[Fetcher, Consumer],
) -> None:
    subject, consumer = rig
    for topic_id in ("", "one", "", "one"):
        subject.know(EVENTS[0], topic_id)
    subject.begin(EVENTS, 5)
    subject.begin(PARTIAL, 0)
    consumer.answers = [told((EVENTS, 5))]
    assert found(subject) == [(EVENTS, 5, 6, [5])]
    subject.know(EVENTS[0], "two")
    subject.begin(EVENTS, 0)
    fresh: Any = subject._consumer
    assert fresh is not consumer
    assert consumer.closed.wait(5)
    assert fresh.assigned == [(*EVENTS, 6), (*PARTIAL, 0), (*EVENTS, 0)]
    subject.know(EVENTS[0], "one")  # a partition that has not heard of it yet
    subject.know(EVENTS[0], "two")
    assert subject._consumer is fresh
    fresh.answers = [told((EVENTS, 0))]
    assert found(subject) == [(EVENTS, 0, 1, [0])]


def test_a_full_poll_leaves_more_behind(rig: tuple[Fetcher, Consumer], monkeypatch: pytest.MonkeyPatch) -> None:
    subject, consumer = rig
    monkeypatch.setattr(fetch, "POLL_RECORDS", 2)
    subject.begin(EVENTS, 5)
    consumer.answers = [told((EVENTS, 5), (EVENTS, 6)), told((EVENTS, 7))]
    subject.poll()
    assert not subject.drained
    subject.poll()
    assert subject.drained
