"""A log file through the same stages as the stream, without Kafka: events → executions → routines → opportunities."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from msgspec import Struct

from collectors.importers import ImportedEvent
from streams.discovery.catalogue import Catalogue
from streams.discovery.grouping.transfer_join import TransferJoin
from streams.stages.link import Link, Linker
from streams.stages.segment import AgentSegmenter
from streams.stages.sessionise import Sessioniser
from taskstream.records import Assignment, Opportunity, Routine, Segment, Transfer
from taskstream.settings import Settings

REFINE: Final = 1_000
"""Executions after which the catalogue is refined; it still knows those it has not assigned by then."""
REPORT: Final = 10_000
"""Events after which progress is reported."""
TENANT: Final = "local"
TEAM: Final = "default"


class Agent:
    """The stages of one person of one log."""

    __slots__ = ("actives", "linker", "name", "rows", "segmenter", "sessioniser")

    def __init__(self, name: str) -> None:
        self.name = name
        self.sessioniser = Sessioniser()
        self.linker = Linker()
        self.segmenter = AgentSegmenter(TENANT, TEAM, name, name)
        self.rows = array("q")
        self.actives: list[int] = []


class Example(Struct):
    """Rows of the events that make up the steps of one execution; ``share`` of the executions it stands for."""

    routine: str
    variant: str
    share: float
    example_events: list[int]


class Miner:
    """Mines one or more logs. Memory: 8 bytes an event, and what the catalogue is bounded by.

    ``events`` counts the events taken in. Row numbers are positions in the file of the event.
    """

    def __init__(self, settings: Settings, *, k: int) -> None:
        self.events = 0
        self.segments = 0
        self._settings = settings
        self._catalogue = Catalogue(TENANT, k=k)
        self._transfers = TransferJoin()
        self._agents: dict[str, Agent] = {}
        self._rows: dict[str, array[int]] = {}
        self._numbers: dict[str, int] = {}
        self._routine_of: dict[str, str] = {}
        self._execution_of: dict[str, str] = {}
        self._into: dict[str, str] = {}
        self._segment_at = array("i")
        self._step_at = array("i")

    def run(self, log: str, events: Iterable[ImportedEvent], on_progress: Callable[[int], None]) -> None:
        """Take in a whole log; its people are its own."""
        for imported in events:
            self.push(f"{log}:{imported.person}", imported)
            if self.events % REPORT == 0:
                on_progress(self.events)
        for agent in self._agents.values():
            self._add(agent.segmenter.flush())
        self._agents.clear()
        on_progress(self.events)

    def push(self, name: str, imported: ImportedEvent) -> None:
        """Take in the next event of a person."""
        agent = self._agents.get(name)
        if agent is None:
            agent = self._agents[name] = self._meet(name)
        self.events += 1
        seq = len(agent.rows)
        agent.rows.append(imported.index)
        event = imported.event
        settings = self._settings
        pieces = agent.sessioniser.push(seq, (event,), settings.session_gap_ms, settings.idle_ms, agent.actives)
        agent.actives.clear()
        before = pieces[0].closed is not None and pieces[0].end == 0
        if before:
            self._close(agent)
        for link in agent.linker.push(seq, (event,)):
            self._transfers.put(_transfer(name, link))
        self._add(agent.segmenter.push(seq, event))
        if pieces[0].closed is not None and not before:
            self._close(agent)

    def _close(self, agent: Agent) -> None:
        self._add(agent.segmenter.flush())
        agent.linker.clear()

    def _meet(self, name: str) -> Agent:
        agent = Agent(name)
        rows = self._rows[name] = agent.rows

        def on_members(segment: Segment, seqs: list[int], steps: list[int]) -> None:
            number = self._numbers[segment.id] = len(self._numbers)
            segment_at, step_at = self._segment_at, self._step_at
            for seq, step in zip(seqs, steps, strict=True):
                row = rows[seq]
                if row >= len(segment_at):
                    more = array("i", [-1]) * (row + 1 - len(segment_at))
                    segment_at.extend(more)
                    step_at.extend(more)
                segment_at[row] = number
                step_at[row] = step

        agent.segmenter.on_members = on_members
        return agent

    def _add(self, segments: Iterable[Segment]) -> None:
        for segment in segments:
            self.segments += 1
            self._assign(self._catalogue.add(segment, self._transfers.take(segment)))
            if self.segments % REFINE == 0:
                self._refine()

    def _assign(self, assignments: Iterable[Assignment]) -> None:
        for assignment in assignments:
            self._routine_of[assignment.segment] = assignment.routine
            self._execution_of[assignment.segment] = assignment.execution or assignment.segment

    def _refine(self) -> None:
        changes = self._catalogue.refine()
        self._into.update({routine.id: routine.into for routine in changes.routines if routine.into})
        self._assign(changes.assignments)

    def finish(self) -> list[Opportunity]:
        """Refine for the last time; the ranked list."""
        self._refine()
        return self._catalogue.opportunities(self._settings)

    def routines(self) -> list[Routine]:
        """The routines found, those with most executions first."""
        return self._catalogue.routines()

    def assigned(self) -> dict[str, str]:
        """Segment → routine, of the executions that belong to a routine of the final catalogue."""
        living = {routine.id for routine in self.routines()}
        found = {}
        for segment in self._numbers:
            routine = self._routine_of.get(segment, "")
            while routine and routine not in living:
                routine = self._into.get(routine, "")
            if routine:
                found[segment] = routine
        return found

    def assignments(self) -> Iterator[tuple[int, str, str]]:
        """Row, execution and routine of each event that belongs to a routine. Rows are of one file: for one log alone.

        An execution that came cut apart is named by its first segment.
        """
        assigned = self.assigned()
        names = [(self._execution_of.get(segment, segment), assigned.get(segment, "")) for segment in self._numbers]
        for row, number in enumerate(self._segment_at):
            if number >= 0 and names[number][1]:
                yield row, *names[number]

    def examples(self) -> list[Example]:
        """For each variant of each routine, the rows that make up the steps of one execution. For one log alone."""
        wanted: dict[int, list[tuple[Example, set[int]]]] = {}
        out = []
        for routine in self.routines():
            for variant in self._catalogue.variants(routine.id):
                segment = variant.example.id
                rows = self._rows[segment.rpartition(":")[0]]
                steps = {self._step_at[rows[seq]] for seq in variant.seqs}
                example = Example(routine.id, variant.id, variant.share, [])
                for piece in variant.example.pieces:
                    wanted.setdefault(self._numbers[piece.id], []).append((example, steps))
                out.append(example)
        for row, number in enumerate(self._segment_at):
            for example, steps in wanted.get(number, ()):
                if self._step_at[row] in steps:
                    example.example_events.append(row)
        return out


def _transfer(name: str, link: Link) -> Transfer:
    event, source = link.event, link.source
    return Transfer(
        id=f"{name}:{link.seq}", tenant=TENANT, team=TEAM, actor=name, agent=name, seq=link.seq,
        source_seq=source.seq, at_ms=event.at_ms, lag_ms=event.at_ms - source.at_ms, how=link.how,
        form=source.form or (event.value.form if event.value else ""), source_app=source.app,
        source_screen=source.screen, source_element=source.element, target_app=event.app,
        target_screen=event.screen, target_element=event.element,
    )  # fmt: skip
