"""Segments compared with the known routines as they are emitted."""

from __future__ import annotations

import msgspec

from streams.discovery.catalogue import Catalogue
from streams.operator import Output
from streams.runtime.routine_follower import AT_ONCE, WAITING, KnownRoutines
from taskstream.events import encode
from taskstream.records import Assignment, Routine, Segment
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
