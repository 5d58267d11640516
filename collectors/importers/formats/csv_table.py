"""Tables in text: the separator is told by the lines, and a quote that is not closed costs its own line only."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, TextIO

from collectors.importers.files.encoding import CUT_OFF, HALF_CHARACTER, LABELS
from collectors.importers.formats.tables import RowBlock, Table
from collectors.importers.not_a_log import NotALog
from collectors.importers.read_report import ReadReport
from taskstream.errors import InputError

SEPARATORS: Final = (",", ";", "\t", "|")
_SAMPLE_LINES: Final = 50
FEW_LINES: Final = 3
"""Lines of one width from which on it is taken for that of the table."""
_CHARACTERS: Final = 1 << 20
"""Characters that are read at a time."""
_MAX_CELL: Final = 1 << 20
MAX_RECORD_LINES: Final = 1_000
"""Lines a quoted value may reach over; a longer one means a quote that is not closed."""
QUOTES: Final = "a quote that is not closed, or text behind a closing one"
LOOSE: Final = "some values hold quotes that are not doubled: they are read as they stand"
ESCAPED: Final = "some values hold quotes behind a backslash: they are read without it"
HALF: Final = "the last line ends in the midst of a character: cut off"
TOO_LONG: Final = f"a value of more than {_MAX_CELL >> 20} MB"
TOO_MANY: Final = "more values than there are columns"
TOO_FEW: Final = "fewer values than there are columns: cut off or damaged"
_NEARLY_ALL: Final = 0.9
"""Share of rows that must hold more values than there are columns (empty ones) for this to be the file's way."""
_USUAL: Final = 0.3
"""Share of rows with fewer values than there are columns from which on a file leaves out empty cells at the end."""
_SHOWN: Final = 200
"""Characters of a line that are looked at for a sample."""
_RARE: Final = 50
"""Of a file that leaves out empty cells, one row in so many lacks what the others have: it is cut off."""


def read_csv(stream: io.BufferedReader, name: str, encoding: str, report: ReadReport) -> Table:
    """The table in a text file.

    Raises:
        NotALog: it is empty.
        InputError: (while reading) not in ``encoding``.
    """
    csv.field_size_limit(_MAX_CELL)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="", errors=CUT_OFF)
    lines = _Lines(text, name, encoding, report)
    head = list(itertools.islice(lines, _SAMPLE_LINES))
    first = next((number for number, line in enumerate(head) if line.strip()), None)
    if first is None:
        raise NotALog(f"{name} is empty: a log starts with a line of column names")
    named = head[first].strip().lower()
    separator = head[first].strip()[4:] if named.startswith("sep=") and len(named) == 5 else ""
    if named == "sep=":
        separator = "\t"  # a tab, which the line's end swallowed
    if separator:
        first += 1
    rest = head[first:]
    separator = separator or _separator(rest)
    before = _before_names(rest, separator)
    if before:
        report.note(f"passed over before the column names: {before} lines, the first {rest[0].strip()[:60]!r}")
    lines.push_back(rest[before:])
    records = _careful(lines, separator, 0, 0, report, once=True)
    header = next(records, None)
    if header is None:
        raise NotALog(f"{name} holds no line of column names")
    columns = [column.strip().removeprefix("\ufeff") for column in header[1]]
    blocks = _blocks(lines, separator, len(columns), report)
    return Table("table", columns, blocks, LABELS.get(encoding, encoding), separator)


def _separator(head: list[str]) -> str:
    """The separator by which the first lines fall into equally many parts, the most if several do."""
    head = [line for line in head if line.strip()]

    def fit(separator: str) -> tuple[float, int]:
        widths = [len(row) for row in csv.reader(head, delimiter=separator)]
        width, times = Counter(widths).most_common(1)[0]
        wide = max(width, widths[0]) > 1
        return (times / len(widths) if wide and width > 1 else 0.0, widths[0])

    def rank(separator: str) -> tuple[bool, int, float]:
        share, width = fit(separator)
        return share >= 0.5 and width > 1, width, share

    try:
        return max(SEPARATORS, key=rank)
    except csv.Error:
        return max(SEPARATORS, key=head[0].count)


