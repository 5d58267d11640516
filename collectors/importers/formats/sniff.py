"""What a file is, told by its content: the reader for it."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from collectors.importers.files.container import Member
from collectors.importers.files.encoding import LABELS, by_content, by_start
from collectors.importers.formats.activitywatch import is_activitywatch
from collectors.importers.formats.csv_table import read_csv
from collectors.importers.formats.json_records import events_within, read_document, read_json_lines
from collectors.importers.formats.lines import is_own, read_lines
from collectors.importers.formats.ocel import FORMAT as OCEL
from collectors.importers.formats.ocel import read_ocel_sqlite, read_ocel_xml
from collectors.importers.formats.tables import Table, of_records
from collectors.importers.formats.workbook import read_parquet, read_xlsx
from collectors.importers.formats.xes import read_xes
from collectors.importers.not_a_log import NotALog
from collectors.importers.read_options import ReadOptions
from collectors.importers.read_report import ReadReport
from taskstream.errors import UNDECODABLE
from taskstream.events import UiEvent

_START: Final = 4_096
_PARQUET: Final = b"PAR1"
_ZIP: Final = b"PK\x03\x04"
_SQLITE: Final = b"SQLite format 3\0"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_OCEL_TAGS: Final = re.compile(r"<(?:object-types|event-types|objects|events)\b")
_OCEL_KEYS: Final = frozenset(["objectTypes", "eventTypes", "objects", "events"])
_MAX_LINE: Final = 4 << 20
KNOWN: Final = (
    "tables in text (CSV), XES, OCEL 2.0, ActivityWatch, JSON lines, workbooks (.xlsx), Parquet; also in gzip or zip"
)


class OwnEvents(Struct):
    """Our own events, with their person, in file order."""

    events: Iterator[tuple[str, UiEvent]]
    encoding: str


@contextmanager
def opened(member: Member, options: ReadOptions, report: ReadReport) -> Iterator[Table | OwnEvents]:
    """A file as what it is; its rows can be read within the context.

    Raises:
        NotALog: empty, or of no kind known here.
        InputError: damaged, or not in one encoding (also while its rows are read).
    """
    with member.open() as stream:
        start = stream.peek(_START)[:_START]
        if start.startswith(_SQLITE):
            with _on_disk(member, stream) as path:
                yield of_records(f"{OCEL} in SQLite", read_ocel_sqlite(path, member.name))
            return
        yield _reader(member, stream, start, options, report)


def _reader(
    member: Member, stream: io.BufferedReader, start: bytes, options: ReadOptions, report: ReadReport
) -> Table | OwnEvents:
    name = member.name
    if start.startswith(_PARQUET):
        return read_parquet(stream, name)
    if start.startswith(_ZIP):
        return read_xlsx(stream, name, report)
    if start.startswith(_OLE):
        raise NotALog(f"{name} is a workbook in the old format (.xls): save it as .xlsx or CSV")
    encoding = options.encoding or by_start(start)
    text = start.decode(encoding or "utf-8", "ignore").lstrip("\ufeff \t\r\n")
    if not text:
        raise NotALog(f"{name} is empty")
    if text.startswith("<"):
        if _OCEL_TAGS.search(text):
            return of_records(f"{OCEL} in XML", read_ocel_xml(stream, name, member.open), encoding="XML")
        return of_records("XES", read_xes(stream, name), encoding="XML")
    if "\0" in text:
        raise NotALog(f"{name} is a binary file, not a log; known: {KNOWN}")
    if text.startswith(("{", "[")):
        return _json(member, stream, encoding or "utf-8", report)
    return read_csv(stream, name, encoding or _by_content(member), report)


def _by_content(member: Member) -> str:
    with member.open() as stream:
        return by_content(stream, member.name)


def _json(member: Member, stream: io.BufferedReader, encoding: str, report: ReadReport) -> Table | OwnEvents:
    with member.open() as again, io.TextIOWrapper(again, encoding=encoding, errors="replace") as text:
        lines = (line.lstrip("\ufeff").strip() for line in iter(lambda: text.readline(_MAX_LINE), ""))
        first = next((line for line in lines if line), "")
        alone = not any(lines)
    if first.startswith("{") and first.endswith("}"):
        if is_own(first.encode()):
            return OwnEvents(read_lines(stream, member.name, encoding), LABELS.get(encoding, encoding))
        if not _is_document(first, alone):
            return read_json_lines(stream, encoding, report)
    return read_document(stream, member.name, encoding, report)


def _is_document(first: str, alone: bool) -> bool:
    """Whether an object that fills the first line is a document rather than an event; ``alone``: it is all there is."""
    try:
        told = msgspec.json.decode(first, type=dict[str, msgspec.Raw])
    except UNDECODABLE:
        return False
    lists = {key for key, value in told.items() if bytes(value).startswith(b"[")}
    if len(lists & _OCEL_KEYS) > 1 or bytes(told.get("buckets", b"")).startswith((b"{", b"[")):
        return True
    if not alone:
        return False
    document = msgspec.json.decode(first)
    return is_activitywatch(document) or bool(events_within(document)[1])


@contextmanager
def _on_disk(member: Member, stream: io.BufferedReader) -> Iterator[Path]:
    """The file itself, or a copy of it unpacked for as long as it is read."""
    if not member.container:
        yield member.path
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.sqlite"
        with path.open("wb") as out:
            shutil.copyfileobj(stream, out)
        yield path
