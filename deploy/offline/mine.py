"""A log file without Kafka: events → steps → executions of routines, explained as a whole → opportunities."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from msgspec import Struct, structs

from collectors.importers import ImportedEvent
from deploy.offline.left_out import IdleSequences, LeftOut
from streams.discovery.catalogue import Catalogue
from streams.discovery.grouping.refine import FEW
from streams.discovery.grouping.transfer_join import TransferJoin
from streams.discovery.segmentation.model import Model
from streams.discovery.segmentation.segment_record import members_of, segment_of
from streams.discovery.segmentation.steps import RawStep
from streams.discovery.semimarkov import whole
from streams.discovery.semimarkov.recording import RecordedPerson, Recording
from streams.discovery.semimarkov.whole import FoundExecution
from streams.stages.link import Linker, transfer_of
from taskstream.records import Opportunity, Routine, Segment, Transfer
from taskstream.settings import Settings

REPORT: Final = 10_000
"""Events after which progress is reported."""
MIN_STEPS: Final = 2
"""A segment of fewer steps is not an execution of anything."""
CLOSING: Final = 3
"""Steps at the end among which a completing one must be."""
LISTED_SURE: Final = 0.5
"""What is found where it is less often than this is no finding: it is told apart from the list."""
DOUBTED: Final = 0.8
"""The figures of routines that are less sure are preliminary."""
TENANT: Final = "local"
TEAM: Final = "default"


class Example(Struct):
    """Rows of the events that make up the steps of one execution; ``share`` of the executions it stands for."""

    routine: str
    variant: str
    share: float
    example_events: list[int]


class Miner:
    """Mines one or more logs. Memory: about 100 bytes an event, and what the catalogue is bounded by.

    ``events`` counts the events taken in, ``segments`` the executions found. Row numbers are positions in the file of
    the event. ``keep_idle``: also routines in which nothing is written, copied or completed.
    """

    def __init__(self, settings: Settings, *, k: int, keep_idle: bool = False) -> None:
        self.events = 0
        self.segments = 0
        self._settings = settings
        self._k = k
        self._keep_idle = keep_idle
        self._idle = IdleSequences()
        self._catalogue = Catalogue(TENANT, k=k)
        self._recording = Recording()
        self._linkers: dict[str, tuple[RecordedPerson, Linker]] = {}
        self._moved: dict[str, list[Transfer]] = {}
        self._rows: dict[str, array[int]] = {}
        self._numbers: dict[str, int] = {}
        self._group_of: dict[str, int] = {}
        self._sure_of: dict[int, tuple[int, float]] = {}
        self._segment_at = array("i")
        self._step_at = array("i")

    def run(self, log: str, events: Iterable[ImportedEvent], on_progress: Callable[[int], None]) -> None:
        """Take in a whole log; its people are its own."""
        for imported in events:
            self.push(f"{log}:{imported.person}", imported)
            if self.events % REPORT == 0:
                on_progress(self.events)
        self._linkers.clear()
        on_progress(self.events)

    def push(self, name: str, imported: ImportedEvent) -> None:
        """Take in the next event of a person."""
        known = self._linkers.get(name)
        if known is None:
            person = self._recording.person(name)
            self._rows[name] = person.rows
            known = self._linkers[name] = person, Linker()
        person, linker = known
        self.events += 1
        for link in linker.push(len(person.rows), (imported.event,)):
            self._moved.setdefault(name, []).append(transfer_of((TENANT, TEAM, name, name), link))
        self._recording.add(person, imported.event, imported.index)

    def finish(self, resolution_ms: int = 1) -> list[Opportunity]:
        """Explain all that was taken in; the ranked list, in which what is less sure is preliminary.

        ``resolution_ms``  how fine the log's times are told
        """
        self._recording.resolution_ms = resolution_ms
        folded = self._recording.folded()
        raw = self._recording.raw_steps()
        transfers = TransferJoin()
        done = 0
        met = ""
        for end, found in whole.executions(folded.steps, keep_idle=self._keep_idle):
            chunk = list(islice(raw, end - done))
            for execution in found:
                person = chunk[execution.places[0] - done][0]
                if person.name != met:
                    met = person.name
                    waiting = self._moved.pop(met, [])
                    waiting.reverse()
                last = chunk[execution.places[-1] - done][1]
                while waiting and waiting[-1].seq <= last.head + last.tail:
                    transfers.put(waiting.pop())
                self._take(
                    folded.model, execution, person, [chunk[place - done][1] for place in execution.places], transfers
                )
            done = end
        self._catalogue.refine()
        sure = self.sureness()
        return [_marked(one, sure[one.id]) for one in self._catalogue.opportunities(self._settings, resolution_ms)]

    def _take(
        self,
        model: Model,
        execution: FoundExecution,
        person: RecordedPerson,
        raw: list[RawStep],
        transfers: TransferJoin,
    ) -> None:
        """Give an execution to the catalogue; work that belongs to no routine counts only as time at work."""
        if len(raw) < MIN_STEPS:
            return
        complete = any(model.completion[step.act] for step in raw[-CLOSING:])
        owner = TENANT, TEAM, person.name, person.name
        segment = segment_of(owner, model, raw, int(execution.woven), complete, execution.sure)
        if execution.idle >= 0:
            self._idle.add(execution.idle, person.name, (model.activities.names[step.act] for step in raw))
        if execution.routine < 0:
            self._catalogue.observe(segment)
            return
        self.segments += 1
        self._note(segment, person.rows, *members_of(raw))
        self._group_of[segment.id] = execution.routine
        times, total = self._sure_of.get(execution.routine, (0, 0.0))
        self._sure_of[execution.routine] = times + 1, total + execution.sure
        self._catalogue.add(segment, transfers.take(segment), group=execution.routine)

    def _note(self, segment: Segment, rows: array[int], seqs: list[int], steps: list[int]) -> None:
        """Remember for each row which execution it belongs to."""
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

    def routines(self) -> list[Routine]:
        """The routines found, those with most executions first."""
        return self._catalogue.routines()

    def left_out(self) -> list[LeftOut]:
        """What recurs and is not listed, since nothing is written, copied or completed in it."""
        return self._idle.told(self._k)

    @property
    def people(self) -> int:
        """People in the logs."""
        return len(self._rows)

    @property
    def recurring(self) -> bool:
        """Whether anything was found three times or more, by however many people."""
        return any(times >= FEW for times, _ in self._sure_of.values())

    def sureness(self) -> dict[str, float]:
        """Routine → share of its executions that are expected to be true ones, from end to end."""
        named = {group: self._catalogue.named(group) for group in self._sure_of}
        return {named[group]: total / times for group, (times, total) in self._sure_of.items() if named[group]}

    def assigned(self) -> dict[str, str]:
        """Segment → routine, of the executions that belong to a routine of the catalogue."""
        named = {group: self._catalogue.named(group) for group in set(self._group_of.values())}
        return {segment: named[group] for segment, group in self._group_of.items() if named[group]}

    def assignments(self) -> Iterator[tuple[int, str, str]]:
        """Row, execution and routine of each event that belongs to a routine. For one log alone."""
        assigned = self.assigned()
        names = [(segment, assigned.get(segment, "")) for segment in self._numbers]
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
                wanted.setdefault(self._numbers[segment], []).append((example, steps))
                out.append(example)
        for row, number in enumerate(self._segment_at):
            for example, steps in wanted.get(number, ()):
                if self._step_at[row] in steps:
                    example.example_events.append(row)
        return out


def _marked(one: Opportunity, sure: float) -> Opportunity:
    """A row of the list that says so where it is not sure."""
    if sure >= DOUBTED:
        return one
    doubt = f"that its executions begin and end as shown is sure to {sure:.0%} only"
    return structs.replace(one, preliminary=f"{one.preliminary}; {doubt}" if one.preliminary else doubt)
