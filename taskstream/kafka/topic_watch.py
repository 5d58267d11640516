"""Notices that Kafka is away, or that a topic was created anew or has more partitions."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from confluent_kafka import KafkaError, KafkaException, TopicCollection

from taskstream import metrics
from taskstream.kafka.answers import answered
from taskstream.kafka.clients import kafka_config, new_admin
from taskstream.kafka.topic_id import read_id
from taskstream.settings import KafkaSettings

log = logging.getLogger("taskstream.kafka")

LOOK_S: Final = 5.0
"""Time between two looks (seconds)."""
ANSWER_S: Final = 3.0
"""How long Kafka may take to answer (seconds)."""


class Admin(Protocol):
    """The part of confluent-kafka's admin client that is used here; tests answer in its place."""

    def describe_topics(self, topics: Any, *, request_timeout: float) -> dict[str, Any]: ...


class TopicWatch:
    """Asks about topics every few seconds, in a thread of its own. Reading is safe from any thread.

    A topic that is deleted and created again has another id, while its name and its offsets look as before.
    """

    def __init__(
        self, names: Iterable[str], admin: Callable[[], Admin], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._names = sorted(names)
        self._make = admin
        self._clock = clock
        self._admin: Admin | None = None
        self._ids: dict[str, str] = {}
        self._partitions: dict[str, int] = {}
        self._away_since: float | None = None
        self._has_answered = False
        self._stop = threading.Event()

    @classmethod
    def of(cls, settings: KafkaSettings, names: Iterable[str], role: str) -> TopicWatch:
        """A watch over ``names`` (without prefix)."""
        full = [settings.prefix + name for name in names]
        return cls(full, lambda: new_admin(kafka_config(settings, f"{role}-watch")))

    def start(self) -> None:
        """Look now, and from now on."""
        self.look()
        threading.Thread(target=self._run, name="topic-watch", daemon=True).start()

    def stop(self) -> None:
        """Tell the thread to end; does not wait for it."""
        self._stop.set()

    def id_of(self, name: str) -> str:
        """The id of a topic (full name); empty while it is not known, or the topic does not exist."""
        return self._ids.get(name, "")

    def partitions_of(self, name: str) -> int:
        """How many partitions a topic has (full name); 0 while that is not known."""
        return self._partitions.get(name, 0)

    @property
    def is_away(self) -> bool:
        """Whether Kafka did not answer when it was last asked."""
        return self._away_since is not None

    @property
    def has_answered(self) -> bool:
        """Whether Kafka has answered since the start: what is not known then does not exist, or is not ours to see."""
        return self._has_answered

    def look(self) -> None:
        """Ask once."""
        try:
            if self._admin is None:
                self._admin = self._make()
            answers = self._admin.describe_topics(TopicCollection(self._names), request_timeout=ANSWER_S)
            for name, answer in answers.items():
                self._note(name, answer)
        except KafkaException as error:
            self._is_away(error)
        else:
            self._is_here()

    def _note(self, name: str, answer: Any) -> None:
        try:
            described = answered(answer, ANSWER_S + 1.0)
        except KafkaException as error:
            if error.args[0].code() not in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED):
                raise
            self._ids.pop(name, None)
            self._partitions.pop(name, None)
        else:
            self._ids[name] = read_id(described, str)
            self._partitions[name] = len(described.partitions)

    def _is_away(self, error: Exception) -> None:
        now = self._clock()
        if self._away_since is None:
            self._away_since = now
            said = error.args[0].str() if isinstance(error, KafkaException) else "no answer"
            log.warning("Kafka does not answer: %s; waiting for it", said)
        metrics.KAFKA_AWAY.set(max(now - self._away_since, 0.001))

    def _is_here(self) -> None:
        if self._away_since is not None:
            log.warning("Kafka answers again, after %.0f s", self._clock() - self._away_since)
        self._away_since = None
        self._has_answered = True
        metrics.KAFKA_AWAY.set(0)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  # whatever it is: said, and asked again
                log.error("asking Kafka about topics failed: %s: %s", type(error).__name__, error)
