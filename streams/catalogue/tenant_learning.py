"""What the catalogue learns of each tenant's work: the steps it learns from, and what is public of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from streams.catalogue import reservoir_state
from streams.catalogue.public_tables import TABLES, PublicTables, tables_of
from streams.catalogue.teacher import LONGEST_S, Job, LessonAnswer, Teacher
from streams.discovery.reservoir import FIRST, LIMIT, Lesson, Reservoir
from taskstream import metrics
from taskstream.errors import UNDECODABLE
from taskstream.faults import SaidOnce
from taskstream.records import MOST, StepSample

log = logging.getLogger("taskstream.catalogue")

LATEST_S: Final = 60.0
"""How long a lesson that is due waits for a moment without segments (seconds)."""


class Learning:
    """Reservoirs and tables by tenant. One lesson is under way at a time, beside everything else.

    ``_due_since``    when a lesson became due that was not begun yet
    ``_unsaved``      tenants whose tables the state lacks, ``_unpublished``: those whose tables the topic lacks
    ``_most``         by tenant how many steps can be learned from in the time that there is
    ``_under_way``    tenant and lesson that the teacher has
    ``_lines``        what to say once the commit is done
    """

    def __init__(self, teacher: Teacher, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._teacher = teacher
        self._clock = clock
        self._reservoirs: dict[str, Reservoir] = {}
        self._tables: dict[str, PublicTables] = {}
        self._due_since: float | None = None
        self._most: dict[str, int] = {}
        self._unsaved: set[str] = set()
        self._unpublished: set[str] = set()
        self._under_way: tuple[str, Lesson] | None = None
        self._said = SaidOnce()
        self._lines: list[str] = []

    def resume(
        self, reservoirs: Mapping[str, Reservoir], kept: Mapping[str, PublicTables], public: Mapping[str, PublicTables]
    ) -> None:
        """Go on from the state's reservoirs and tables (``kept``); ``public``: what the topic of tables holds."""
        self._reservoirs = dict(reservoirs)
        for tenant in sorted(reservoirs.keys() | kept.keys() | public.keys()):
            reservoir = self._reservoirs.setdefault(tenant, Reservoir())
            known = [tables[tenant] for tables in (kept, public) if tenant in tables]
            if not known:
                continue
            newest = self._tables[tenant] = max(known, key=lambda tables: tables.version)
            reservoir.version = max(reservoir.version, newest.version)
            if kept.get(tenant) != newest:
                self._unsaved.add(tenant)
            if public.get(tenant) != newest:
                self._unpublished.add(tenant)

    def tenants(self) -> list[str]:
        """Those of whom anything is kept."""
        return sorted(self._reservoirs)

    def take(self, sample: StepSample, arrived_ms: int = 0) -> None:
        """Keep the steps of ``sample``, which arrived at ``arrived_ms``, to learn from."""
        reservoir = self._reservoirs.setdefault(sample.tenant, Reservoir())
        if reservoir.take(sample, max(-MOST, min(arrived_ms, MOST))):
            metrics.STEPS_IN.inc(len(sample.steps))

    def advance(self, *, is_idle: bool) -> None:
        """Take over what was learned, and begin the next lesson that is due: when nothing else is to be done
        (``is_idle``), or after :data:`LATEST_S`."""
        answer = self._teacher.answer()
        if answer is not None:
            self._take_over(answer)
        if self._teacher.is_busy:
            return
        due = [tenant for tenant, reservoir in self._reservoirs.items() if reservoir.due()]
        if not due:
            self._due_since = None
            return
        now = self._clock()
        self._due_since = now if self._due_since is None else self._due_since
        if is_idle or now - self._due_since >= LATEST_S:
            self._due_since = None
            self._begin(min(due, key=lambda tenant: (-self._reservoirs[tenant].came, tenant)))

    def _begin(self, tenant: str) -> None:
        reservoir, known = self._reservoirs[tenant], self._tables.get(tenant)
        lesson = reservoir.lesson(self._most.get(tenant, LIMIT))
        self._under_way = tenant, lesson
        before = (0, b"") if known is None else (known.version, known.data)
        self._teacher.begin(Job(tenant, lesson.version, *before, lesson.people))

    def _take_over(self, answer: LessonAnswer) -> None:
        if self._under_way is None:
            return
        (tenant, lesson), self._under_way = self._under_way, None
        reservoir = self._reservoirs[tenant]
        too_long = answer.seconds >= LONGEST_S and lesson.held > FIRST
        if too_long:  # hundreds of tasks take longer: half as much will do
            self._most[tenant] = max(FIRST, min(lesson.held, self._most.get(tenant, LIMIT)) // 2)
        if not too_long or self._most[tenant] <= FIRST:
            reservoir.learned(lesson)  # also where it failed: it would fail again
        metrics.LEARNING_SECONDS.observe(answer.seconds)
        failed, found = answer.learned.failed, answer.learned.tables
        if not failed and found:
            try:
                tables = tables_of(tenant, found)
                if tables.version != lesson.version:
                    raise ValueError("it has another version than it was to have")
                self._make_public(tables, lesson, answer.seconds)
            except UNDECODABLE as error:
                failed = str(error)
        if failed:
            metrics.LEARNING_FAILURES.inc()
            if self._said.is_new(failed):
                log.error("learning from %d steps of %s failed: %s", lesson.held, tenant, failed)

    def _make_public(self, tables: PublicTables, lesson: Lesson, seconds: float) -> None:
        tenant = tables.tenant
        self._tables[tenant] = tables
        self._reservoirs[tenant].version = tables.version
        self._unsaved.add(tenant)
        self._unpublished.add(tenant)
        self._lines.append(
            f"learned of {tenant}: version {tables.version} from {lesson.held} steps of {len(lesson.people)} people, "
            f"{len(tables.data)} bytes, {seconds:.1f} s"
        )

    def unpublished(self) -> list[PublicTables]:
        """What the topic of tables lacks."""
        return [self._tables[tenant] for tenant in sorted(self._unpublished)]

    def has_changed(self) -> bool:
        """Whether something was learned that no commit holds yet."""
        return bool(self._unsaved)

    def items(self) -> Iterable[tuple[str, str, bytes | None]]:
        """What changed since the last call, for the state: tenant, item, bytes or None for what is gone."""
        for tenant, reservoir in sorted(self._reservoirs.items()):
            for name, value in reservoir_state.dump(reservoir).items():
                yield tenant, name, value
        for tenant in sorted(self._unsaved):
            yield tenant, TABLES, msgspec.msgpack.encode(self._tables[tenant].data)
        self._unsaved.clear()

    def committed(self, published: Iterable[PublicTables]) -> None:
        """A transaction holds what :meth:`items` gave, and ``published``."""
        self._unpublished -= {tables.tenant for tables in published}
        for line in self._lines:
            log.info("%s", line)
        self._lines.clear()
        metrics.STEPS_HELD.set(sum(map(len, self._reservoirs.values())))

    def write_once_more(self) -> None:
        """The state and the topic of tables lack what was in them."""
        for reservoir in self._reservoirs.values():
            reservoir.unsaved |= reservoir.blocks()
        self._unsaved |= self._tables.keys()
        self._unpublished |= self._tables.keys()

    def close(self) -> None:
        """Give up the lesson that is under way."""
        self._teacher.close()
