"""Follows a compacted topic of one partition in a thread, from its beginning on and again where it is another one."""

from __future__ import annotations

import logging
import threading
from typing import Final

from confluent_kafka import OFFSET_BEGINNING, KafkaException, TopicPartition

from taskstream import metrics
from taskstream.errors import UNDECODABLE
from taskstream.faults import place_of
from taskstream.kafka.clients import new_consumer, reading
from taskstream.kafka.topic_watch import TopicWatch
from taskstream.settings import Settings
from taskstream.topics import Topic

log = logging.getLogger("taskstream.streams")

PAUSE_S: Final = 0.05
AGAIN_S: Final = 2.0
"""Time until the topic is read again after a failure (seconds)."""


class TopicFollower:
    """Reads a topic as long as the worker runs; waits while Kafka is away. What comes is for subclasses to take."""

    def __init__(self, settings: Settings, topic: Topic, topics: TopicWatch) -> None:
        self._topics = topics
        self._name = topic.name
        self._topic = settings.prefix + topic.name
        self._config = reading(settings, topic.name) | {
            "fetch.wait.max.ms": 500,
            "queued.max.messages.kbytes": 4_096,
        }
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=topic.name, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Have the thread end, without waiting for it: it holds nothing."""
        self._stop.set()

    # --- in the thread, for subclasses

    def begin(self) -> None:
        """The topic is read from its beginning."""

    def room(self) -> bool:
        """Whether another record may be taken now."""
        return True

    def take(self, key: str, value: bytes | None) -> None:
        """A record; without a value it deletes what the key had.

        Raises:
            ValueError, RecursionError: it is none that belongs there.
        """
        raise NotImplementedError

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except KafkaException as error:
                log.warning("%s cannot be read: %s; trying again", self._topic, error)
                self._stop.wait(AGAIN_S)
            except Exception as error:  # noqa: BLE001  # whatever it is: a thread that is gone would say nothing more
                log.error("following %s failed: %s; beginning again", self._topic, place_of(error))
                self._stop.wait(AGAIN_S)

    def _follow(self) -> None:
        consumer = new_consumer(self._config)
        try:
            consumer.assign([TopicPartition(self._topic, 0, OFFSET_BEGINNING)])
            self.begin()
            began_with = self._topics.id_of(self._topic)
            while not self._stop.is_set():
                current = self._topics.id_of(self._topic)
                if began_with and current not in ("", began_with):
                    log.warning("topic %s is another one than before: reading it from its beginning", self._topic)
                    metrics.TOPIC_RESETS.labels(self._name).inc()
                    return
                began_with = current or began_with
                if not self.room():
                    self._stop.wait(PAUSE_S)
                    continue
                message = consumer.poll(0.5)
                if message is None:
                    continue
                error = message.error()
                if error is not None:
                    if error.fatal():
                        raise KafkaException(error)
                    continue
                try:
                    self.take((message.key() or b"").decode(errors="replace"), message.value())
                except UNDECODABLE as wrong:
                    metrics.REFUSED.labels("malformed").inc()
                    log.warning("%s@%d is not what belongs there: %.300s", self._topic, message.offset(), wrong)
        finally:
            consumer.close()
