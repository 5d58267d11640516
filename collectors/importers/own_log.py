"""A log of our own events: lines into runs by time, then events."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice, pairwise
from typing import Final

from collectors.importers.files.container import Member
from collectors.importers.formats.sniff import OwnEvents
from collectors.importers.meaning.people import NOBODY, LogPeople
from collectors.importers.not_a_log import NotALog
from collectors.importers.order.event_runs import EventRuns, Placed
from collectors.importers.read_options import ReadOptions
from collectors.importers.read_report import Progress, ReadReport, moment
from taskstream.events import UiEvent

HEAD: Final = 10_000
LATE_MS: Final = 60_000
MAX_BACK: Final = 0.05
"""The file counts as unordered if more than this share of its first HEAD events steps back by more than LATE_MS."""


class OwnLog:
    """A log of our own events.

    An agent tells of a burst of typing when it has ended, after what came in between: a person's events stay in the
    order of the file, as the stream keeps that of sequence numbers, unless the file is in no order at all.
    """

    def __init__(self, member: Member, own: OwnEvents, options: ReadOptions, report: ReadReport) -> None:
        self.report = report
        self._events = 0
        self._runs = EventRuns()
        self._own = own
        self._name = member.name
        self._rename = options.labels.event
        self.people = LogPeople(member.name if options.person_per_file else "")

    def fill(self, on_progress: Progress) -> None:
        """Read all lines.

        Raises:
            InputError: a line is none of ours, or there is none.
        """
        number = -1
        head = list(islice(self._own.events, HEAD))
        steps = [b.at_ms - a.at_ms for (_, a), (_, b) in pairwise(head)]
        far_back = sum(step < -LATE_MS for step in steps)
        in_order = far_back <= MAX_BACK * len(steps)
        reached: dict[int, int] = {}
        for number, (person, event) in enumerate(chain(head, self._own.events)):
            whose = self.people.numbers[person] if person else NOBODY
            self.people.read((whose,))
            at_ms = event.at_ms
            if in_order:
                clock = whose if far_back else NOBODY  # people one after another have a clock each
                at_ms = reached[clock] = max(reached.get(clock, 0), at_ms)
            self._runs.add(Placed(at_ms, number, whose, self._rename(event)))
            if number % 10_000 == 0:
                on_progress(number)
        if number < 0:
            raise NotALog(f"{self._name} holds no events")
        self._events = number + 1
        self.report.format = "JSON lines of Taskstream"
        self.report.encoding = self._own.encoding
        self.report.people, self.report.people_named = self.people.count, self.people.named
        self.report.times.form, self.report.times.zone = "milliseconds since 1970", "UTC (epoch)"

    def events(self) -> Iterator[tuple[int, int, str, UiEvent]]:
        """Time, position, person and event, by time."""
        first = last = -1
        for at_ms, position, person, event in self._runs:
            first, last = (event.at_ms if first < 0 else first), max(last, event.at_ms)
            self.report.rows += 1
            yield at_ms, position, self.people.name(person), event
        self.report.times.first, self.report.times.last = moment(first), moment(last)

    @property
    def rows(self) -> int:
        """Events that were read."""
        return self._events

    def close(self) -> None:
        """Free what is on disk."""
        self._runs.close()
