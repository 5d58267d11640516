"""What the catalogue made, against the segments of the undisturbed run.

Which routines it finds depends on what came together before each refinement, and on which partition came first: two
undisturbed runs differ there. These are equal by construction:

- what it has counted of all segments, work by day and people, is that of each of them taken in once;
- an assignment is told once for each segment and version, and says of its segment what the segment says itself;
- what is said last names a routine that was published; what is ranked last is a routine that was not withdrawn;
- the tables hold the last version of each key that the topics hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from benchmarks.chaos.testbed import Testbed
from benchmarks.chaos.topic_log import is_foreign, read
from streams.catalogue import stored_state
from streams.discovery.catalogue import Catalogue
from taskstream.kafka import pieces
from taskstream.records import Assignment, Opportunity, Routine, Segment

TABLES: Final = {
    "assignments": ("routine_assignments", "segment"),
    "routines": ("routines", "id"),
    "opportunities": ("opportunities", "id"),
}
"""Of each topic of the catalogue's the table that it is stored in, and the name of its key there."""

_segments = msgspec.json.Decoder(Segment)
_assignments = msgspec.json.Decoder(Assignment)
_routines = msgspec.json.Decoder(Routine)
_opportunities = msgspec.json.Decoder(Opportunity)


class Counted(msgspec.Struct, frozen=True):
    """What a catalogue has counted of its tenant's segments, in whatever order they came."""

    segments: int = 0
    quarters: dict[int, tuple[int, int]] = {}
    first_ms: int = 0
    last_ms: int = 0
    people: tuple[tuple[int, ...], bool] = ((), False)

    @classmethod
    def of(cls, catalogue: Catalogue, segments: int) -> Counted:
        """As ``catalogue`` has it."""
        return cls(segments, catalogue.days.quarters, catalogue.first_ms, catalogue.last_ms, catalogue.people.dump())


def counted(testbed: Testbed, prefix: str = "chaos.") -> dict[str, Counted]:
    """By tenant, what the catalogue's last checkpoint has counted."""
    found = stored_state.state(_checkpoint(testbed, prefix), 1, lambda _key, _why: None)
    return {tenant: Counted.of(one, one.grouping.arrivals) for tenant, one in found.catalogues.items()}


def positions(testbed: Testbed, topic: str, prefix: str = "chaos.") -> dict[int, int]:
    """The next offset of each partition of ``topic`` in the catalogue's last checkpoint."""
    saved = pieces.join(_checkpoint(testbed, prefix)).get(stored_state.POSITIONS, b"{}")
    return msgspec.json.decode(saved, type=dict[str, dict[int, int]]).get(topic, {})


def _checkpoint(testbed: Testbed, prefix: str) -> dict[str, bytes]:
    return last_values(read(testbed, f"{prefix}catalogue.state"))


def last_values(messages: Mapping[int, Iterable[Any]]) -> dict[str, bytes]:
    """The last value of each key of a compacted topic; what a fault has put there is left out."""
    found: dict[str, bytes] = {}
    for of_partition in messages.values():
        for message in of_partition:
            if is_foreign(message):
                continue
            key = message.key().decode()
            if message.value() is None:
                found.pop(key, None)
            else:
                found[key] = message.value()
    return found


def counted_once(segments: Iterable[bytes]) -> dict[str, Counted]:
    """By tenant, what a catalogue counts that takes in each of ``segments`` once."""
    catalogues: dict[str, Catalogue] = {}
    taken: Counter[str] = Counter()
    for value in segments:
        segment = _segments.decode(value)
        if segment.steps:
            catalogues.setdefault(segment.tenant, Catalogue(segment.tenant, k=1)).observe(segment)
            taken[segment.tenant] += 1
    return {tenant: Counted.of(found, taken[tenant]) for tenant, found in catalogues.items()}


def versions(values: Iterable[bytes], key: str) -> dict[str, int]:
    """By the field ``key`` of records the highest version told."""
    found: dict[str, int] = {}
    for record in map(msgspec.json.decode, values):
        found[record[key]] = max(record["version"], found.get(record[key], 0))
    return found


def contradictions(
    segments: Iterable[bytes],
    assignments: Iterable[bytes],
    routines: Mapping[str, bytes],
    opportunities: Mapping[str, bytes],
) -> dict[str, list[str]]:
    """What cannot be, by kind; every list is empty where the catalogue's outputs fit the segments and each other.

    ``routines``, ``opportunities``  the last value of each key
    """
    known = {segment.id: segment for segment in map(_segments.decode, segments)}
    named = {key: _routines.decode(value) for key, value in routines.items()}
    ranked = [_opportunities.decode(value) for value in opportunities.values()]
    times: Counter[tuple[str, int]] = Counter()
    last: dict[str, Assignment] = {}
    for assignment in map(_assignments.decode, assignments):
        times[assignment.segment, assignment.version] += 1
        if assignment.version >= last.get(assignment.segment, assignment).version:
            last[assignment.segment] = assignment
    living = {key for key, routine in named.items() if not routine.withdrawn}
    return {
        "assigned_twice": sorted(f"{segment} v{version}" for (segment, version), n in times.items() if n > 1),
        "assigned_wrongly": sorted(name for name, said in last.items() if not _fits(said, known.get(name))),
        "assigned_to_nothing": sorted(
            name for name, said in last.items() if said.routine and said.routine not in named
        ),
        "ranked_but_no_routine": sorted(one.id for one in ranked if not one.withdrawn and one.id not in living),
    }


def _fits(said: Assignment, segment: Segment | None) -> bool:
    return segment is not None and (said.tenant, said.team, said.start_ms, said.active_ms) == (
        segment.tenant, segment.team, segment.start_ms, segment.active_ms,
    )  # fmt: skip
