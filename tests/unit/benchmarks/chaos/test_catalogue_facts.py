"""What the catalogue's outputs must be whatever the order in which segments came."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from msgspec import structs

from benchmarks.chaos.catalogue_facts import Counted, contradictions, counted_once, versions
from streams.discovery.catalogue import Catalogue
from taskstream.events import encode
from taskstream.records import Assignment, Segment
from taskstream.settings import Settings
from tests.unit.streams.discovery.routine_samples import INVOICE, LOOKUP, office

WORK = [segment for segment, _ in office([INVOICE, LOOKUP], people=4, each=12)]


def outputs(work: list[Segment], every: int) -> tuple[Catalogue, dict[str, Any]]:
    """A catalogue that refines after so many segments, and the values of what it publishes."""
    catalogue, assignments = Catalogue("acme", k=2), list[Assignment]()
    last: dict[str, dict[str, bytes]] = defaultdict(dict)
    for place, segment in enumerate(work, 1):
        assignments += catalogue.add(segment)
        if place % every == 0 or place == len(work):
            changes = catalogue.refine()
            assignments += changes.assignments
            last["routines"] |= {one.id: encode(one) for one in changes.routines}
            last["opportunities"] |= {one.id: encode(one) for one in catalogue.changed_opportunities(Settings())}
    found = {"segments": [encode(one) for one in work], "assignments": [encode(one) for one in assignments]}
    return catalogue, found | last


def test_what_is_counted_is_the_same_in_any_order_and_each_segment_counts() -> None:
    wanted = counted_once(map(encode, WORK))["acme"]
    catalogue, _ = outputs(WORK[::-1], 7)
    assert Counted.of(catalogue, catalogue.grouping.arrivals) == wanted
    lacking, _ = outputs(WORK[1:], 7)
    assert Counted.of(lacking, lacking.grouping.arrivals) != wanted


def test_the_outputs_of_a_catalogue_have_no_contradiction() -> None:
    _, found = outputs(WORK, 9)
    assert all(found[topic] for topic in ("assignments", "routines", "opportunities"))
    assert not any(contradictions(**found).values())


def test_each_contradiction_has_a_name() -> None:
    _, found = outputs(WORK, 9)
    said = Assignment("s", "acme", "team", "gone", "", 1.0, 1, 1, 1)
    assert contradictions(**found | {"assignments": [encode(said)] * 2}) == {
        "assigned_twice": ["s v1"],
        "assigned_wrongly": ["s"],
        "assigned_to_nothing": ["s"],
        "ranked_but_no_routine": [],
    }
    other = structs.replace(said, segment=WORK[0].id, routine="", team=WORK[0].team, active_ms=7)
    assert contradictions(**found | {"assignments": [encode(other)]})["assigned_wrongly"] == [WORK[0].id]
    assert contradictions(**found | {"routines": {}})["ranked_but_no_routine"] == sorted(found["opportunities"])


def test_of_each_key_the_highest_version_counts() -> None:
    values = [b'{"id": "a", "version": 2}', b'{"id": "a", "version": 1}', b'{"id": "b", "version": 0}']
    assert versions(values, "id") == {"a": 2, "b": 0}
