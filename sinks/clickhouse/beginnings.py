"""Asks Kafka where partitions begin, until it answers; reports what can no longer be read."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from confluent_kafka import Consumer, KafkaException
from confluent_kafka import TopicPartition as KafkaPartition

from sinks.clickhouse.dead_letters import Letter
from sinks.clickhouse.logs import AskLogs, Gap, Logs, Start, start
from sinks.clickhouse.ranges import Mark, TopicPartition, read_mark
from taskstream import metrics
from taskstream.errors import ServiceError

_T = TypeVar("_T")

log = logging.getLogger("taskstream.sink")

KAFKA_S: Final = 10.0
ASK_AGAIN_S: Final = 0.5
MISSING_TRIES: Final = 10
"""A topic counts as gone after so many answers without it."""


class Beginnings:
    """``ask_logs`` gives topics' logs, ``send`` writes dead letters and says whether Kafka has them."""

    _consumer: Consumer

    def __init__(self, ask_logs: AskLogs, send: Callable[[list[Letter]], bool], stop: threading.Event) -> None:
        self._ask_logs = ask_logs
        self._send = send
        self._stop = stop

    def ask_with(self, consumer: Consumer) -> None:
        """Use this client from now on."""
        self._consumer = consumer

    def committed(self, partitions: list[KafkaPartition]) -> list[tuple[TopicPartition, Start]]:
        """Where ``partitions`` begin by what is committed for them; without those of a topic that is gone meanwhile.

        Raises:
            ServiceError: the process is to stop.
        """
        logs = self._logs({place.topic for place in partitions})
        there = [place for place in partitions if place.topic in logs]
        found = []
        for place in self._committed(there) if there else []:
            mark = read_mark(place.metadata) if place.offset >= 0 else None
            found.append((TopicPartition(place.topic, place.partition), self._start(place, mark, logs)))
        return found

    def anew(self, source: TopicPartition, position: int, mark: Mark) -> Start | None:
        """Where ``source`` goes on, which is owned and stands at ``position``; None while its topic is gone.

        Raises:
            ServiceError: the process is to stop.
        """
        place = KafkaPartition(source.topic, source.partition, position)
        logs = self._ask(lambda: self._ask_logs([source.topic]))
        return self._start(place, mark, logs) if logs else None

    def _start(self, place: KafkaPartition, mark: Mark | None, logs: Logs) -> Start:
        low, high = self._ask(lambda: self._consumer.get_watermark_offsets(place, timeout=KAFKA_S))
        found = start(place.offset, mark, logs[place.topic], low, high)
        if found.gap is not None:
            self._report(TopicPartition(place.topic, place.partition), found.gap, found.log)
        return found

    def _report(self, source: TopicPartition, gap: Gap, name: str) -> None:
        """Log and count the loss, and write its dead letter before anything is committed past it."""
        words = gap.words(name)
        log.warning("%s/%d: %s", source.topic, source.partition, words)
        metrics.LOST.inc(gap.lost)
        if gap.reason != "retention":
            metrics.TOPIC_RESETS.labels(source.topic).inc()
        letter = Letter(source.topic, source.partition, gap.first, "lost", words, log=name)

        def attempt() -> bool:
            if not self._send([letter]):
                raise TimeoutError("the dead letter that names it is not taken")
            return True

        self._ask(attempt)

    def _logs(self, topics: Iterable[str]) -> Logs:
        """The topics' logs; not every broker knows a new topic at once, so a missing one is asked for again."""
        wanted, tries = set(topics), 0

        def attempt() -> Logs | None:
            nonlocal tries
            tries += 1
            found = self._ask_logs(wanted)
            return found if wanted <= set(found) or tries >= MISSING_TRIES else None

        return self._ask(attempt)

    def _committed(self, partitions: list[KafkaPartition]) -> list[KafkaPartition]:
        def attempt() -> list[KafkaPartition] | None:
            answers = self._consumer.committed(partitions, timeout=KAFKA_S)
            for answer in answers:
                if answer.error:
                    raise KafkaException(answer.error)
            return list(answers)

        return self._ask(attempt)

    def _ask(self, question: Callable[[], _T | None]) -> _T:
        """Kafka's answer; asked again until there is one: without it a partition cannot begin."""
        told = ""
        while True:
            try:
                answer: Any = question()
                if answer is not None:
                    return answer  # type: ignore[no-any-return]
            except (KafkaException, TimeoutError) as error:  # of the second kind is a letter that nobody takes
                words = str(error.args[0])
                if words != told:
                    log.warning("Kafka does not answer: %s", words)
                told = words
            if self._stop.wait(ASK_AGAIN_S):
                raise ServiceError("stopped while waiting for Kafka")
