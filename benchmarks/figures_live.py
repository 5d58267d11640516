"""The figures of the live list: an office through the stream's segments, links and catalogue, without Kafka."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from benchmarks.learned_live import LearnedLive
from collectors.simulate.office import Office, Simulated
from collectors.simulate.truth import TrueExecution, executions
from streams.discovery.catalogue import Catalogue
from streams.discovery.grouping.transfer_join import TransferJoin
from streams.stages.link import Linker, transfer_of
from streams.stages.segment import AgentSegmenter
from taskstream.records import Opportunity, Segment
from taskstream.settings import Settings

REFINE_EVERY: Final = 2_000
"""Segments between two refinements, of which a live catalogue does one every few seconds."""


class LiveOffice:
    """What the streams and the catalogue make of an office's events up to ``until_ms``.

    ``done``  the executions that were really done, before ``until_ms`` and after it
    """

    def __init__(self, office: Office, until_ms: int, k: int) -> None:
        self._office, self._until_ms = office, until_ms
        self._catalogue = Catalogue("acme", k=k)
        self._people: dict[int, tuple[AgentSegmenter, Linker, list[str]]] = {}
        self._transfers = TransferJoin()
        self._assigned: dict[str, str] = {}
        self._tasks: dict[str, Counter[str]] = {}
        self._learned = LearnedLive()
        self.done: list[TrueExecution] = list(executions(self._seen(office)))
        for segmenter, _, labels in self._people.values():
            self._learned.serve(segmenter)
            self._take(segmenter.flush(), labels)
        self._refine()

    def listed(self) -> dict[str, Opportunity]:
        """The row of the list for each task that has one: of the routine that holds most of its executions."""
        votes: dict[str, Counter[str]] = defaultdict(Counter)
        for segment, name in self._assigned.items():
            votes[name] += self._tasks[segment]
        rows = {row.id: row for row in self._catalogue.opportunities(Settings())}
        found: dict[str, Opportunity] = {}
        for routine in self._catalogue.routines():
            tasks = votes[routine.id]
            if tasks and routine.id in rows:
                found.setdefault(max(tasks, key=lambda task: (tasks[task], task)), rows[routine.id])
        return found

    def _seen(self, items: Iterable[Simulated]) -> Iterator[Simulated]:
        for item in items:
            if item.event.at_ms < self._until_ms:
                self._push(item)
            yield item

    def _push(self, item: Simulated) -> None:
        if item.desktop not in self._people:
            desktop = self._office.desktops[item.desktop]
            segmenter = AgentSegmenter("acme", desktop.team, desktop.person, f"pc{item.desktop}")
            self._people[item.desktop] = segmenter, Linker(), []
        segmenter, linker, labels = self._people[item.desktop]
        seq = len(labels)
        labels.append(item.routine)
        for link in linker.push(seq, (item.event,)):
            self._transfers.put(transfer_of(segmenter.owner, link))
        self._learned.serve(segmenter)
        self._take(segmenter.push(seq, item.event), labels)
        self._learned.learn(segmenter)

    def _take(self, segments: Iterable[Segment], labels: list[str]) -> None:
        for segment in segments:
            self._tasks[segment.id] = Counter(labels[step.seq] for step in segment.steps)
            told = self._catalogue.add(segment, self._transfers.take(segment))
            self._assigned.update((one.segment, one.routine) for one in told)
            if len(self._tasks) % REFINE_EVERY == 0:
                self._refine()

    def _refine(self) -> None:
        self._assigned.update((one.segment, one.routine) for one in self._catalogue.refine().assignments)
