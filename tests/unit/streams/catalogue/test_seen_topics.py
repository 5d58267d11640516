"""Which creation of each topic a session works with, whatever its watch knows and when."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError

from streams.catalogue import kafka_io, seen_topics
from streams.catalogue.kafka_io import CatalogueKafka, Restart
from streams.catalogue.seen_topics import SeenTopics
from taskstream.errors import ServiceError
from taskstream.settings import load
from taskstream.topics import SEGMENTS

PREFIX = "p."


class Watch:
    """What a watch knows by now."""

    def __init__(self, **ids: str) -> None:
        self.ids, self.partitions, self.has_answered = ids, dict.fromkeys(ids, 2), True

    def id_of(self, name: str) -> str:
        return self.ids.get(name.removeprefix(PREFIX), "")

    def partitions_of(self, name: str) -> int:
        return self.partitions.get(name.removeprefix(PREFIX), 0)


def seen(watch: Any) -> SeenTopics:
    return SeenTopics(watch, PREFIX)


def session(watch: Any) -> Any:
    """The clients of a session that has begun with what ``watch`` knew."""
    kafka: Any = CatalogueKafka(load(kafka="127.0.0.1:1", prefix=PREFIX), watch)
    kafka.begin_topics()
    consumer = SimpleNamespace(list_topics=lambda name, **_: metadata(name, partitions={0: None, 1: None}))
    for topic in kafka_io.INPUTS:
        kafka._places(consumer, topic, {})
    return kafka


def metadata(name: str, error: KafkaError | None = None, partitions: Any = None) -> Any:
    return SimpleNamespace(topics={name: SimpleNamespace(error=error, partitions=partitions or {})})


def test_what_becomes_known_later_is_taken_over_and_then_held() -> None:
    watch = Watch()
    kafka = session(watch)
    assert kafka.check_topics() == []
    watch.ids["segments"] = "a"
    assert kafka.check_topics() == []
    assert kafka.topic_ids() == {"segments": "a"}
    watch.ids["segments"] = "b"
    with pytest.raises(Restart, match=r"p\.segments is another topic"):
        kafka.check_topics()


def test_partitions_are_those_that_are_read_not_those_that_were_known() -> None:
    watch = Watch()
    kafka = session(watch)
    watch.partitions["segments"] = 2
    assert kafka.check_topics() == []
    watch.partitions["segments"] = 3
    with pytest.raises(Restart, match=r"p\.segments has more partitions"):
        kafka.check_topics()


def test_positions_of_an_id_that_becomes_known_as_another_are_not_trusted() -> None:
    watch = Watch()
    kafka = session(watch)
    kafka.expect_topics({"segments": "a", "transfers": "t"})
    assert kafka.topic_ids() == {"segments": "a", "transfers": "t"}, "what is written down until more is known"
    watch.ids |= {"transfers": "t", "segments": "b"}
    with pytest.raises(Restart, match="segments"):
        kafka.check_topics()


def test_what_is_written_down_is_the_id_of_the_positions_not_the_latest() -> None:
    watch = Watch(segments="a")
    kafka = session(watch)
    kafka.expect_topics({"segments": "an older one"})
    watch.ids["segments"] = "b"
    assert kafka.topic_ids() == {"segments": "a"}


def test_topics_of_what_is_kept_are_told_once_each_time_they_are_others() -> None:
    watch = Watch(routines="a")
    kafka = session(watch)
    watch.ids |= {"routines": "b", "opportunities": "o"}
    assert kafka.check_topics() == ["routines"]
    assert kafka.check_topics() == []
    del watch.ids["routines"]  # deleted, and not there again yet
    assert kafka.check_topics() == []
    watch.ids["routines"] = "c"
    assert kafka.check_topics() == ["routines"]


def test_ids_are_waited_for_until_kafka_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_topics, "LOOK_S", 0.01)
    watch = Watch()
    watch.has_answered = False

    def answer() -> None:
        watch.ids["segments"] = "a"
        watch.has_answered = True

    threading.Timer(0.1, answer).start()
    topics = seen(watch)
    topics.begin(["segments", "transfers"], 10)
    assert topics.ids() == {"segments": "a"}


def test_the_wait_for_ids_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_topics, "LOOK_S", 0.01)
    watch = Watch()
    watch.has_answered = False
    began = time.monotonic()
    seen(watch).begin(["segments"], 0.05)
    assert time.monotonic() - began < 1


def test_a_missing_topic_is_waited_for_and_a_forbidden_one_is_not() -> None:
    kafka = session(Watch())

    def places(error: KafkaError | None) -> Any:
        consumer = SimpleNamespace(list_topics=lambda name, **_: metadata(name, error))
        return kafka._places(consumer, SEGMENTS, {})

    with pytest.raises(Restart, match=r"^topic p\.segments: .*streams create it"):
        places(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
    with pytest.raises(Restart, match="no partitions"):
        places(None)
    with pytest.raises(ServiceError, match=r"p\.segments"):
        places(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
