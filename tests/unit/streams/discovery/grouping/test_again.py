"""A segment that comes again counts once while it is known, and is no fault when it is not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.catalogue import snapshot
from streams.discovery import catalogue as catalogue_module
from streams.discovery.catalogue import Catalogue
from streams.discovery.grouping.execution import from_segment
from streams.discovery.grouping.routines import RESTING_MS, SETTLED, Cluster
from taskstream.records import Segment
from tests.unit.streams.discovery.routine_samples import INVOICE, LOOKUP, TICKET, office, segment

SIX = [segment(INVOICE, first_seq=100 * i, start_ms=60_000 * i) for i in range(6)]


def after(*rounds: list[Segment]) -> Catalogue:
    """A catalogue that has refined after each round."""
    catalogue = Catalogue("acme", k=1)
    for done in rounds:
        for one in done:
            catalogue.add(one)
        catalogue.refine()
    return catalogue


def test_segments_that_come_again_after_a_refinement_count_once() -> None:
    catalogue = after(SIX, SIX)
    [cluster] = catalogue.grouping
    assert (cluster.executions, len(cluster.sample), len(cluster.members), cluster.people.counts()) == (6, 6, 6, (6,))
    assert cluster.active_ms == sum(one.active_ms for one in SIX)
    assert sum(worked for worked, _ in catalogue.days.quarters.values()) == 6
    assert catalogue.grouping.arrivals == 6


def test_segments_that_come_again_after_a_restart_count_once() -> None:
    saved = {key: value for key, value in snapshot.dump(after(SIX)).items() if value is not None}
    catalogue = snapshot.load(saved, 1, lambda *_: None)
    for one in SIX:
        assert catalogue.add(one) == []
    [cluster] = catalogue.grouping
    assert cluster.executions == 6


def test_segments_of_a_resting_routine_count_once() -> None:
    late = [segment(TICKET, first_seq=10**6 + 100 * i, start_ms=2 * RESTING_MS + 60_000 * i) for i in range(6)]
    catalogue = after(SIX, late)
    catalogue.know_kept()
    assert [cluster.rests for cluster in catalogue.grouping] == [True, False]
    for one in SIX:
        assert catalogue.add(one) == []
    assert [cluster.executions for cluster in catalogue.grouping] == [6, 6]


def test_ids_of_what_is_let_go_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue_module, "FEW_KNOWN", 100)
    many = [segment(INVOICE, first_seq=100 * i, start_ms=60_000 * i) for i in range(4 * SETTLED)]
    catalogue = after(many)
    assert len(catalogue._known) <= SETTLED + 160
    for one in many:
        catalogue.add(one)  # most are not known any more; none is a fault
    catalogue.refine()
    [cluster] = catalogue.grouping
    assert len({execution.id for execution in cluster.sampled()}) == len(cluster.sample)


def test_clusters_that_know_the_same_segment_become_one() -> None:
    one, other = Cluster(0), Cluster(1)
    for cluster in (one, other):
        for done in SIX:
            cluster.take(from_segment(done, INVOICE, (), (), 0, 1.0), INVOICE)
    one.absorb(other)
    assert [len(kept) for kept in (one.sample, one.members, one.remembered())] == [6, 6, 6]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 71), max_size=60), st.integers(1, 30))
def test_any_repetition_leaves_the_counts_as_they_were(again: list[int], every: int) -> None:
    work = [done for done, _ in office([INVOICE, TICKET, LOOKUP], people=4, each=6)]
    catalogue = after(work)
    before = sorted((cluster.executions, cluster.partial, cluster.active_ms) for cluster in catalogue.grouping)
    for n, number in enumerate(again):
        assert catalogue.add(work[number]) == []
        if n % every == 0:
            catalogue.refine()
    catalogue.refine()
    assert sorted((c.executions, c.partial, c.active_ms) for c in catalogue.grouping) == before
