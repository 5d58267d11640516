"""The catalogue process against the real broker."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.catalogue import run
from streams.catalogue.kafka_io import INPUTS, KEPT
from streams.discovery.semimarkov.served import load_tables
from taskstream import metrics
from taskstream.errors import UNDECODABLE, ServiceError
from taskstream.events import encode
from taskstream.kafka import topic_admin
from taskstream.records import Assignment, DeadLetter, Opportunity, Routine, Segment, Transfer
from taskstream.settings import Settings, load
from tests.unit.streams.discovery.routine_samples import INVOICE, LOOKUP, TICKET, office, transfer
from tests.unit.streams.discovery.step_samples import day

T = TypeVar("T")

pytestmark = pytest.mark.integration


@pytest.fixture
def settings(kafka: str) -> Settings:
    """A set of topics of the test's own."""
    made = load(
        kafka=kafka, prefix=f"catalogue-{uuid.uuid4().hex[:8]}.", partitions=2, catalogue_quiet_ms=200, k=3,
        catalogue_refine_ms=1_000,
    )  # fmt: skip
    topic_admin.apply(made, dry_run=False)
    return made


class Running:
    """The catalogue in a thread."""

    def __init__(self, settings: Settings) -> None:
        self.ready, self._stop = threading.Event(), threading.Event()
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._serve, args=(settings,))

    def _serve(self, settings: Settings) -> None:
        try:
            run.serve(settings, self._stop, self.ready.set)
        except ServiceError as error:
            self.error = error

    def __enter__(self) -> Running:
        self._thread.start()
        assert self.ready.wait(30), self.error
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


def publish(settings: Settings, segments: Iterable[Segment], transfers: Iterable[Transfer] = ()) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka})
    for record in transfers:
        producer.produce(settings.prefix + "transfers", encode(record), record.actor)
    producer.flush(10)
    for segment in segments:
        producer.produce(settings.prefix + "segments", encode(segment), segment.actor)
    assert producer.flush(10) == 0


def read(settings: Settings, topic: str, kind: type[T]) -> list[T]:
    """Every committed record of a topic, in order of partition and offset."""
    return [msgspec.json.decode(value, type=kind) for value in values(settings, topic)]


def valid(settings: Settings, topic: str, kind: type[T]) -> list[T]:
    """As :func:`read`, without what cannot be read."""
    found: list[T] = []
    for value in values(settings, topic):
        with contextlib.suppress(*UNDECODABLE):
            found.append(msgspec.json.decode(value, type=kind))
    return found


def values(settings: Settings, topic: str) -> list[bytes]:
    """What the committed messages of a topic hold, in order of partition and offset."""
    consumer = Consumer(
        {"bootstrap.servers": settings.kafka, "group.id": "test", "isolation.level": "read_committed",
         "enable.partition.eof": True, "auto.offset.reset": "earliest"}
    )  # fmt: skip
    name = settings.prefix + topic
    partitions = consumer.list_topics(name).topics[name].partitions
    consumer.assign([TopicPartition(name, p, 0) for p in partitions])
    found: list[bytes] = []
    ended: set[int] = set()
    while len(ended) < len(partitions):
        for message in consumer.consume(1000, 0.05):
            if message.error():
                ended.add(message.partition())
            else:
                found.append(message.value() or b"")
    consumer.close()
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def latest(assignments: Iterable[Assignment]) -> dict[str, str]:
    """Segment → routine by its assignment of the highest version."""
    best: dict[str, Assignment] = {}
    for assignment in assignments:
        known = best.get(assignment.segment)
        if known is None or assignment.version > known.version:
            best[assignment.segment] = assignment
    return {name: assignment.routine for name, assignment in best.items()}


def test_segments_become_routines_assignments_and_opportunities(settings: Settings) -> None:
    work = office([INVOICE, TICKET, LOOKUP], people=4, each=5)
    moved = [transfer(done, 0, 2) for done, number in work if number == 0]
    with Running(settings):
        publish(settings, [done for done, _ in work], moved)
        wait_for(lambda: len(latest(read(settings, "assignments", Assignment))) == len(work))
    routines = {routine.id: routine for routine in read(settings, "routines", Routine)}
    assigned = latest(read(settings, "assignments", Assignment))
    tasks = {number: {assigned[done.id] for done, n in work if n == number} for number in range(3)}
    assert all(len(ids) == 1 for ids in tasks.values())
    assert len(set.union(*tasks.values())) == 3 == len(routines)
    assert all(routine.executions == 20 and routine.people == 4 for routine in routines.values())
    invoice = routines[min(tasks[0])]
    assert [(f.how, f.share) for f in invoice.flows] == [("paste", 1.0)]
    listed = {opportunity.id: opportunity for opportunity in read(settings, "opportunities", Opportunity)}
    assert sorted(o.rank for o in listed.values()) == [1, 2, 3]
    assert listed.keys() == routines.keys()


def test_a_restart_goes_on_with_the_same_ids_and_repeats_nothing(settings: Settings) -> None:
    work = [done for done, _ in office([INVOICE, TICKET], people=4, each=6)]
    with Running(settings):
        publish(settings, work[::2])
        wait_for(lambda: len(latest(read(settings, "assignments", Assignment))) == 24)
    before = {routine.id for routine in read(settings, "routines", Routine)}
    with Running(settings):
        publish(settings, work[1::2])
        wait_for(lambda: len(latest(read(settings, "assignments", Assignment))) == 48)
    with Running(settings):
        time.sleep(1)
    assignments = read(settings, "assignments", Assignment)
    assert len({(a.segment, a.version) for a in assignments}) == len(assignments) == 48
    routines = read(settings, "routines", Routine)
    assert {routine.id for routine in routines} == before
    assert len({(routine.id, routine.version) for routine in routines}) == len(routines)
    assert {r.id: r.executions for r in routines} == dict.fromkeys(before, 24)


