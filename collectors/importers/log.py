"""Any supported log file → UI events in order. The format is told by the content, not by the name alone."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from msgspec import Struct

from collectors.importers.convert import Converter, time_of
from collectors.importers.lines import read_lines
from collectors.importers.order import Row, in_order
from collectors.importers.table import read_table
from collectors.importers.vocabulary import Fields
from collectors.importers.xes import read_xes
from taskstream.errors import InputError
from taskstream.events import UiEvent

_GZIP: Final = b"\x1f\x8b"


class ImportedEvent(Struct, frozen=True):
    """An event of a log with its 0-based position among the file's events and the person the log names ("" if none)."""

    index: int
    person: str
    event: UiEvent


def read_log(path: Path, *, key: bytes) -> Iterator[ImportedEvent]:
    """The events of a log file, in the order in which they happened; at most 10,000 are held in memory.

    Values are reduced to digest (by ``key``), length and form while reading. Nothing that marks executions is read:
    no trace borders, no case column, no row numbers.

    Raises:
        InputError: the file is missing, empty, damaged, or of no format known here. Raised while iterating.
    """
    name = path.name
    try:
        with path.open("rb") as raw:
            stream = cast(BinaryIO, io.BufferedReader(gzip.GzipFile(fileobj=raw))) if _is_gzip(raw) else raw
            yield from _events(cast(io.BufferedReader, stream), name, key)
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{name} is damaged: its compressed data ends early or is corrupt ({error})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not a text file in UTF-8: byte {error.start} cannot be read") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def _is_gzip(raw: io.BufferedReader) -> bool:
    return raw.peek(2)[:2] == _GZIP


def _events(stream: io.BufferedReader, name: str, key: bytes) -> Iterator[ImportedEvent]:
    start = stream.peek(4096)[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise InputError(f"{name} is empty")
    if start.startswith(b"{"):
        for index, (person, event) in enumerate(read_lines(stream, name)):
            yield ImportedEvent(index, person, event)
        return
    if start.startswith(b"<"):
        rows = read_xes(stream, name)
    elif b"\0" in start:
        raise InputError(f"{name} is a binary file, not a log (known: recorder CSV, XES, our own JSON lines)")
    else:
        rows = read_table(io.TextIOWrapper(stream, encoding="utf-8-sig", newline=""), name)
    yield from _convert(rows, name, key)


def _convert(rows: Iterator[Fields], name: str, key: bytes) -> Iterator[ImportedEvent]:
    converter = Converter(key)
    people: dict[str, str] = {}
    person, count = "", 0
    numbered = (Row(i, time_of(fields.get("time", "")), fields) for i, fields in enumerate(rows))
    for row in in_order(numbered):
        count += 1
        given = row.fields.get("person", "").strip()[:128]
        if given:
            person = people.setdefault(given, given)
        yield ImportedEvent(row.position, person, converter.convert(row.fields, row.at_ms, person))
    if not count:
        raise InputError(f"{name} holds no events")
