"""The streams' own assignments, and what the catalogue makes of them."""

from __future__ import annotations

import msgspec
import pytest

from streams.catalogue import assignments
from streams.catalogue.assignments import PendingAssignments
from streams.discovery.catalogue import Catalogue
from streams.discovery.grouping.recognise import Recogniser
from taskstream.records import Assignment, Segment
from tests.unit.streams.discovery.routine_samples import INVOICE, TICKET, office


def known() -> tuple[Catalogue, list[Segment], Assignment]:
    """A catalogue, segments it has not seen, and the streams' assignment of the first of them."""
    work = [done for done, _ in office([INVOICE, TICKET], people=4, each=6)]
    catalogue = Catalogue("acme", k=3)
    for done in work[:-8]:
        catalogue.add(done)
    catalogue.refine()
    said = Recogniser(catalogue.routines()).assign(work[-8])
    assert said is not None
    return catalogue, work[-8:], said


def test_what_was_said_is_not_repeated() -> None:
    catalogue, new, said = known()
    assert catalogue.add(new[0], told=said) == []
    assert [a.segment for a in catalogue.refine().assignments] == []
    assert [a.version for a in catalogue.add(new[1])] == [1]


def test_what_was_said_wrongly_is_replaced() -> None:
    catalogue, new, said = known()
    wrong = msgspec.structs.replace(said, routine="another")
    assert [(a.routine, a.version) for a in catalogue.add(new[0], told=wrong)] == [(said.routine, 1)]


def test_what_the_catalogue_does_not_know_is_taken_back() -> None:
    _, new, said = known()
    fresh = Catalogue("acme", k=3)
    assert [(a.routine, a.version) for a in fresh.add(new[0], told=said)] == [("", 1)]


def test_waiting_by_tenant_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    _, new, said = known()
    waiting = PendingAssignments()
    waiting.put(said, 1, 7)
    assert waiting.oldest() == {1: 7}
    assert waiting.take(msgspec.structs.replace(new[0], tenant="other")) is None
    assert waiting.take(new[0]) == said
    assert waiting.take(new[0]) is None
    assert waiting.oldest() == {}
    monkeypatch.setattr(assignments, "WAITING", 2)
    for number in range(3):
        waiting.put(msgspec.structs.replace(said, segment=str(number)), 0, number)
    assert waiting.oldest() == {0: 1}
