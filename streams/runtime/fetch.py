"""Input from Kafka: committed records of each owned partition, from the offset of its checkpoint on.

Faust keeps the group and says which partitions are ours; librdkafka fetches them. It decompresses and reads ahead in
threads of its own, outside Python's lock, and costs a third of what Faust's client takes for a record.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from streams.operator import InputRecord
from streams.runtime.chunks import TP, Chunk, chunks
from taskstream.kafka.clients import new_consumer, reading
from taskstream.settings import Settings

log = logging.getLogger("taskstream.streams")

POLL_RECORDS: Final = 400
"""Records taken at once, of all partitions together."""
AHEAD_KB: Final = 2_048
"""What is read ahead of one partition (kB), but for one answer of Kafka more."""
ANSWER_BYTES: Final = 512 << 10
"""One partition's part of an answer of Kafka, at most (bytes); a larger record comes alone."""


class Fetcher:
    """Never blocks. ``contiguous`` names the topics without transactions: there each offset holds a record.

    In those a record that is not the next one is not believed at first: it is fetched again from the expected offset,
    and only when that is answered the same are the offsets between them taken as empty. In the others the client says
    how far it has read.

    ``drained``  whether the last poll took all that had been read ahead: if not, each partition's records wait behind
                 those of all others
    """

    def __init__(self, settings: Settings, contiguous: Collection[str]) -> None:
        self._settings = settings
        self._contiguous = contiguous
        self._ids: defaultdict[str, set[str]] = defaultdict(set)
        self._next: dict[TP, int] = {}
        self._doubted: dict[TP, int] = {}
        self._unsure: set[TP] = set()
        self.drained = True
        self._consumer = self._new_client()

    def _new_client(self) -> Consumer:
        return new_consumer(
            reading(self._settings, "fetch")
            | {
                "auto.offset.reset": "error",
                "queued.max.messages.kbytes": AHEAD_KB,
                "fetch.message.max.bytes": ANSWER_BYTES,
                "fetch.queue.backoff.ms": 10,  # its default of 1 s stands still whenever the queue was full
                "reconnect.backoff.max.ms": 1_000,
                "topic.metadata.refresh.interval.ms": 5_000,
            }
        )

    def know(self, topic: str, topic_id: str) -> None:
        """Which creation of a topic the offsets are of, before any is fetched; empty: not known.

        A client that knew another creation is replaced: it takes what it hears of the new one for older news while
        that has a lower leader epoch, as after each restart of a broker, and fetches nothing of it (librdkafka 2.12).
        """
        known = self._ids[topic]
        is_another = bool(known) and topic_id not in known
        if not topic_id:
            return
        known.add(topic_id)
        if is_another:
            log.info("%s was created anew: fetching with a client that has not known the former one", topic)
            former, self._consumer = self._consumer, self._new_client()
            self._consumer.incremental_assign([TopicPartition(*tp, offset) for tp, offset in self._next.items()])
            threading.Thread(target=former.close, name="close client", daemon=True).start()  # it may take a moment

    def begin(self, tp: TP, offset: int) -> None:
        """Fetch a partition from ``offset`` on, whether it was being fetched or not."""
        self.end([tp])
        self._consumer.incremental_assign([TopicPartition(*tp, offset)])
        self._next[tp] = offset
        self._unsure.discard(tp)

    def end(self, partitions: Iterable[TP]) -> None:
        """Stop fetching these partitions; those that were not being fetched are ignored."""
        known = [tp for tp in partitions if tp in self._next]
        for tp in known:
            del self._next[tp]
        if known:
            self._consumer.incremental_unassign([TopicPartition(*tp) for tp in known])

    def fetches(self, tp: TP) -> bool:
        """Whether a partition is being fetched."""
        return tp in self._next

    def end_of(self, tp: TP) -> int | None:
        """End offset of a fetched partition as of Kafka's last answer, or None."""
        if tp not in self._next:
            return None
        bounds: tuple[int, int] = self._consumer.get_watermark_offsets(TopicPartition(*tp), cached=True)
        return bounds[1] if bounds[1] >= 0 else None

    def poll(self) -> list[tuple[TP, list[Chunk]]]:
        """What has been read ahead, by partition."""
        begins: dict[TP, int] = {}
        found: dict[TP, list[InputRecord]] = {}
        dropped: set[TP] = set()
        following = self._next
        messages = self._consumer.consume(POLL_RECORDS, 0)
        self.drained = len(messages) < POLL_RECORDS
        for message in messages:
            tp = (message.topic(), message.partition())
            expected = following.get(tp)
            if expected is None or tp in dropped:
                continue
            error = message.error()
            if error is not None:
                self._failed(tp, error)
                continue
            offset = message.offset()
            if offset != expected and not self._is_next(tp, expected, offset):
                dropped.add(tp)
                continue
            records = found.get(tp)
            if records is None:
                records, begins[tp] = found.setdefault(tp, []), expected
            records.append(
                InputRecord(offset, message.timestamp()[1], message.key(), message.value(), message.headers() or ())
            )
            following[tp] = offset + 1
            self._unsure.discard(tp)
        self._pass_markers(begins, found)
        return [
            (tp, chunks(begins[tp], following[tp] if tp in following else records[-1].offset + 1, records))
            for tp, records in found.items()
        ]

    def _pass_markers(self, begins: dict[TP, int], found: dict[TP, list[InputRecord]]) -> None:
        """Go past what the client has read and what is no record: the markers at the ends of transactions. Left
        standing, the last ones would look like input that does not come.

        After an error the client's position is one behind the record that it did not get (librdkafka 2.12): it is not
        believed until the next record has come.
        """
        asked = [TopicPartition(*tp) for tp in self._next if tp[0] not in self._contiguous and tp not in self._unsure]
        for place in self._consumer.position(asked) if asked else ():
            tp = (place.topic, place.partition)
            if place.offset > self._next[tp]:
                begins.setdefault(tp, self._next[tp])
                found.setdefault(tp, [])
                self._next[tp] = place.offset

    def _is_next(self, tp: TP, expected: int, offset: int) -> bool:
        if offset > expected and (tp[0] not in self._contiguous or self._doubted.get(tp) == expected):
            return True
        self._doubted[tp] = expected
        self.begin(tp, expected)
        return False

    def _failed(self, tp: TP, error: KafkaError) -> None:
        """A position that Kafka no longer has ends the fetch (the worker asks where to go on); the rest passes."""
        log.warning("%s/%d: fetching: %s", *tp, error.str())
        self._unsure.add(tp)
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            try:
                self.end([tp])
            except KafkaException as exception:
                log.warning("%s/%d: %s", *tp, exception)
