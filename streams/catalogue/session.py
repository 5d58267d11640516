"""The catalogue between two failures: segments, transfers and steps in, routines, assignments, opportunities and tables
out.

The order of effects (:meth:`CatalogueSession._commit`): one transaction holds everything that a refinement makes
public, the clusters that changed, and the input positions that they correspond to. Whatever happens, the next session
reads the state with ``read_committed`` and goes on from those positions: the same ids, no assignment twice, none lost.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any, Final

import msgspec
from confluent_kafka import Message

from streams.catalogue import snapshot, stored_state
from streams.catalogue.assignments import PendingAssignments
from streams.catalogue.kafka_io import INPUTS, KEPT, CatalogueKafka
from streams.catalogue.public_tables import PublicTables, read_tables
from streams.catalogue.soundness import is_sound_sample, is_sound_segment
from streams.catalogue.teacher import Teacher
from streams.catalogue.tenant_learning import Learning
from streams.dead_letter import letter_of_loss
from streams.discovery.catalogue import Catalogue
from streams.discovery.grouping.transfer_join import TransferJoin
from taskstream import metrics, topics
from taskstream.errors import UNDECODABLE, InputError
from taskstream.events import encode
from taskstream.kafka import pieces
from taskstream.memory import give_back
from taskstream.records import Assignment, Opportunity, Routine, Segment, StepSample, Transfer
from taskstream.settings import Settings

log = logging.getLogger("taskstream.catalogue")

MAX_PENDING: Final = 20_000
"""Segments taken in before a refinement, however fast they come."""

STEPS_S: Final = 60.0
"""How long samples of steps wait to be stored (seconds). Each that comes has another one make room, somewhere in what
is stored: a third of it would be written with each commit. Until then a restart reads them again."""

_segments = msgspec.json.Decoder(Segment)
_transfers = msgspec.json.Decoder(Transfer)
_assignments = msgspec.json.Decoder(Assignment)
_samples = msgspec.json.Decoder(StepSample)
_routines = msgspec.json.Decoder(Routine)
_opportunities = msgspec.json.Decoder(Opportunity)


class CatalogueSession:
    """From restoring the state to the first failure: catalogues by tenant, and the input positions."""

    def __init__(self, kafka: CatalogueKafka, settings: Settings, teacher: Teacher | None = None) -> None:
        self._kafka = kafka
        self._settings = settings
        self._catalogues: dict[str, Catalogue] = {}
        self._join = TransferJoin()
        self._assigned = PendingAssignments()
        self._learning = Learning(Teacher() if teacher is None else teacher)
        self._next: dict[str, dict[int, int]] = {topic.name: {} for topic in INPUTS}
        self._out: list[tuple[str, str, bytes | None]] = []
        self._pending = 0
        self._steps_since: float | None = None
        self._steps_at: dict[int, int] = {}

    def open(self) -> None:
        """Fence a predecessor, restore the state, and go to the positions that belong to it."""
        self._kafka.fence()
        began = time.monotonic()
        self._restore()
        metrics.RESTORE_SECONDS.observe(time.monotonic() - began)
        give_back()  # what the whole topics took that were read for it
        self._steps_at = dict(self._next[topics.STEPS.name])
        self._kafka.follow(self._next)

    def _restore(self) -> None:
        self._kafka.begin_topics()
        saved_state, published, opportunities, tables = self._kafka.compacted(*KEPT)
        routines = stored_state.records(published, _routines, self._passing_over(topics.ROUTINES))
        listed = stored_state.records(opportunities, _opportunities, self._passing_over(topics.OPPORTUNITIES))
        try:
            found = stored_state.state(saved_state, self._settings.k, self._passing_over(topics.CATALOGUE_STATE))
        except InputError as error:
            log.warning("%s; building the catalogue anew from the segments that Kafka still holds", error)
            found = stored_state.StoredState({}, {}, {})
        self._catalogues = found.catalogues
        self._kafka.expect_topics(found.topic_ids)
        ids = self._kafka.topic_ids()
        self._next |= self._from_where(found, ids)
        public = read_tables(tables, self._passing_over(topics.TABLES))
        self._learning.resume(found.reservoirs, found.tables, public)
        for tenant in self._learning.tenants():
            self._catalogue(tenant)  # nothing of a tenant is read back without it
        lacks = False
        for tenant in sorted({routine.tenant for routine in routines} | self._catalogues.keys()):
            lacks |= self._catalogue(tenant).resume(
                [routine for routine in routines if routine.tenant == tenant],
                [opportunity for opportunity in listed if opportunity.tenant == tenant],
            )
        anew = [topic.name for topic in KEPT if stored_state.is_another(topic.name, found.topic_ids, ids)]
        if anew:
            self._write_once_more(anew)
        elif lacks:
            log.warning("routines of the state are not in the topic routines: publishing them once more")
            self._pending += 1

    def _write_once_more(self, names: Sequence[str]) -> None:
        """Topics of what is kept are other ones than before, and lack what was in them: write all of it, soon."""
        for name in names:
            log.error("topic %s is another one than before: writing all that was kept in it again", name)
            metrics.TOPIC_RESETS.labels(name).inc()
        for catalogue in self._catalogues.values():
            catalogue.unsaved.update(cluster.number for cluster in catalogue.grouping)
            for routine in catalogue.published():
                self._emit(topics.ROUTINES, routine.id, encode(routine))
            for opportunity in catalogue.listed():
                self._emit(topics.OPPORTUNITIES, opportunity.id, encode(opportunity))
        self._learning.write_once_more()
        self._steps_since = -inf
        self._pending += 1

    def _from_where(self, found: stored_state.StoredState, ids: Mapping[str, str]) -> dict[str, dict[int, int]]:
        """The positions to read on from; what can no longer be read is counted, logged and named in a dead letter."""
        bounds = self._kafka.bounds(found.positions)
        positions, losses = stored_state.where(found.positions, found.topic_ids, ids, bounds)
        at_ms = max([catalogue.last_ms for catalogue in found.catalogues.values()], default=0)
        for topic, partition, loss in losses:
            log.error("%s/%d: %s", topic, partition, loss)
            if loss.last < 0:
                metrics.TOPIC_RESETS.labels(topic).inc()
            else:
                metrics.LOST.inc(loss.last - loss.first + 1)
            letter = letter_of_loss(topic, partition, loss, topic_id=ids.get(topic, ""), at_ms=at_ms)
            self._emit(topics.DEAD_LETTER, "", letter.value)
            self._pending += 1  # so that the next commit is due soon
        return positions

    def _passing_over(self, topic: topics.Topic) -> Callable[[str, str], None]:
        """Counts and names what a topic holds and nobody can read."""

        def pass_over(key: str, why: str) -> None:
            metrics.REFUSED.labels(reason="malformed").inc()
            log.warning("%s: the record of key %.200r is passed over: %.300s", topic.name, key, why)

        return pass_over

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
            anew = self._kafka.check_topics()
            if anew:
                self._write_once_more(anew)
            messages = self._kafka.segments(min(0.25, quiet_s))
            now = time.monotonic()
            if messages:
                first = first if self._pending else now
                last = now
                self._read_ahead({message.partition() for message in messages})
                self._take(messages)
            self._take_steps(self._kafka.steps(), now)
            self._learn(is_idle=not messages)
            is_due = now - last >= quiet_s or now - first >= longest_s or self._pending >= MAX_PENDING
            has_steps = self._learning.has_changed() or (
                self._steps_since is not None and now - self._steps_since >= STEPS_S
            )
            if has_steps or (self._pending and is_due):
                self._commit(stop, with_steps=has_steps)
        if self._pending or self._steps_since is not None:
            self._commit(threading.Event())

    def close(self) -> None:
        """Give up what is under way beside the session."""
        self._learning.close()

    def _read_ahead(self, partitions: set[int]) -> None:
        """Read what is to be there before the segments just read from ``partitions``: transfers, assignments.

        The streams write a transfer no later than the segment it belongs to, an assignment in the same transaction, and
        both into the partition that has the segment's number.
        """
        for messages in self._kafka.ahead_of(partitions):
            for message in messages:
                if self._kafka.topic_of(message) == topics.TRANSFERS.name:
                    self._note(message, topics.TRANSFERS)
                    transfer = self._decoded(message, _transfers)
                    if transfer is not None:
                        self._join.put(transfer, message.partition(), message.offset(), message.timestamp()[1])
                else:
                    self._note(message, topics.ASSIGNMENTS)
                    assignment = self._decoded(message, _assignments)
                    if assignment is not None and assignment.version == 0:  # the others are the catalogue's own
                        self._assigned.put(assignment, message.partition(), message.offset())

    def _note(self, message: Message, topic: topics.Topic) -> None:
        self._next[topic.name][message.partition()] = message.offset() + 1
        metrics.MESSAGES_IN.labels(topic=topic.name).inc()

    def _decoded(self, message: Message, decoder: msgspec.json.Decoder[Any]) -> Any:
        try:
            return decoder.decode(message.value() or b"")
        except UNDECODABLE as error:
            self._refuse(message, str(error))
            return None

    def _refuse(self, message: Message, why: str) -> None:
        metrics.REFUSED.labels(reason="malformed").inc()
        log.warning("%s %d@%d is no valid record: %s", message.topic(), message.partition(), message.offset(), why)

    def _take(self, messages: list[Message]) -> None:
        for message in messages:
            self._note(message, topics.SEGMENTS)
            self._pending += 1
            segment = self._decoded(message, _segments)
            if segment is None:
                continue
            if not is_sound_segment(segment):
                self._refuse(message, "it is of no tenant, or its ends are too far apart")
                continue
            metrics.SEGMENTS_IN.inc()
            catalogue = self._catalogue(segment.tenant)
            for assignment in catalogue.add(segment, self._join.take(segment), self._assigned.take(segment)):
                self._emit(topics.ASSIGNMENTS, assignment.segment, encode(assignment))

    def _take_steps(self, messages: Sequence[Message], now: float) -> None:
        for message in messages:
            self._note(message, topics.STEPS)
            self._steps_since = now if self._steps_since is None else self._steps_since
            sample = self._decoded(message, _samples)
            if sample is None:
                continue
            if not is_sound_sample(sample):
                self._refuse(message, "it is of no tenant, or its steps have no names or times")
                continue
            self._catalogue(sample.tenant)
            self._learning.take(sample, message.timestamp()[1])

    def _learn(self, *, is_idle: bool) -> None:
        self._learning.advance(is_idle=is_idle)
        if not self._pending and self._publishable():
            self._pending = 1

    def _publishable(self) -> list[PublicTables]:
        """What was learned and can be made public now."""
        return self._learning.unpublished() if self._kafka.has(topics.TABLES) else []

    def _emit(self, topic: topics.Topic, key: str, value: bytes | None) -> None:
        self._out.append((topic.name, key, value))

    def _commit(self, stop: threading.Event, *, with_steps: bool = True) -> None:
        """Refine, then publish outputs, changed state and positions in one transaction; the steps that came only
        ``with_steps``, else their positions stay as well."""
        state: list[tuple[str, bytes | None]] = []
        public = 0
        for tenant, catalogue in sorted(self._catalogues.items()):
            changes = catalogue.refine()
            for assignment in changes.assignments:
                self._emit(topics.ASSIGNMENTS, assignment.segment, encode(assignment))
            for routine in changes.routines:
                self._emit(topics.ROUTINES, routine.id, encode(routine))
            for forgotten in changes.forgotten:
                self._emit(topics.ROUTINES, forgotten, None)
                self._emit(topics.OPPORTUNITIES, forgotten, None)
            for opportunity in catalogue.changed_opportunities(self._settings):
                self._emit(topics.OPPORTUNITIES, opportunity.id, encode(opportunity))
            state += [(stored_state.key_of(tenant, key), value) for key, value in snapshot.dump(catalogue).items()]
            public += len(catalogue.routines())
        tables = self._publishable()
        for learned in tables:
            self._emit(topics.TABLES, learned.tenant, learned.data)
        if with_steps:
            state += [(stored_state.key_of(tenant, name), value) for tenant, name, value in self._learning.items()]
            self._steps_at = dict(self._next[topics.STEPS.name])
            self._steps_since = None
        state.append((stored_state.POSITIONS, msgspec.json.encode(self._positions())))
        state.append((stored_state.TOPIC_IDS, msgspec.json.encode(self._kafka.topic_ids())))
        began = time.monotonic()
        bound = topics.CATALOGUE_STATE.value_bytes
        kept = [
            (topics.CATALOGUE_STATE.name, key, piece)
            for name, saved in state
            for key, piece in pieces.split(name, saved, bound)
        ]
        self._kafka.commit([*self._out, *kept], stop)
        metrics.CHECKPOINT_SECONDS.observe(time.monotonic() - began)
        for topic in {topic for topic, _, _ in self._out}:
            metrics.RECORDS_OUT.labels(topic=topic).inc(sum([1 for t, _, _ in self._out if t == topic]))
        metrics.ROUTINES.set(public)
        self._learning.committed(tables)
        self._out.clear()
        self._pending = 0

    def _positions(self) -> dict[str, dict[str, int]]:
        positions = {topic: {str(p): offset for p, offset in sorted(at.items())} for topic, at in self._next.items()}
        positions[topics.STEPS.name] = {str(p): offset for p, offset in sorted(self._steps_at.items())}
        for topic, waiting in ((topics.TRANSFERS, self._join), (topics.ASSIGNMENTS, self._assigned)):
            for partition, offset in waiting.oldest().items():
                positions[topic.name][str(partition)] = offset
        return positions
