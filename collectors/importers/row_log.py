"""A log with rows: survey of its beginning, then all rows into runs by time, then events."""

from __future__ import annotations

import gc
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, pairwise
from operator import gt, lt
from typing import Final

from collectors.importers.files.container import Member
from collectors.importers.files.encoding import LABELS
from collectors.importers.formats.sniff import opened
from collectors.importers.formats.tables import RowBlock, Table
from collectors.importers.meaning.columns import assign
from collectors.importers.meaning.convert import CONTENT_FIRST, VALUE_FIRST, Converter
from collectors.importers.meaning.guess import telling_people
from collectors.importers.meaning.log_values import NONE, SHAPES, Values
from collectors.importers.meaning.people import NOBODY, LogPeople, names_nobody
from collectors.importers.meaning.templates import Named, Templates
from collectors.importers.meaning.unknown_header import UnknownHeader
from collectors.importers.meaning.vocabulary import is_of_screens
from collectors.importers.names.paths import Paths, is_path
from collectors.importers.not_a_log import NotALog
from collectors.importers.order.file_order import Mended
from collectors.importers.order.nameless import HELD_ROWS, NAMELESS, as_by_time, as_in_file
from collectors.importers.order.repeats import Repeats
from collectors.importers.order.runs import Runs
from collectors.importers.read_options import ReadOptions
from collectors.importers.read_report import Progress, ReadReport, moment
from collectors.importers.times import LogClock, joined
from collectors.importers.times.day_turns import DayTurns, steps_forward
from taskstream.errors import InputError
from taskstream.events import Kind, ObjectRef, UiEvent, Value

HEAD: Final = 50_000
"""Rows that are looked at before the first is converted: how times are written, which columns hold something, what
varies in paths. Of the rest only what the head leaves open."""
CONTEXT_MS: Final = 60_000
"""A row of the clipboard belongs to what the person touched at most this long before."""
UNORDERED: Final = 0.2
"""Share of steps back in time from which on a file is in no order: its places do not tell what came before."""
MINUTE_MS: Final = 60_000
"""Resolution of times from which on they do not tell what came before either."""
_NO_VALUE: Final = (0, NONE)
_TIMES: Final = ("time", "date")
_VALUES: Final = ("value", "content")
_NOT_NAMING: Final = frozenset(["time", "date", "value", "content", "person"])
"""Fields that say nothing of what a row is about."""
_WINDOW: Final = ("app", "screen")
"""Fields of which a row must hold one to be an event, where a log has no actions."""
_WINDOWS: Final = frozenset(["window", "idle", "lock", "unlock"])
_PATHS: Final = ("path", "automation_id")
_TITLES: Final = ("screen", "title")
MAX_KEYS: Final = 65_536
"""Business keys that are remembered as objects at most."""
RECORD: Final = "record"
"""Kind of the business objects that titles and addresses name: a number does not say what it is the number of."""
NO_TIME: Final = "no time"
NOT_A_TIME: Final = "a time that cannot be read"
FEW_KNOWN: Final = 0.3
"""Share of rows whose activity holds a word for an action, below which a log of a process holds none of a screen."""
NO_UI_EVENTS: Final = (
    "holds no UI events: it names no application or screen, and none of its activities is known as an action "
    "on a screen; they look like steps of a business process. What is listed are sequences of these, no work on "
    "screens"
)
_PROCESS_LOGS: Final = ("OCEL", "XES")
"""Kinds of files that mostly hold business events."""
_PLACES: Final = frozenset(["app", "screen", "url", "sheet", "path", "automation_id", "tag"])
NAMES_AGAIN: Final = "the line of column names once more"
NO_EVENT: Final = "neither a time nor an action, as in a line of totals"


class _Keys(dict[int, tuple[ObjectRef, ...]]):
    """Digest of a business key → what an event says of it; a full memory starts afresh."""

    def __missing__(self, digest: int) -> tuple[ObjectRef, ...]:
        if len(self) >= MAX_KEYS:
            self.clear()
        made = self[digest] = (ObjectRef(RECORD, digest),) if digest else ()
        return made