def _before_names(head: list[str], separator: str) -> int:
    """How many lines stand before that of the column names: a title or remarks, which hold few values."""
    try:
        widths = [len(row) for row in csv.reader(head, delimiter=separator)]
    except csv.Error:
        return 0
    filled = [width for width in widths if width]
    usual = Counter(filled).most_common(1)[0][0] if filled else 0
    if len(widths) != len(head) or 2 * widths[0] > usual or Counter(filled)[usual] < FEW_LINES:
        return 0
    return widths.index(usual)


class _Lines:
    """Lines of a text with their numbers; lines can be pushed back."""

    def __init__(self, text: TextIO, name: str, encoding: str, report: ReadReport) -> None:
        self.number = 0
        """Lines given out."""
        self._text = text
        self._name = name
        self._encoding = encoding
        self._report = report
        self._held: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self._held:
            self.hold(self._read())
            if not self._held:
                raise StopIteration
        self.number += 1
        return self._held.pop()

    def push_back(self, lines: list[str]) -> None:
        """Give out ``lines``, the last that were given out, once more."""
        self._held += reversed(lines)
        self.number -= len(lines)

    @property
    def held(self) -> int:
        """Lines that are held."""
        return len(self._held)

    def take(self) -> str:
        """All text that is held, or else about the next megabyte; whole lines. It counts as given out: say how many
        lines it was by :meth:`given`, or push it back."""
        if self._held:
            taken = "".join(reversed(self._held))
            self._held = []
            return taken
        return self._read()

    def given(self, lines: int) -> None:
        """Count lines that :meth:`take` gave out."""
        self.number += lines

    def hold(self, text: str) -> None:
        """Give out what :meth:`take` took line by line instead."""
        self._held = list(io.StringIO(text, newline=""))[::-1]

    def _read(self) -> str:
        try:
            text = self._text.read(_CHARACTERS) + self._text.readline()
        except UnicodeError as error:
            raise InputError(
                f"{self._name}, behind line {self.number:,}: not in {LABELS.get(self._encoding, self._encoding)} "
                f"({error}); say how to read it with --encoding"
            ) from error
        if text.endswith(HALF_CHARACTER):
            whole = text.rfind("\n") + 1
            self._report.skip(HALF, self.number + 1 + text.count("\n"), text[whole:-1])
            return text[:whole]
        return text


