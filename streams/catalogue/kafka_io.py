"""What the catalogue reads from Kafka and writes to it; what it does with it is :mod:`streams.catalogue.session`'s."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec

from streams.catalogue.seen_topics import SeenTopics
from taskstream import metrics, topics
from taskstream.errors import ServiceError
from taskstream.kafka.answers import answered
from taskstream.kafka.clients import kafka_config, new_admin, new_consumer, new_producer, reading
from taskstream.kafka.tombstones import WholeReading
from taskstream.kafka.topic_watch import TopicWatch
from taskstream.settings import Settings

log = logging.getLogger("taskstream.catalogue")

BATCH: Final = 2_000
SAMPLES: Final = 500
"""Samples of steps taken at once, so that segments do not wait for them."""
SAMPLES_KB: Final = 8_192
"""Samples of steps that librdkafka holds ready (KB)."""
TIMEOUT_S: Final = 20.0
AHEAD_S: Final = 30.0
"""How long the topics read ahead may stay silent although they hold unread records (seconds)."""
RESTORE_S: Final = 120.0
"""How long reading the state may take (seconds); beyond it something is wrong that waiting does not cure."""

KNOWN_S: Final = 30.0
"""How long to wait until it is known which creations of the topics there are (seconds)."""

INPUTS: Final = (topics.SEGMENTS, topics.TRANSFERS, topics.ASSIGNMENTS, topics.STEPS)
KEPT: Final = (topics.CATALOGUE_STATE, topics.ROUTINES, topics.OPPORTUNITIES, topics.TABLES)
"""What holds all that the catalogue knows or has made public, and is read when it starts."""
_MAY_LACK: Final = frozenset({topics.STEPS.name, topics.TABLES.name})
"""Topics without which the catalogue goes on, until they are there: a previous version's workers do not create them."""
_INPUT_NAMES: Final = tuple(topic.name for topic in INPUTS)
_KEPT_NAMES: Final = tuple(topic.name for topic in KEPT)
ENDING: Final = frozenset(
    {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.OFFSET_OUT_OF_RANGE, KafkaError._AUTO_OFFSET_RESET}
)
"""Errors that librdkafka does not mend by itself."""

Positions = Mapping[str, Mapping[int, int]]
"""Topic (without prefix) → partition → next offset."""


class Restart(Exception):
    """The session cannot go on; a new one starts from the last checkpoint."""