class RowLog:
    """One log as runs of rows; ``report`` tells all about it once it is read."""

    def __init__(self, member: Member, table: Table, options: ReadOptions, key: bytes, report: ReadReport) -> None:
        self.report = report
        self._member = member
        self._options = options
        self._table = table
        self._head = _head(table)
        rows = [row for block in self._head for row in block.rows]
        if not rows:
            raise NotALog(f"{member.name} holds no events{_skips(report)}")
        try:
            self._columns = assign(table.format, table.columns, rows, options.mapping, member.name)
        except UnknownHeader as error:
            error.args = (f"{error}{_of_encoding(table)}",)
            raise
        except InputError as error:
            no_log = NotALog(f"{error}{_of_encoding(table)}")
            no_log.told = error.told
            raise no_log from error
        self._doubt_nobody(rows)
        self._clock = LogClock(self._time_column(), zone=options.zone, order=options.date_order)
        self.people = LogPeople(member.name if options.person_per_file else "")
        self._turns: DayTurns | None = None
        try:
            self._learn_times(rows)
        except InputError as error:
            error.told = {"file": member.name, "column": self._clock.column, "sample": _sample_of(str(error))}
            raise
        self._values = values = Values(key)
        self._templates = self._make_templates(rows, lambda text: values[text][0])
        backwards = self._clock.folds.direction < 0
        self._runs = Runs(sort=options.order == "time", backwards=backwards)
        self._backwards = backwards
        self._used: Counter[int] = Counter()
        self._before: tuple[int, list[str], list[int]] = NOBODY, [], []
        """The person of the last row, and values and people of the last rows."""
        self._back = self._forth = 0
        """Steps between the times of rows that follow each other in the file."""
        persons = self._columns.of.get("person", [])
        self._nameless = any(map(names_nobody, {row[n] for row in rows for n in persons}))

    # survey -----------------------------------------------------------------------------------------------------

    def _doubt_nobody(self, rows: Sequence[Sequence[str]]) -> None:
        """Say which column seems to tell people where none is read for them: taken for one person, the work of
        several would be woven into each other."""
        if "person" in self._columns.of or self._options.person_per_file or "person" in self._options.mapping:
            return
        read = {position for positions in self._columns.of.values() for position in positions}
        left = [n for n in range(len(self._columns.names)) if n not in read]
        column = telling_people([self._columns.names[n] for n in left], [[row[n] for n in left] for row in rows])
        if column:
            self.report.note(
                f"nobody is named, so that all rows count as one person's, yet column {column!r} looks as if it told "
                f"people: to read it, --map person={shlex.quote(column)}"
            )

    def _time_column(self) -> str:
        names = self._columns.names
        return " and ".join(names[n] for field in reversed(_TIMES) for n in self._columns.of.get(field, ()))

    def _learn_times(self, rows: Sequence[Sequence[str]]) -> None:
        self._drop_needless_date(rows)
        clock = self._clock
        clock.learn([text for row in rows if (text := self._written(row))], len(rows))
        if not clock.orders.decided:
            self._survey_dates()
        clock.settle()
        if doubt := clock.doubt():
            self.report.note(doubt)
        if self._options.day and "date" not in self._columns.of and self._options.order == "time":
            self._count_days(rows)

    def _count_days(self, rows: Sequence[Sequence[str]]) -> None:
        """Let the day that was given move on where the times of day step back; only a file in order tells where."""
        of, day, clock = self._columns.of, self._options.day, self._clock
        if clock.folds.direction > 0:
            names = [row[of["person"][0]] for row in rows] if "person" in of else []
            runs = sum(one != two for one, two in pairwise(names)) + 1
            self._turns = DayTurns(day, grouped=1 < runs == len(set(names)))
            clock.set_back = ""  # a step back is a new day here
        elif clock.folds.direction == 0 or steps_forward(
            [clock.time_of_day(row[of["time"][0]].strip()) for row in rows]
        ):
            self.report.note(f"times of day do not rise in the file, so that all rows are taken to be of {day}")

    def _drop_needless_date(self, rows: Sequence[Sequence[str]]) -> None:
        """Leave out the column of dates where the column of times holds the dates too."""
        of = self._columns.of
        if "date" not in of:
            return
        alone = LogClock(self._columns.names[of["time"][0]])
        day, time = of["date"][0], of["time"][0]
        kept = [row for row in rows if row[time].strip()]
        if alone.has_dates([row[time].strip() for row in kept], [row[day].strip() for row in kept]):
            del of["date"]
            self._clock.column = alone.column

    def _survey_dates(self) -> None:
        """Read the whole file's times for a date that can only be read in one way."""
        with opened(self._member, self._options, ReadReport(self._member.name)) as table:
            assert isinstance(table, Table)
            for block in table.blocks:
                self._clock.orders.look(text for row in block.rows if (text := self._written(row)))
                if self._clock.orders.decided:
                    return

    def _written(self, row: Sequence[str]) -> str:
        of = self._columns.of
        text = row[of["time"][0]].strip()
        if "date" in of:
            day = row[of["date"][0]].strip()
            return joined(day, text) if day and text else ""
        return joined(self._options.day, text) if self._options.day and text else text

    def _make_templates(self, rows: Sequence[Sequence[str]], digest: Callable[[str], int]) -> Templates:
        of = self._columns.of
        naming = [
            (field, position) for field, positions in of.items() if field not in _NOT_NAMING for position in positions
        ]
        self._pick = [position for _, position in naming]
        paths = Paths()
        if "id" in of or any(field in of for field in _PATHS):
            paths.learn(self._paths(rows))
        windows_alone = "action" not in of
        converter = Converter(self._options.labels, paths, windows_alone=windows_alone)
        fields = [field for field, _ in naming]
        templates = Templates(fields, converter, digest, self.report, actions=not windows_alone)
        if any(field in of for field in (*_PATHS, *_TITLES, "id")):
            templates.learn(rows, self._pick)
        return templates

    def _paths(self, rows: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
        """Person and path of the rows that name an element by one, in the order of time."""
        of = self._columns.of
        at = [position for field in _PATHS for position in of.get(field, ())]
        ids = of.get("id", [])
        persons = of.get("person", [])
        found, person = [], ""
        for number, row in enumerate(rows):
            if persons and not names_nobody(row[persons[0]]):
                person = row[persons[0]]
            path = next((row[n] for n in at if row[n]), "") or next((row[n] for n in ids if is_path(row[n])), "")
            if path:
                found.append((self._clock.rough(self._written(row)), number, person, path))
        found.sort()
        return ((person, path) for _, _, person, path in found)

    # rows -------------------------------------------------------------------------------------------------------

    def fill(self, on_progress: Progress) -> None:
        """Read all rows.

        Raises:
            InputError: the file is damaged further on, or none of its rows can be used.
        """
        mended = Mended() if self._options.order == "file" else None
        position = 0
        with _without_collector():
            for block in chain(self._head, self._table.blocks):
                self._take(block, position, mended)
                position += len(block.rows)
                on_progress(position)
        self._head = []
        if not self.rows:
            raise InputError(f"{self._member.name} holds no row that can be read{_skips(self.report)}")
        self._tell()

    def _take(self, block: RowBlock, position: int, mended: Mended | None) -> None:
        """A block of rows, column by column; everything that repeats is remembered, so most cells cost a look-up."""
        rows, of = block.rows, self._columns.of
        if not rows:
            return
        before = self._before
        people, nameless = self._whose(rows)
        if self._turns is not None:
            clock = self._clock.time_of_day
            texts = self._turns.dated([clock(row[of["time"][0]].strip()) for row in rows], people)
        elif "date" in of or self._options.day:
            texts = [self._written(row) for row in rows]
        else:
            at = of["time"][0]
            texts = [row[at] for row in rows]
        times = self._clock.read_all(texts, people)
        named = self._templates.named(rows, self._pick)
        values = self._values_of(rows, named)
        ranks: Sequence[int] = range(position, position + len(rows))
        if min(times) < 0:
            kept = [
                n
                for n, at_ms in enumerate(times)
                if at_ms >= 0 or not self._left_out(rows[n], texts[n], block.lines[n], mended is not None)
            ]
            times = [times[n] for n in kept]
            named, values = ([column[n] for n in kept] for column in (named, values))
            ranks = [position + n for n in kept]
            self._before = before  # whoever stands in rows that are skipped has no rows after them
            people, nameless = self._whose([rows[n] for n in kept])
        if mended is not None:
            times = [mended.time(at_ms) for at_ms in times]
        self.people.read(people)
        for n in nameless:
            people[n] += NAMELESS
        self._runs.add(times, [-n for n in ranks] if self._backwards else ranks, people, named, values)
        self._clock.observe(times)
        self._used.update(template for template, _ in named)
        self._back += sum(map(lt, times[1:], times))
        self._forth += sum(map(gt, times[1:], times))

    def _whose(self, rows: Sequence[Sequence[str]]) -> tuple[list[int], list[int]]:
        """The person of each row, and which rows name nobody. Such a row is of who held the value it names just
        before, else of the person of the row before."""
        if "person" not in self._columns.of or self.people.fixed or not rows:
            return [NOBODY] * len(rows), []
        at = self._columns.of["person"][0]
        numbers = self.people.numbers
        people = [numbers[row[at]] for row in rows]
        if not self._nameless and NOBODY not in people:
            self._before = people[-1], [], []
            return people, []
        last, before, whose = self._before
        nameless = [n for n, person in enumerate(people) if person == NOBODY]
        for n in nameless:
            people[n] = people[n - 1] if n else last
        last = people[-1]
        held = before + self._held(rows)
        shift = len(before)
        out = whose + people
        for n in nameless:
            here = n + shift
            if held[here]:
                nearest = held[max(0, here - HELD_ROWS) : here][::-1]
                if held[here] in nearest:
                    out[here] = out[here - 1 - nearest.index(held[here])]
        self._before = last, held[-HELD_ROWS:], out[-HELD_ROWS:]
        return out[shift:], nameless

    def _held(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """The value that each row tells."""
        places = [n for field in _VALUES for n in self._columns.of.get(field, ())][::-1]
        if len(places) == 2:
            first, second = places
            return [row[first] or row[second] for row in rows]
        return [next((row[n] for n in places if row[n]), "") for row in rows]

    def _values_of(self, rows: Sequence[Sequence[str]], named: Sequence[Named]) -> list[tuple[int, int]]:
        """Digest and shape of each row's value."""
        of, modes, values = self._columns.of, self._templates.modes, self._values
        out = [_NO_VALUE] * len(rows)
        orders = {CONTENT_FIRST: ("content", "value"), VALUE_FIRST: ("value", "content")}
        places = {mode: [n for field in order for n in of.get(field, ())] for mode, order in orders.items()}
        if not places[VALUE_FIRST]:
            return out
        first = {mode: at[0] for mode, at in places.items()}
        for number, mode in [(n, modes[template]) for n, (template, _) in enumerate(named) if modes[template]]:
            row = rows[number]
            text = row[first[mode]] or next((row[place] for place in places[mode] if row[place]), "")
            if text:
                out[number] = values[text]
        return out

    def _left_out(self, row: Sequence[str], text: str, line: int, by_place: bool) -> bool:
        """Whether a row without a time is left out; it is counted, but for one in which nothing stands, as at the end
        of a sheet saved as text. ``by_place``: not just for want of a time."""
        if not any(map(str.strip, row)):
            return True
        columns, told = self._columns, text.strip()
        read = {n for positions in columns.of.values() for n in positions}
        acting = columns.of.get("action") or [n for field in _WINDOW for n in columns.of.get(field, ())]
        if all(row[n].strip() == columns.names[n] for n in read):
            self.report.skip(NAMES_AGAIN, line, told)
        elif by_place and not any(row[n].strip() for n in acting):
            self.report.skip(NO_EVENT, line, told)
        elif by_place:
            return False
        else:
            why = NOT_A_TIME if told else NO_TIME
            self.report.skip(f"{why} in column {self._clock.column!r}", line, told)
        return True

    def _tell(self) -> None:
        report, clock, columns = self.report, self._clock, self._columns
        report.format = columns.format
        report.encoding, report.separator = self._table.encoding, self._table.separator
        report.columns = columns.told()
        report.left_out = [*columns.left_out(), *sorted(self._table.late)]
        report.people, report.people_named = self.people.count, self.people.named
        report.times.form, report.times.zone = clock.form, clock.zone
        report.times.resolution_ms = clock.finish()
        if {self._templates.known[number].kind for number in self._used} <= _WINDOWS:
            report.note("the log tells windows alone, not what was done in them")
        if self._turns is not None and (told := self._turns.told()):
            report.note(told)
        if clock.set_back:
            report.note(f"times step back after {clock.set_back!r}: if clocks were set back there, give --timezone")
        if clock.folds.second:
            report.note(
                f"{clock.folds.second:,} rows are of the second pass of the hour that comes twice, by their order"
            )
        if clock.folds.doubtful:
            report.note(
                f"{clock.folds.doubtful:,} rows of the hour that comes twice are in no order: taken as its first pass"
            )
        if columns.format.startswith(_PROCESS_LOGS) and _PLACES.isdisjoint(columns.of) and self._unknown_alone():
            report.note(NO_UI_EVENTS)
        for template, action in self._templates.unknown.items():
            if self._used[template]:
                report.unknown_action(action, self._used[template])

    def _unknown_alone(self) -> bool:
        """Whether no action is known, and few hold a word that is one."""
        unknown = self._templates.unknown
        rows = {unknown[template]: times for template, times in self._used.items() if template in unknown}
        known = sum(times for action, times in rows.items() if is_of_screens(action))
        return self._used.keys() <= unknown.keys() and known < FEW_KNOWN * sum(self._used.values())

    # events -----------------------------------------------------------------------------------------------------

    def events(self) -> Iterator[tuple[int, int, str, UiEvent]]:
        """Time, position, person and event of each row, by time; a stretch that is there twice is given once."""
        templates = [(one.kind, one.app, one.screen, one.element, one.clipboard) for one in self._templates.known]
        names = [self.people.name(number) for number in range(len(self.people.names))]
        report = self.report
        touched: dict[int, UiEvent] = {}
        first = last = -1
        rows = 0
        blocks = as_by_time(self._runs) if self._places_lie() else as_in_file(self._runs)
        repeats = Repeats(blocks)
        keys = _Keys()
        ordered = repeats if self._options.order == "time" else chain.from_iterable(blocks)
        for at_ms, rank, person, number, key, digest, shape in ordered:
            first, last = (at_ms if first < 0 else first), at_ms
            rows += 1
            kind, app, screen, element, clipboard = templates[number]
            value = Value(digest, *SHAPES[shape]) if shape else None
            if clipboard:
                event = _of_clipboard(touched.get(person), at_ms, kind, value)
            else:
                event = touched[person] = UiEvent(at_ms, kind, app, screen, element, 0, None, "", value, keys[key])
            yield at_ms, abs(rank), names[person], event
        report.rows, report.repeated = report.rows + rows, report.repeated + repeats.count
        report.times.first, report.times.last = moment(first), moment(last)

    def _places_lie(self) -> bool:
        """Whether what stands before a row in the file is not what came before it, but the times tell."""
        if self._options.order == "file":
            return False
        unordered = self._back >= UNORDERED * (self._back + self._forth) > 0
        return unordered and (self._backwards or self._clock.finish() < MINUTE_MS)

    @property
    def rows(self) -> int:
        """Rows that were read."""
        return self._runs.rows

    def close(self) -> None:
        """Free what is on disk."""
        self._runs.close()


def _of_encoding(table: Table) -> str:
    """What to try where column names that nobody knows are in an encoding that was guessed."""
    if table.encoding != LABELS["cp1252"] or all(map(str.isascii, table.columns)):
        return ""
    return (
        f". Its names are read as {table.encoding}: if they look wrong, say how to read them with --encoding "
        "(such as cp1251 for Cyrillic or cp1250 for Central European letters)"
    )


def _skips(report: ReadReport) -> str:
    """Why rows were skipped."""
    reasons = "; ".join(
        f"{one.rows:,} rows, the first in line {one.first_line:,}: {one.reason}" for one in report.skipped
    )
    return f" ({reasons})" if reasons else ""


@contextmanager
def _without_collector() -> Iterator[None]:
    """No search for reference cycles: rows make none, and looking for some took a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _of_clipboard(before: UiEvent | None, at_ms: int, kind: Kind, value: Value | None) -> UiEvent:
    if before is not None and at_ms - before.at_ms <= CONTEXT_MS:
        return UiEvent(
            at_ms=at_ms, kind=kind, app=before.app, screen=before.screen, element=before.element, value=value,
            objects=before.objects,
        )  # fmt: skip
    return UiEvent(at_ms=at_ms, kind=kind, app="clipboard", value=value)


def _sample_of(refusal: str) -> str | None:
    """The value that a refusal of a column quotes, if any."""
    found = re.search(r"(?:such as |^column (?:'[^']*'|\"[^\"]*\"): )'([^']*)'", refusal)
    return found[1] if found else None


def _head(table: Table) -> list[RowBlock]:
    head: list[RowBlock] = []
    rows = 0
    for block in table.blocks:
        head.append(block)
        rows += len(block.rows)
        if rows >= HEAD:
            break
    return head
