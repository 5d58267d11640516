"""The catalogue as a process: segments and transfers in, routines, assignments and opportunities out, exactly once.

The order of effects (:meth:`Session._commit`): one transaction holds everything that a refinement makes public, the
clusters that changed and the input positions they correspond to. Whatever happens, the next start reads the state
with ``read_committed`` and goes on from those positions: the same ids, no assignment twice, none lost.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from confluent_kafka import (
    OFFSET_BEGINNING,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from streams.catalogue import snapshot
from streams.catalogue.assignments import Told
from streams.discovery.catalogue import Catalogue
from streams.discovery.grouping.transfer_join import TransferJoin
from taskstream import metrics, topics
from taskstream.errors import UNDECODABLE, InputError, ServiceError
from taskstream.events import encode
from taskstream.kafka.clients import kafka_config, new_consumer, new_producer, reading
from taskstream.records import Assignment, Opportunity, Routine, Segment, Transfer
from taskstream.settings import Settings

log = logging.getLogger("taskstream.catalogue")

BATCH: Final = 2_000
MAX_PENDING: Final = 20_000
"""Segments taken in before a refinement, however fast they come."""
TIMEOUT_S: Final = 20.0
RESTORE_S: Final = 120.0
BACKOFF_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0)

_segments = msgspec.json.Decoder(Segment)
_transfers = msgspec.json.Decoder(Transfer)
_assignments = msgspec.json.Decoder(Assignment)
_routines = msgspec.json.Decoder(Routine)
_opportunities = msgspec.json.Decoder(Opportunity)
_positions = msgspec.json.Decoder(dict[str, dict[str, int]])


class Restart(Exception):
    """The session cannot go on; a new one starts from the last checkpoint."""


def serve(settings: Settings, stop: threading.Event, on_ready: Callable[[], None] = lambda: None) -> None:
    """Run until ``stop`` is set. Survives outages of Kafka: each time from the last checkpoint, with backoff.

    Raises:
        ServiceError: Kafka cannot be reached at the first attempt, or the topics are missing.
    """
    attempt, started = 0, False
    while not stop.is_set():
        session = Session(settings)
        try:
            session.open()
            started, attempt = True, 0
            on_ready()
            session.run(stop)
        except (Restart, KafkaException) as error:
            if not started:
                raise ServiceError(f"Kafka at {settings.kafka}: {_words(error)}") from error
            log.warning("Kafka: %s; starting again from the last checkpoint", _words(error))
            stop.wait(BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)])
            attempt += 1
        finally:
            session.close()


def _words(error: Exception) -> str:
    cause = error.args[0] if error.args else error
    return str(cause.str()) if isinstance(cause, KafkaError) else str(cause)


class Session:
    """From restoring the state to the first failure: clients, catalogues by tenant, and the input positions."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
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
        }
        self._consumers: list[Consumer] = []
        self._catalogues: dict[str, Catalogue] = {}
        self._join = TransferJoin()
        self._told = Told()
        self._next: dict[str, dict[int, int]] = {
            topic.name: {} for topic in (topics.SEGMENTS, topics.TRANSFERS, topics.ASSIGNMENTS)
        }
        self._out: list[tuple[str, str, bytes]] = []
        self._pending = 0

    def _topic(self, topic: topics.Topic) -> str:
        return self._settings.prefix + topic.name

    def _consumer(self) -> Consumer:
        consumer = new_consumer(self._reading)
        self._consumers.append(consumer)
        return consumer

    def open(self) -> None:
        """Fence a predecessor, restore the state, and go to the positions that belong to it."""
        self._producer.init_transactions(TIMEOUT_S)
        began = time.monotonic()
        self._restore()
        metrics.RESTORE_SECONDS.observe(time.monotonic() - began)
        self._segments = self._consumer()
        self._ahead = self._consumer()
        self._segments.assign(self._places(self._segments, topics.SEGMENTS))
        self._ahead.assign(self._places(self._ahead, topics.TRANSFERS) + self._places(self._ahead, topics.ASSIGNMENTS))

    def _places(self, consumer: Consumer, topic: topics.Topic) -> list[TopicPartition]:
        """Every partition of a topic with the position to read on from; an error where the topic is missing."""
        name = self._topic(topic)
        described = consumer.list_topics(name, timeout=TIMEOUT_S).topics[name]
        if described.error is not None:
            raise ServiceError(f"topic {name}: {described.error.str()}; create it with `taskstream topics apply`")
        known = self._next.get(topic.name, {})
        return [TopicPartition(name, p, known.get(p, OFFSET_BEGINNING)) for p in sorted(described.partitions)]

    def close(self) -> None:
        """Let go of the clients; an open transaction is aborted by the next session's fencing."""
        for consumer in self._consumers:
            consumer.close()
        self._consumers.clear()

    def _restore(self) -> None:
        state: dict[str, dict[str, bytes]] = {}
        saved_state, published, opportunities = self._compacted(
            topics.CATALOGUE_STATE, topics.ROUTINES, topics.OPPORTUNITIES
        )
        for key, value in saved_state.items():
            tenant, _, name = key.partition("\x1f")
            state.setdefault(tenant, {})[name] = value
        positions = state.pop("", {}).get("positions")
        routines = [_routines.decode(value) for value in published.values()]
        listed = [_opportunities.decode(value) for value in opportunities.values()]
        try:
            for tenant, saved in state.items():
                self._catalogues[tenant] = snapshot.load(saved, self._settings.k)
            if positions is not None:
                for topic, offsets in _positions.decode(positions).items():
                    self._next[topic] = {int(partition): offset for partition, offset in offsets.items()}
        except InputError as error:
            log.warning("%s; building the catalogue anew from the segments that Kafka still holds", error)
            self._catalogues.clear()
        for tenant in {routine.tenant for routine in routines} | self._catalogues.keys():
            self._catalogue(tenant).resume(
                [routine for routine in routines if routine.tenant == tenant],
                [opportunity for opportunity in listed if opportunity.tenant == tenant],
            )

    def _compacted(self, *wanted: topics.Topic) -> list[dict[str, bytes]]:
        """For topics with one partition each: the latest value of each key, read to the end."""
        consumer = self._consumer()
        places = [self._places(consumer, topic)[0] for topic in wanted]
        consumer.assign([TopicPartition(place.topic, 0, OFFSET_BEGINNING) for place in places])
        found: dict[str, dict[str, bytes]] = {place.topic: {} for place in places}
        open_topics = set(found)
        deadline = time.monotonic() + RESTORE_S
        while open_topics:
            if time.monotonic() > deadline:
                raise Restart(f"reading {', '.join(sorted(open_topics))} took more than {RESTORE_S:.0f} s")
            for message in consumer.consume(BATCH, 0.05):
                error = message.error()
                if error is None:
                    key, value = (message.key() or b"").decode(), message.value()
                    if value is None:
                        found[message.topic()].pop(key, None)
                    else:
                        found[message.topic()][key] = value
                elif error.code() == KafkaError._PARTITION_EOF:
                    open_topics.discard(message.topic())
        consumer.unassign()
        return [found[place.topic] for place in places]

    def _catalogue(self, tenant: str) -> Catalogue:
        catalogue = self._catalogues.get(tenant)
        if catalogue is None:
            catalogue = self._catalogues[tenant] = Catalogue(tenant, k=self._settings.k)
        return catalogue

    def run(self, stop: threading.Event) -> None:
        """Take in segments until ``stop``; refine and commit after a quiet time, a number of segments, or a while."""
        quiet_s = self._settings.catalogue_quiet_ms / 1000
        longest_s = self._settings.catalogue_refine_ms / 1000
        first = last = time.monotonic()
        while not stop.is_set():
            messages = self._received(self._segments.consume(BATCH, min(0.25, quiet_s)))
            now = time.monotonic()
            if messages:
                first = first if self._pending else now
                last = now
                self._read_ahead(max(_stamp(message) for message in messages))
                self._take(messages)
            if self._pending and (now - last >= quiet_s or now - first >= longest_s or self._pending >= MAX_PENDING):
                self._commit(stop)
        if self._pending:
            self._commit(threading.Event())

    def _received(self, messages: Iterable[Message]) -> list[Message]:
        """The messages that carry data. Connection errors are librdkafka's to mend; others end the session."""
        kept = []
        for message in messages:
            error = message.error()
            if error is None:
                kept.append(message)
            elif error.fatal() or error.code() in {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.OFFSET_OUT_OF_RANGE}:
                raise Restart(error.str())
        return kept

    def _read_ahead(self, until_ms: int) -> None:
        """Read what was written before ``until_ms`` and is to be there before its segment: transfers, assignments.

        The streams write a transfer no later than the segment it belongs to, and an assignment in the same
        transaction; a silent topic has none to wait for.
        """
        transfers = self._topic(topics.TRANSFERS)
        reached: dict[tuple[str, int], int] = {}
        while True:
            messages = self._received(self._ahead.consume(BATCH, 0.05))
            for message in messages:
                reached[message.topic(), message.partition()] = _stamp(message)
                if message.topic() == transfers:
                    self._note(message, topics.TRANSFERS)
                    transfer = self._decoded(message, _transfers)
                    if transfer is not None:
                        self._join.put(transfer, message.partition(), message.offset())
                else:
                    self._note(message, topics.ASSIGNMENTS)
                    assignment = self._decoded(message, _assignments)
                    if assignment is not None and assignment.version == 0:  # the others are the catalogue's own
                        self._told.put(assignment, message.partition(), message.offset())
            if not messages or min(reached.values()) > until_ms:
                return

    def _note(self, message: Message, topic: topics.Topic) -> None:
        self._next[topic.name][message.partition()] = message.offset() + 1
        metrics.MESSAGES_IN.labels(topic=topic.name).inc()

    def _decoded(self, message: Message, decoder: msgspec.json.Decoder[Any]) -> Any:
        try:
            return decoder.decode(message.value() or b"")
        except UNDECODABLE as error:
            metrics.REFUSED.labels(reason="malformed").inc()
            log.warning(
                "%s %d@%d is no valid record: %s", message.topic(), message.partition(), message.offset(), error
            )
            return None

    def _take(self, messages: list[Message]) -> None:
        for message in messages:
            self._note(message, topics.SEGMENTS)
            self._pending += 1
            segment = self._decoded(message, _segments)
            if segment is None:
                continue
            metrics.SEGMENTS_IN.inc()
            catalogue = self._catalogue(segment.tenant)
            for assignment in catalogue.add(segment, self._join.take(segment), self._told.take(segment)):
                self._emit(topics.ASSIGNMENTS, assignment.segment, encode(assignment))

    def _emit(self, topic: topics.Topic, key: str, value: bytes) -> None:
        self._out.append((topic.name, key, value))

    def _commit(self, stop: threading.Event) -> None:
        """Refine, and make public in one transaction: outputs, changed state, positions."""
        state: list[tuple[str, bytes | None]] = []
        public = 0
        for tenant, catalogue in sorted(self._catalogues.items()):
            changes = catalogue.refine()
            for assignment in changes.assignments:
                self._emit(topics.ASSIGNMENTS, assignment.segment, encode(assignment))
            for routine in changes.routines:
                self._emit(topics.ROUTINES, routine.id, encode(routine))
            for opportunity in catalogue.changed_opportunities(self._settings):
                self._emit(topics.OPPORTUNITIES, opportunity.id, encode(opportunity))
            state += [(f"{tenant}\x1f{key}", value) for key, value in snapshot.dump(catalogue).items()]
            public += len(catalogue.routines())
        state.append(("\x1fpositions", msgspec.json.encode(self._positions())))
        began = time.monotonic()
        self._producer.begin_transaction()
        for topic, key, value in self._out:
            self._produce(topic, key, value)
        for key, saved in state:
            self._produce(topics.CATALOGUE_STATE.name, key, saved)
        self._finish(stop)
        metrics.CHECKPOINT_SECONDS.observe(time.monotonic() - began)
        for topic in {topic for topic, _, _ in self._out}:
            metrics.RECORDS_OUT.labels(topic=topic).inc(sum([1 for t, _, _ in self._out if t == topic]))
        metrics.ROUTINES.set(public)
        self._out.clear()
        self._pending = 0

    def _positions(self) -> dict[str, dict[str, int]]:
        positions = {topic: {str(p): offset for p, offset in sorted(at.items())} for topic, at in self._next.items()}
        for topic, waiting in ((topics.TRANSFERS, self._join), (topics.ASSIGNMENTS, self._told)):
            for partition, offset in waiting.oldest().items():
                positions[topic.name][str(partition)] = offset
        return positions

    def _produce(self, topic: str, key: str, value: bytes | None) -> None:
        while True:
            try:
                self._producer.produce(self._settings.prefix + topic, value, key)
                return
            except BufferError:
                self._producer.poll(0.1)

    def _finish(self, stop: threading.Event) -> None:
        """Commit, again and again while the broker is merely away; anything else ends the session."""
        while True:
            try:
                self._producer.commit_transaction(TIMEOUT_S)
                return
            except KafkaException as error:
                cause = error.args[0]
                if not cause.retriable() or stop.is_set():
                    metrics.TRANSACTIONS_ABORTED.inc()
                    raise Restart(cause.str()) from error
                log.warning("Kafka: %s; trying to commit again", cause.str())
                stop.wait(0.5)


def _stamp(message: Message) -> int:
    kind, stamp = message.timestamp()
    return 0 if kind == TIMESTAMP_NOT_AVAILABLE else int(stamp)