class CatalogueKafka:
    """The clients of one session."""

    def __init__(self, settings: Settings, watch: TopicWatch) -> None:
        self._prefix = settings.prefix
        self._watch = watch
        self._seen = SeenTopics(watch, self._prefix)
        self._partitions: dict[str, int] = {}
        self._producer = new_producer(
            kafka_config(settings, "catalogue")
            | {
                "transactional.id": f"{settings.prefix}catalogue",
                "compression.type": "zstd",
                "linger.ms": 5,
                "transaction.timeout.ms": 60_000,
                "message.max.bytes": 4_000_000,
            }
        )
        self._reading = reading(settings, "catalogue") | {
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 100,
            "auto.offset.reset": "error",  # what Kafka no longer has is to be named, not passed in silence
        }
        self._consumers: list[Consumer] = []
        self._segments: Consumer
        self._ahead: Consumer
        self._steps: Consumer | None = None
        self._reached: dict[tuple[str, int], int]
        self._admin = new_admin(kafka_config(settings, "catalogue"))

    # --- life

    def fence(self) -> None:
        """Shut out a predecessor, and settle what it left open."""
        self._producer.init_transactions(TIMEOUT_S)

    def follow(self, positions: Positions) -> None:
        """Read the input from ``positions`` on, and from its beginning where there is none."""
        self._segments, self._ahead = self._consumer(), self._consumer()
        self._segments.assign(self._places(self._segments, topics.SEGMENTS, positions))
        ahead = [self._places(self._ahead, topic, positions) for topic in (topics.TRANSFERS, topics.ASSIGNMENTS)]
        self._ahead.assign(ahead[0] + ahead[1])
        self._reached = {(place.topic, place.partition): place.offset for place in ahead[0] + ahead[1]}
        steps = self._places(self._segments, topics.STEPS, positions)
        if steps:
            self._steps = self._consumer(**{"queued.max.messages.kbytes": SAMPLES_KB})
            self._steps.assign(steps)

    def begin_topics(self) -> None:
        """Take over which creations of its topics there are; waits for it within bounds, for positions in a topic that
        was created anew look like any others. Call it before anything is read."""
        self._seen.begin((*_INPUT_NAMES, *_KEPT_NAMES), KNOWN_S)

    def expect_topics(self, kept: Mapping[str, str]) -> None:
        """``kept``: the ids that the restored positions are of. Where none is known yet, it is to be that one."""
        self._seen.expect(kept)

    def topic_ids(self) -> dict[str, str]:
        """Ids of the topics that this session has seen, as far as they are known: those of its positions."""
        return self._seen.ids()

    def bounds(self, positions: Positions) -> dict[tuple[str, int], tuple[int, int]]:
        """First offset that Kafka holds, and the one after the last, of each partition in ``positions``."""
        places = [(topic, partition) for topic, known in positions.items() for partition in known]
        first, last = (self._offsets(places, spec) for spec in (OffsetSpec.earliest(), OffsetSpec.latest()))
        return {place: (first[place], last[place]) for place in places if place in first and place in last}

    def _offsets(self, places: Sequence[tuple[str, int]], spec: OffsetSpec) -> dict[tuple[str, int], int]:
        asked = {TopicPartition(self._prefix + topic, partition): spec for topic, partition in places}
        if not asked:
            return {}
        found: dict[tuple[str, int], int] = {}
        for place, answer in self._admin.list_offsets(asked, request_timeout=TIMEOUT_S).items():
            try:
                offset = answered(answer, TIMEOUT_S).offset
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
                continue  # a topic created anew has fewer partitions, or is not there yet
            found[place.topic.removeprefix(self._prefix), place.partition] = offset
        return found

    def check_topics(self) -> list[str]:
        """Those of :data:`KEPT` that are another topic than before, each told once. Asks nobody.

        Raises:
            Restart: an input is another topic, or has more partitions; the next session finds out what that means.
        """
        for name in self._seen.changed(_INPUT_NAMES):
            raise Restart(f"topic {self._prefix}{name} is another topic than before")
        for name in _INPUT_NAMES:
            if self._watch.partitions_of(self._prefix + name) > self._partitions[name]:
                raise Restart(f"topic {self._prefix}{name} has more partitions than before")
        return self._seen.changed(_KEPT_NAMES)

    def close(self) -> None:
        """Let go of the clients; an open transaction is aborted by the next session's fencing."""
        for consumer in self._consumers:
            consumer.close()
        self._consumers.clear()

    def _consumer(self, **more: object) -> Consumer:
        consumer = new_consumer(self._reading | more)
        self._consumers.append(consumer)
        return consumer

    def _places(self, consumer: Consumer, topic: topics.Topic, positions: Positions) -> list[TopicPartition]:
        """Every partition of a topic with the position to read on from; none where it is missing and may be.

        Raises:
            Restart: the topic is missing: the streams create it, or it is about to be created anew.
            ServiceError: it is not ours to read.
        """
        name = self._prefix + topic.name
        described = consumer.list_topics(name, timeout=TIMEOUT_S).topics[name]
        if topic.name in _MAY_LACK and (described.error is not None or not described.partitions):
            said = "no partitions" if described.error is None else described.error.str()
            log.warning("topic %s: %s; going on without it until it is there", name, said)
            self._partitions[topic.name] = 0
            return []
        if described.error is not None and described.error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            raise ServiceError(f"topic {name}: {described.error.str()}")
        if described.error is not None or not described.partitions:
            said = "no partitions" if described.error is None else described.error.str()
            raise Restart(f"topic {name}: {said}; the streams create it, and so does `taskstream topics apply`")
        self._partitions[topic.name] = len(described.partitions)
        known = positions.get(topic.name, {})
        return [TopicPartition(name, p, known.get(p, OFFSET_BEGINNING)) for p in sorted(described.partitions)]

    # --- input

    def compacted(self, *wanted: topics.Topic) -> list[dict[str, bytes]]:
        """For topics with one partition each: the latest value of each key, read to the end; nothing of one that is
        missing and may be.

        Raises:
            Restart: that took too long, or deletions in them may have gone meanwhile.
        """
        consumer, began = self._consumer(), WholeReading()
        places = [place for topic in wanted for place in self._places(consumer, topic, {})[:1]]
        consumer.assign([TopicPartition(place.topic, 0, OFFSET_BEGINNING) for place in places])
        found: dict[str, dict[str, bytes]] = {self._prefix + topic.name: {} for topic in wanted}
        open_topics = {place.topic for place in places}
        deadline = time.monotonic() + RESTORE_S
        while open_topics:
            if time.monotonic() > deadline:
                raise Restart(f"reading {', '.join(sorted(open_topics))} took more than {RESTORE_S:.0f} s")
            for message in consumer.consume(BATCH, 0.05):
                error = message.error()
                if error is None:
                    key, value = (message.key() or b"").decode(errors="replace"), message.value()
                    if value is None:
                        found[message.topic()].pop(key, None)
                    else:
                        found[message.topic()][key] = value
                elif error.code() == KafkaError._PARTITION_EOF:
                    open_topics.discard(message.topic())
        consumer.unassign()
        if not all(began.has_all_of(topic) for topic in wanted):
            raise Restart("reading the state took too long to have met all deletions")
        return [found[self._prefix + topic.name] for topic in wanted]

    def segments(self, timeout_s: float) -> list[Message]:
        """The next segments; none after ``timeout_s``. Raises :class:`Restart` where they cannot be read."""
        return _received(self._segments.consume(BATCH, timeout_s))

    def steps(self) -> list[Message]:
        """Samples of steps that are at hand. Raises :class:`Restart` where they cannot be read."""
        return [] if self._steps is None else _received(self._steps.consume(SAMPLES, 0))

    def has(self, topic: topics.Topic) -> bool:
        """Whether ``topic`` exists, as far as it is known."""
        return self._watch.partitions_of(self._prefix + topic.name) > 0

    def ahead_of(self, partitions: Collection[int]) -> Iterator[list[Message]]:
        """Transfers and assignments, until all is read that was committed in ``partitions`` before this call.

        Raises:
            Restart: they cannot be read, or did not come for a long time.
        """
        wanted = {place: end for place, end in self._ends(partitions).items() if self._reached.get(place, -1) < end}
        deadline = time.monotonic() + AHEAD_S
        while wanted:
            messages = self._ahead.consume(BATCH, 0.05)
            if messages:
                deadline = time.monotonic() + AHEAD_S
            elif time.monotonic() > deadline:
                raise Restart(f"{len(wanted)} partitions of transfers and assignments did not come for {AHEAD_S:.0f} s")
            for message in messages:
                error, place = message.error(), (message.topic(), message.partition())
                if error is None:
                    self._reached[place] = message.offset() + 1
                elif error.code() == KafkaError._PARTITION_EOF:  # behind the markers of transactions, which nobody sees
                    self._reached[place] = message.offset()
                if self._reached.get(place, -1) >= wanted.get(place, 1 << 62):
                    del wanted[place]
            yield _received(messages)

    def _ends(self, partitions: Collection[int]) -> dict[tuple[str, int], int]:
        """Topic and partition → end of what is committed, of the topics read ahead."""
        names = [self._prefix + topic.name for topic in (topics.TRANSFERS, topics.ASSIGNMENTS)]
        asked = {
            TopicPartition(name, partition): OffsetSpec.latest() for name in names for partition in sorted(partitions)
        }
        answers = self._admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=TIMEOUT_S
        )
        return {(place.topic, place.partition): answered(answer, TIMEOUT_S).offset for place, answer in answers.items()}

    def topic_of(self, message: Message) -> str:
        """The message's topic, without the deployment's prefix."""
        return str(message.topic()).removeprefix(self._prefix)

    # --- output

    def commit(self, records: Sequence[tuple[str, str, bytes | None]], stop: threading.Event) -> None:
        """Write ``records`` (topic without prefix, key, value) in one transaction: all of them or none.

        Raises:
            Restart: Kafka did not take it, or another catalogue has taken over.
        """
        self._producer.begin_transaction()
        for topic, key, value in records:
            self._produce(topic, key, value)
        self._retrying(lambda: self._producer.commit_transaction(TIMEOUT_S), stop)

    def _produce(self, topic: str, key: str, value: bytes | None) -> None:
        while True:
            try:
                self._producer.produce(self._prefix + topic, value, key)
                return
            except BufferError:
                self._producer.poll(0.1)

    def _retrying(self, call: Callable[[], None], stop: threading.Event) -> None:
        """Repeat while the broker is merely away; any other error ends the session."""
        while True:
            try:
                call()
                return
            except KafkaException as error:
                cause = error.args[0]
                if not cause.retriable() or stop.is_set():
                    metrics.TRANSACTIONS_ABORTED.inc()
                    raise Restart(cause.str()) from error
                log.warning("Kafka: %s; trying to commit again", cause.str())
                stop.wait(0.5)


def _received(messages: Iterable[Message]) -> list[Message]:
    """The messages that carry data. librdkafka recovers from connection errors itself; others end the session."""
    kept = []
    for message in messages:
        error = message.error()
        if error is None:
            kept.append(message)
        elif error.fatal() or error.code() in ENDING:
            raise Restart(error.str())
    return kept