class _Widths:
    """How many values a row may hold. The first rows tell: a file may end all its rows with a separator, or leave out
    the empty cells at their ends; else another number of values means that they stand in the wrong columns."""

    def __init__(self, width: int, report: ReadReport) -> None:
        self._width = width
        self._report = report
        self._bounds: tuple[int, int] | None = None

    def learn(self, rows: Sequence[Sequence[str]]) -> None:
        """Take in the file's first rows."""
        if self._bounds is not None or not rows:
            return
        width, widths = self._width, sorted(map(len, rows))
        least = most = width
        if sum(one < width for one in widths) >= _USUAL * len(widths):
            least = min(width, widths[len(widths) // _RARE])
        usual, times = Counter(widths).most_common(1)[0]
        if usual > width and times >= _NEARLY_ALL * len(widths):
            most = usual
            self._report.note(f"rows hold {most} values, the columns are {width}: those behind are left out")
        self._bounds = least, most

    def fit(self, row: list[str], number: int) -> list[str] | None:
        """The row with as many values as there are columns; None (and counted) where they cannot be told apart."""
        width = self._width
        least, most = self._bounds or (width, width)
        if len(row) > width:
            if len(row) > most or any(row[width:]):
                self._report.skip(TOO_MANY, number, row[width] or ", ".join(row))
                return None
            return row[:width]
        if len(row) < least and any(map(str.strip, row)):
            self._report.skip(TOO_FEW, number, ", ".join(row))
            return None
        return row + [""] * (width - len(row))


def _blocks(lines: _Lines, separator: str, width: int, report: ReadReport) -> Iterator[RowBlock]:
    widths = _Widths(width, report)
    while True:
        start = lines.number
        taken = lines.take()
        if not taken:
            return
        rows = split_rows(taken, separator)
        if set(map(len, rows)) == {width}:
            widths.learn(rows)
            lines.given(len(rows))
            yield RowBlock(range(start + 1, start + 1 + len(rows)), rows)
            continue
        lines.hold(taken)
        until = start + lines.held
        found = list(_careful(lines, separator, width, until, report))
        widths.learn([row for _, row in found])
        fitted = [(number, fit) for number, row in found if (fit := widths.fit(row, number)) is not None]
        yield RowBlock([number for number, _ in fitted], [row for _, row in fitted])


def split_rows(text: str, separator: str) -> list[list[str]]:
    """The rows of ``text`` where each is one line; else none. Splitting takes half the time of the csv module."""
    if '"' not in text and len(text) < _MAX_CELL + _CHARACTERS:
        plain = text.replace("\r\n", "\n") if "\r" in text else text
        if "\r" not in plain:
            split = plain.removesuffix("\n").split("\n")
            return [line.split(separator) for line in split] if max(map(len, split)) <= _MAX_CELL else []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = list(reader)
    except csv.Error:
        return []
    return rows if reader.line_num == len(rows) else []


def _careful(
    lines: _Lines, separator: str, width: int, until: int, report: ReadReport, *, once: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Records one by one, as long as they begin before line ``until``; what cannot be parsed costs its first line.

    A record over several lines must have ``width`` values (0: any number). ``once``: just the first record.
    """
    while once or lines.number < until:
        start = lines.number
        used: list[str] = []
        row: list[str] | None = None
        try:
            row = next(csv.reader(_recorded(lines, used), delimiter=separator, strict=True), None)
        except csv.Error:
            lines.push_back(used[1:])
            if width and (escaped := _escaped(used[0], separator, width)):
                report.note(ESCAPED)
                yield start + 1, escaped
                continue
            loose = _loose(used[0], separator)
            if once:
                why = QUOTES if loose else TOO_LONG
                raise InputError(f"{report.log}, line {start + 1}: the column names hold {why}") from None
            if len(loose) != width:
                report.skip(QUOTES if loose else TOO_LONG, start + 1, used[0][:_SHOWN].strip())
                continue
            report.note(LOOSE)
            yield start + 1, loose
            continue
        if not used:
            return
        if row and len(used) > 1 and width and len(row) != width:
            lines.push_back(used[1:])
            if escaped := _escaped(used[0], separator, width):
                report.note(ESCAPED)
                yield start + 1, escaped
                continue
            report.skip(QUOTES, start + 1, used[0].strip())
        elif row:
            yield start + 1, row
        if once and row:
            return


def _loose(line: str, separator: str) -> list[str]:
    """The values of a line whose quotes are wrong; none if one of them is too long."""
    try:
        return next(csv.reader([line.rstrip("\r\n")], delimiter=separator))
    except csv.Error:
        return []


def _escaped(line: str, separator: str, width: int) -> list[str]:
    """The values of a line in which a backslash stands before quotes; none if they are not ``width`` then."""
    if '\\"' not in line:
        return []
    try:
        row = next(csv.reader([line.replace('\\"', '""').rstrip("\r\n")], delimiter=separator, strict=True))
    except csv.Error:
        return []
    return row if len(row) == width else []


def _recorded(lines: _Lines, used: list[str]) -> Iterator[str]:
    for line in itertools.islice(lines, MAX_RECORD_LINES):
        used.append(line)
        yield line
