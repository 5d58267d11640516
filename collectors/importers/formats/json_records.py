"""JSON that is not our own: a flat object a line, or one document (an array of such, ActivityWatch, OCEL)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from collectors.importers.files.encoding import LABELS
from collectors.importers.formats.activitywatch import is_activitywatch, read_activitywatch
from collectors.importers.formats.ocel import FORMAT as OCEL
from collectors.importers.formats.ocel import is_ocel, read_ocel_json
from collectors.importers.formats.tables import MAX_VALUE, Record, Table, of_records
from collectors.importers.meaning.vocabulary import field_of
from collectors.importers.not_a_log import NotALog
from collectors.importers.read_report import ReadReport
from taskstream.errors import UNDECODABLE, InputError

MAX_DOCUMENT: Final = 512 << 20
"""Bytes of a document that is read as a whole at most."""
_MAX_LINE: Final = 4 << 20
_CONSTANTS: Final = ("NaN", "Infinity")
NO_OBJECT: Final = "a line that is no JSON object"

_DEPTH: Final = 3
"""Objects within each other in which a document's list of events is looked for."""

_any = msgspec.json.Decoder(Any)


def _decoded(text: str) -> Any:
    """JSON as Python and others write it too: NaN and infinite numbers are empty.

    Raises:
        UNDECODABLE: not JSON.
    """
    try:
        return _any.decode(text)
    except UNDECODABLE:
        if not any(constant in text for constant in _CONSTANTS):
            raise
        return json.loads(text, parse_constant=lambda _: None)


def _documents(text: str) -> Any:
    """The document; a list of them where several stand one after another.

    Raises:
        UNDECODABLE: not JSON.
    """
    try:
        return _decoded(text)
    except UNDECODABLE:
        found, end = [], 0
        decoder = json.JSONDecoder()
        while end < len(text):
            if text[end].isspace():
                end += 1
                continue
            try:
                one, end = decoder.raw_decode(text, end)
            except (ValueError, RecursionError):
                break
            found.append(one)
        if end < len(text) or len(found) < 2:  # noqa: PLR2004 - several
            raise
        return found


def lists_of_objects(document: dict[str, Any], prefix: str = "") -> dict[str, list[dict[str, Any]]]:
    """The lists of objects alone that an object holds, by their keys (``outer.inner``)."""
    out: dict[str, list[dict[str, Any]]] = {}
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and prefix.count(".") < _DEPTH:
            out |= lists_of_objects(value, f"{name}.")
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            out[name] = value
    return out


def events_within(document: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """Key and objects of the list that holds a document's events: the longest whose objects say when they happened,
    else the longest. Empty where the object is rather an event itself."""
    lists = lists_of_objects(document)
    timed = {key: found for key, found in lists.items() if _has_time(found[0])}
    candidates = timed or ({} if _has_time(document) else lists)
    key = max(candidates, key=lambda key: len(candidates[key]), default="")
    return key, candidates.get(key, [])


def _has_time(document: dict[str, Any]) -> bool:
    return any((found := field_of(name)) is not None and found[0] == "time" for name in flat(document))


def flat(document: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """An object's values as text; objects within become ``outer.inner``; lists are left out."""
    out: dict[str, str] = {}
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            out |= flat(value, f"{name}.") if prefix.count(".") < 4 else {}
        elif value is not None and not isinstance(value, list):
            out[name] = _text(value)
    return out


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value[:MAX_VALUE]
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)


def read_json_lines(stream: io.BufferedReader, encoding: str, report: ReadReport) -> Table:
    """A flat object a line; lines that are none are counted."""
    return of_records("JSON lines", _lines(stream, encoding, report), encoding=LABELS.get(encoding, encoding))


def _lines(stream: io.BufferedReader, encoding: str, report: ReadReport) -> Iterator[Record]:
    text = io.TextIOWrapper(stream, encoding=encoding, errors="backslashreplace")  # which is no JSON
    number = 0
    while line := text.readline(_MAX_LINE):
        number += 1
        if not line.strip():
            continue
        try:
            document = _decoded(line)
        except UNDECODABLE:
            document = None
        if isinstance(document, dict):
            yield number, flat(document)
        else:
            report.skip(NO_OBJECT, number, line.strip())


def read_document(stream: io.BufferedReader, name: str, encoding: str, report: ReadReport) -> Table:
    """A whole document. Of an object of no known kind the list that holds the events is read, and told.

    Raises:
        NotALog: not JSON, or of no kind known here.
        InputError: too long, or not laid out as its kind is.
    """
    data = stream.read(MAX_DOCUMENT + 1)
    if len(data) > MAX_DOCUMENT:
        raise InputError(
            f"{name} is one JSON document of more than {MAX_DOCUMENT >> 20} MB: save it as JSON lines or CSV"
        )
    try:
        document = _documents(data.decode(encoding).removeprefix("\ufeff"))
    except UNDECODABLE as error:
        raise NotALog(f"{name} is not JSON that can be read: {error}") from error
    told = LABELS.get(encoding, encoding)
    if is_ocel(document):
        return of_records(f"{OCEL} in JSON", read_ocel_json(document, name), encoding=told)
    if is_activitywatch(document):
        return of_records("ActivityWatch", read_activitywatch(document, name), encoding=told)
    if isinstance(document, dict):
        key, found = events_within(document)
        if found:
            report.note(f"the list {key!r} of the document is read, nothing else of it")
            document = found
    if isinstance(document, list) and document and all(isinstance(one, dict) for one in document):
        records = ((number, flat(one)) for number, one in enumerate(document, 1))
        return of_records("JSON array", records, encoding=told)
    keys = ", ".join(list(document)[:8]) if isinstance(document, dict) else type(document).__name__
    raise NotALog(
        f"{name} is JSON of no kind known here ({keys}); known: our own JSON lines, a flat object a line, "
        "an array of flat objects, an object that holds one, ActivityWatch, OCEL 2.0"
    )
