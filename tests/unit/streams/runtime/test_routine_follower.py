"""Segments compared with the known routines as they are emitted."""

from __future__ import annotations

import time
from collections.abc import Callable
from unittest.mock import Mock

import msgspec
import pytest
from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from streams.discovery.catalogue import Catalogue
from streams.operator import Output
from streams.runtime import topic_follower
from streams.runtime.routine_follower import AT_ONCE, WAITING, KnownRoutines, RoutineFollower
from taskstream.events import encode
from taskstream.records import Assignment, Routine, Segment
from taskstream.settings import Settings
from tests.unit.streams.discovery.routine_samples import INVOICE, TICKET, office


def learned() -> tuple[list[Routine], list[Segment]]:
    """A catalogue of two routines, and the executions it is made of."""
    catalogue, work = Catalogue("acme", k=3), [done for done, _ in office([INVOICE, TICKET], people=4, each=5)]
    for done in work:
        catalogue.add(done)
    catalogue.refine()
    return catalogue.routines(), work


def outputs(segments: list[Segment], partition: int = 1) -> list[Output]:
    return [Output("segments", partition, b"actor", encode(done)) for done in segments]


def test_segments_of_known_routines_are_assigned_beside_them() -> None:
    known, (routines, work) = KnownRoutines(), learned()
    assert known.assignments(outputs(work)) == [], "nothing is known yet"
    for routine in routines:
        known.put((routine.id, routine))
    other = Output("sessions", 1, b"actor", b"{}")
    made = known.assignments([other, *outputs(work)])
    assigned = [msgspec.json.decode(output.value or b"", type=Assignment) for output in made]
    assert [a.segment for a in assigned] == [done.id for done in work]
    assert {a.routine for a in assigned} == {routine.id for routine in routines}
    assert {(output.topic, output.partition) for output in made} == {("assignments", 1)}
    assert {a.version for a in assigned} == {0}, "any of the catalogue's is later"


def test_routines_of_another_tenant_and_deleted_ones_are_not_taken() -> None:
    known, (routines, work) = KnownRoutines(), learned()
    for routine in routines:
        known.put((routine.id, routine))
    assert known.assignments(outputs([msgspec.structs.replace(work[0], tenant="other")])) == []
    assert len(known.assignments(outputs(work[:1]))) == 1
    for routine in routines:
        known.put((routine.id, None))
    assert known.assignments(outputs(work)) == []


def test_a_routine_that_cannot_be_compared_stops_nothing() -> None:
    known, (routines, work) = KnownRoutines(), learned()
    known.put(("bad", msgspec.structs.replace(routines[0], id="bad", presence=dict.fromkeys(INVOICE, 0.0), parts=())))
    assert known.assignments(outputs(work)) == []


def test_changes_are_taken_over_a_few_at_a_time_and_wait_within_a_bound() -> None:
    known, (routines, work) = KnownRoutines(), learned()
    for number in range(AT_ONCE):
        known.put((f"gone-{number}", None))
    for routine in routines:
        known.put((routine.id, routine))
    assert known.assignments(outputs(work)) == []
    assert len(known.assignments(outputs(work))) == len(work)
    for number in range(WAITING):
        assert known.room()
        known.put((str(number), None))
    assert not known.room()


class Consumer:
    """Reads nothing; notes where it is told to begin. Its first poll does what ``then`` says."""

    begun: list[int] = []  # noqa: RUF012  # of all that are made

    def __init__(self, then: list[Callable[[], None]]) -> None:
        self._then = then

    def assign(self, places: list[TopicPartition]) -> None:
        self.begun.append(places[0].offset)

    def poll(self, timeout: float) -> None:
        if self._then:
            self._then.pop(0)()
        time.sleep(0.005)

    def close(self) -> None:
        """Nothing is open."""


def test_a_follower_begins_again_when_its_topic_is_another_one_or_anything_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ids = {"p.routines": "id-1"}
    topics = Mock(id_of=ids.get)
    begun: list[int] = []
    monkeypatch.setattr(Consumer, "begun", begun)

    def fail() -> None:
        raise KeyError("a secret value")

    then: list[Callable[[], None]] = [lambda: ids.update({"p.routines": "id-2"}), fail]
    monkeypatch.setattr(topic_follower, "new_consumer", lambda _: Consumer(then))
    monkeypatch.setattr(topic_follower, "AGAIN_S", 0.01)
    follower = RoutineFollower(Settings(prefix="p.", kafka="nowhere:1"), KnownRoutines(), topics)
    follower.start()
    deadline = time.monotonic() + 20
    while len(begun) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    follower.stop()
    assert begun == [OFFSET_BEGINNING] * 3
    assert "p.routines is another one than before" in caplog.text
    assert "following p.routines failed: KeyError at" in caplog.text
    assert "a secret value" not in caplog.text
