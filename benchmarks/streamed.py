"""The stream's path over a log, in one process: each person's events as they come, decided while work goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from benchmarks.discovered import Found
from collectors.importers import ImportedEvent
from streams.discovery.catalogue import Catalogue
from streams.discovery.semimarkov import whole
from streams.discovery.semimarkov.served import ServedTables
from streams.discovery.semimarkov.tables_record import TaughtStep
from streams.discovery.semimarkov.teaching import columns
from streams.stages.agent_table import QUIET_MS
from streams.stages.link import Linker, transfer_of
from streams.stages.segment import AgentSegmenter
from streams.stages.stage_settings import StageSettings
from taskstream.records import Assignment, Segment, StepSample, Transfer

TENANT: Final = "local"
TEAM: Final = "default"


class _Person:
    """One person's segmenter, and what came of it. ``rows``: of the log, by sequence number."""

    def __init__(self, name: str, tables: ServedTables | None) -> None:
        self.name = name
        self.rows: list[int] = []
        self.segments: list[Segment] = []
        self.members: dict[str, list[int]] = {}
        self.samples: list[StepSample] = []
        self.moved: list[Transfer] = []
        self._last_ms = 0
        self._linker = Linker()
        self._segmenter = AgentSegmenter(TENANT, TEAM, name, name)
        self._segmenter.sampling = True
        self._segmenter.use(tables)
        self._segmenter.on_members = self._on_members

    def push(self, imported: ImportedEvent, gap_ms: int) -> None:
        """Take the next event; what falls quiet or ends before it is decided first."""
        event = imported.event
        if self.rows and event.at_ms - self._last_ms > gap_ms:
            self.flush()
        elif self.rows and event.at_ms - self._last_ms > QUIET_MS:
            self._take(self._segmenter.pause())
        seq = len(self.rows)
        self.rows.append(imported.index)
        owner = TENANT, TEAM, self.name, self.name
        self.moved += [transfer_of(owner, link) for link in self._linker.push(seq, (event,))]
        self._take(self._segmenter.push(seq, event))
        self._last_ms = max(self._last_ms, event.at_ms + event.active_ms)

    def flush(self) -> None:
        """The session ends."""
        self._take(self._segmenter.flush())
        self._linker.clear()

    def taught(self) -> list[TaughtStep]:
        """All steps, as the catalogue learns from them."""
        steps = [
            (step.seq, number, sample, step) for number, sample in enumerate(self.samples) for step in sample.steps
        ]
        steps.sort(key=lambda one: one[0])
        return [
            (sample.names[step.name], sample.start_ms + step.offset_ms, step.value and (number << 20) + step.value)
            for _, number, sample, step in steps
        ]

    def heads(self) -> list[int]:
        """The first event of each step."""
        return sorted([step.seq for sample in self.samples for step in sample.steps])

    def _take(self, segments: Sequence[Segment]) -> None:
        self.segments += segments
        sample = self._segmenter.take_sample()
        if sample is not None:
            self.samples.append(sample)

    def _on_members(self, segment: Segment, seqs: list[int], _: list[int]) -> None:
        self.members[segment.id] = [self.rows[seq] for seq in seqs]


class Streamed:
    """A log that went through. ``tables``: what was learned before, if anything."""

    def __init__(self, events: Sequence[ImportedEvent], tables: ServedTables | None = None) -> None:
        people: dict[str, _Person] = {}
        gap_ms = StageSettings(1).session_gap_ms
        for imported in events:
            person = people.get(imported.person)
            if person is None:
                person = people[imported.person] = _Person(imported.person, tables)
            person.push(imported, gap_ms)
        for person in people.values():
            person.flush()
        self._size = len(events)
        self._people = list(people.values())

    def taught(self) -> list[list[TaughtStep]]:
        """The steps of each person."""
        return [person.taught() for person in self._people]

    def found(self) -> Found:
        """What the catalogue makes of it."""
        catalogue = Catalogue(TENANT, k=1)
        told: dict[str, Assignment] = {}
        every = [(segment, person) for person in self._people for segment in person.segments]
        every.sort(key=lambda one: (one[0].end_ms, one[0].id))
        for segment, person in every:
            moved = [one for one in person.moved if segment.first_seq <= one.seq <= segment.last_seq]
            told.update((one.segment, one) for one in catalogue.add(segment, moved))
        told.update((one.segment, one) for one in catalogue.refine().assignments)
        executions, routines = [""] * self._size, [""] * self._size
        for segment, person in every:
            assigned = told.get(segment.id)
            for row in person.members[segment.id]:
                executions[row] = segment.id if assigned is None else assigned.execution
                routines[row] = "" if assigned is None else assigned.routine
        return Found(executions, routines, [routine.id for routine in catalogue.routines()], [])

    def at_once(self) -> Found:
        """What the explanation of whole logs makes of the same steps."""
        steps, _ = columns(self.taught())
        rows: list[list[int]] = []
        for person in self._people:
            heads = person.heads()
            rows += [person.rows[start:end] for start, end in pairwise([*heads, len(person.rows)])]
        executions, routines = [""] * self._size, [""] * self._size
        listed: Counter[str] = Counter()
        for _, some in whole.executions(steps):
            for number, one in enumerate(some):
                routine = "" if one.routine < 0 else str(one.routine)
                listed[routine] += 1
                for place in one.places:
                    for row in rows[place]:
                        executions[row], routines[row] = f"{one.places[0]}:{number}" if routine else "", routine
        del listed[""]
        return Found(executions, routines, [name for name, _ in listed.most_common()], [])
