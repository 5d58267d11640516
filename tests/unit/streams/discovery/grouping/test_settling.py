"""What a routine keeps of its executions between two refinements, and when nobody does it any more."""

from __future__ import annotations

from streams.discovery.catalogue import Catalogue
from streams.discovery.grouping.execution import Execution, from_segment
from streams.discovery.grouping.routines import RESTING_MS, SAMPLE, SETTLED, Cluster
from tests.unit.streams.discovery.routine_samples import INVOICE, TICKET, segment


def test_executions_that_were_told_are_let_go() -> None:
    catalogue = Catalogue("acme", k=1)
    for i in range(2_000):
        catalogue.add(segment(INVOICE, first_seq=100 * i, start_ms=60_000 * i))
    assert len(catalogue.refine().assignments) == 2_000
    [cluster] = catalogue.grouping
    assert (len(cluster.members), len(cluster.sample)) == (SETTLED, SAMPLE)


def resting(executions: int) -> tuple[Catalogue, Cluster, list[Execution]]:
    """A catalogue in which one of two routines has rested since the last refinement, and the sample that it had."""
    catalogue = Catalogue("acme", k=1)
    for i in range(executions):
        catalogue.add(segment(INVOICE, first_seq=100 * i, start_ms=60_000 * i))
    catalogue.refine()
    [invoice] = catalogue.grouping
    sampled = invoice.sampled()
    for i in range(20):
        catalogue.add(segment(TICKET, first_seq=10**6 + 100 * i, start_ms=2 * RESTING_MS + 60_000 * i))
    catalogue.refine()
    assert not invoice.members
    return catalogue, invoice, sampled


def test_a_routine_that_nobody_does_rests_and_wakes_unchanged() -> None:
    _, invoice, sampled = resting(300)
    assert invoice.sampled() == sampled
    assert [e.id for e in invoice.members] == [e.id for e in sorted(sampled, key=lambda e: (e.start_ms, e.id))]


def test_a_resting_routine_takes_up_a_further_execution() -> None:
    catalogue, invoice, _ = resting(20)
    catalogue.add(segment(INVOICE, first_seq=10**7, start_ms=2 * RESTING_MS + 10**7))
    catalogue.refine()
    assert (invoice.executions, len(invoice.sample), len(invoice.members)) == (21, 21, 21)


def test_parts_without_a_whole_execution_are_let_go_too() -> None:
    parts = Cluster(0)
    for i in range(SETTLED + 100):
        steps = tuple(INVOICE)
        parts.take_part(from_segment(segment(steps, first_seq=100 * i, start_ms=60_000 * i), steps, (), (), 0, 1.0))
    parts.settle(2 * RESTING_MS)
    assert len(parts.members) == SETTLED


def test_executions_share_what_they_have_in_common() -> None:
    catalogue = Catalogue("acme", k=1)
    for i in range(2):
        catalogue.add(segment(["".join(step) for step in INVOICE], first_seq=100 * i, start_ms=60_000 * i))
    [cluster] = catalogue.grouping
    one, other = cluster.members
    assert one.steps is other.steps
    assert one.roles is other.roles
    assert one.apps is other.apps