def test_too_few_people_stay_out_of_the_catalogue(settings: Settings) -> None:
    work = [done for done, _ in office([INVOICE], people=2, each=10)]
    more = [done for done, _ in office([INVOICE], people=3, each=10)][20:]
    with Running(settings):
        publish(settings, work)
        time.sleep(2)
        assert read(settings, "routines", Routine) == []
        assert read(settings, "assignments", Assignment) == []
        publish(settings, more)
        wait_for(lambda: len(latest(read(settings, "assignments", Assignment))) == 30)


def test_a_malformed_segment_is_passed_over(settings: Settings) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka})
    producer.produce(settings.prefix + "segments", b'{"id": "no segment"}', "p0")
    producer.flush(10)
    work = [done for done, _ in office([INVOICE], people=3, each=2)]
    with Running(settings):
        publish(settings, work)
        wait_for(lambda: len(latest(read(settings, "assignments", Assignment))) == 6)


def test_foreign_messages_end_no_catalogue(settings: Settings) -> None:
    """In each topic that it restores from and reads: it starts, works, and starts again with what it had."""
    work = [done for done, _ in office([INVOICE, TICKET], people=4, each=6)]
    with Running(settings):
        publish(settings, work[::2])
        wait_for(lambda: len(latest(read(settings, "assignments", Assignment))) == 24)
    producer = Producer({"bootstrap.servers": settings.kafka})
    for topic in [topic.name for topic in (*KEPT, *INPUTS)]:
        for key, value in ((b"foreign", b"\xff\x00"), (b"\xff\x1f", b"[" * 100_000), (None, b"{}")):
            producer.produce(settings.prefix + topic, value, key or (topic.encode() if "." in topic else b"k"))
    assert producer.flush(10) == 0
    before = metrics.REFUSED.labels(reason="malformed")._value.get()
    with Running(settings):
        publish(settings, work[1::2])
        wait_for(lambda: len(latest(valid(settings, "assignments", Assignment))) == 48)
        wait_for(lambda: metrics.REFUSED.labels(reason="malformed")._value.get() >= before + 24)
    routines = {routine.id: routine.executions for routine in valid(settings, "routines", Routine)}
    assert sorted(routines.values()) == [24, 24]


def test_missing_topics_are_waited_for(kafka: str) -> None:
    late = load(kafka=kafka, prefix=f"catalogue-{uuid.uuid4().hex[:8]}.", partitions=2, k=3)
    threading.Timer(3, lambda: topic_admin.apply(late, dry_run=False)).start()
    with Running(late):
        pass


def test_segments_created_anew_are_read_from_their_start_and_added_partitions_are_read(settings: Settings) -> None:
    """Without a restart of the process, and with what was lost named in a dead letter."""
    work = [done for done, _ in office([INVOICE, TICKET], people=4, each=6)]
    admin = AdminClient({"bootstrap.servers": settings.kafka})
    name = settings.prefix + "segments"
    with Running(settings):
        publish(settings, work[:40])
        wait_for(lambda: len(latest(read(settings, "assignments", Assignment))) == 40)
        admin.delete_topics([name], operation_timeout=20)[name].result(20)
        wait_for(lambda: name not in admin.list_topics(timeout=10).topics)
        topic_admin.apply(settings, dry_run=False)
        publish(settings, work[40:44])
        wait_for(lambda: len(latest(read(settings, "assignments", Assignment))) == 44, 60)
        topic_admin.apply(settings.model_copy(update={"partitions": 6}), dry_run=False)
        publish(settings, work[44:])
        wait_for(lambda: len(latest(read(settings, "assignments", Assignment))) == 48, 60)
        wait_for(lambda: any(letter.reason == "lost" for letter in read(settings, "dead-letter", DeadLetter)))


def test_steps_are_learned_from_once_and_topics_that_a_former_version_lacks_are_taken_up(settings: Settings) -> None:
    admin = AdminClient({"bootstrap.servers": settings.kafka})
    lacking = [settings.prefix + name for name in ("steps", "tables")]
    for deleted in admin.delete_topics(lacking, operation_timeout=20).values():
        deleted.result(20)
    wait_for(lambda: not set(lacking) & set(admin.list_topics(timeout=10).topics))
    work = [done for done, _ in office([INVOICE, TICKET], people=4, each=6)]
    with Running(settings):
        publish(settings, work)
        wait_for(lambda: len(latest(read(settings, "assignments", Assignment))) == 48)
        topic_admin.apply(settings, dry_run=False)
        producer = Producer({"bootstrap.servers": settings.kafka})
        for one in day(people=9, each=20):
            producer.produce(settings.prefix + "steps", encode(one), one.actor)
        assert producer.flush(10) == 0
        wait_for(lambda: values(settings, "tables") != [], 90)
    with Running(settings):
        time.sleep(1)
    (data,) = values(settings, "tables")
    assert load_tables(data).tenant == "acme"
