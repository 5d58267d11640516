"""Object-centric event logs, OCEL 2.0 (https://www.ocel-standard.org): JSON, XML and SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Set
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, BinaryIO, Final
from xml.parsers import expat

from collectors.importers.formats.tables import MAX_VALUE, Record
from collectors.importers.meaning.vocabulary import field_of
from taskstream.errors import InputError

_CHUNK: Final = 1 << 16
FORMAT: Final = "OCEL 2.0"


def is_ocel(document: object) -> bool:
    """Whether a JSON document is an OCEL 2.0 log."""
    return (
        isinstance(document, dict) and {"events", "objects"} <= document.keys() and isinstance(document["events"], list)
    )


def _is_person(object_type: str) -> bool:
    field = field_of(object_type)
    return field is not None and field[0] == "person"


def read_ocel_json(document: Any, name: str) -> Iterator[Record]:
    """The events: time, type as the action, attributes, and the related object that is a person.

    Raises:
        InputError: the document is not laid out as the standard says.
    """
    try:
        people = {str(one["id"]) for one in document["objects"] if _is_person(str(one["type"]))}
        for number, event in enumerate(document["events"], 1):
            values = {"time": str(event["time"]), "action": str(event["type"])[:MAX_VALUE]}
            for attribute in event.get("attributes") or ():
                values.setdefault(str(attribute["name"]), str(attribute["value"])[:MAX_VALUE])
            for relation in event.get("relationships") or ():
                if relation["objectId"] in people:
                    values.setdefault("resource", str(relation["objectId"]))
            yield number, values
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{name} looks like OCEL 2.0 in JSON but is not laid out as the standard says: {error!r}"
        ) from error


class _Reader:
    def __init__(self, name: str, people: Set[str] = frozenset()) -> None:
        self.events: list[Record] = []
        self.people = set(people)
        self.first = ""
        """The tag of the first event or object."""
        self._name = name
        self._event: dict[str, str] | None = None
        self._line = 0
        self._attribute = ""
        self._text = ""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        self._parser = parser

    def feed(self, data: bytes, final: bool) -> None:
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as error:
            raise InputError(f"{self._name} is not well-formed XML: {error}") from error

    def _refuse(self, *_: object) -> None:
        raise InputError(f"{self._name} declares a document type or entities, which a log never needs: not read")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in ("event", "object") and "id" in attributes:
            self.first = self.first or tag
        if tag == "object" and "id" in attributes and _is_person(attributes.get("type", "")):
            self.people.add(attributes["id"])
        elif tag == "event" and "id" in attributes:
            self._event = {"time": attributes.get("time", ""), "action": attributes.get("type", "")[:MAX_VALUE]}
            self._line = self._parser.CurrentLineNumber
        elif self._event is not None and tag == "attribute":
            self._attribute, self._text = attributes.get("name", ""), attributes.get("value", "")
        elif self._event is not None and tag in ("relationship", "object"):
            related = attributes.get("object-id", "")
            if related in self.people:
                self._event.setdefault("resource", related)

    def _data(self, text: str) -> None:
        if self._attribute and len(self._text) < MAX_VALUE:
            self._text += text

    def _end(self, tag: str) -> None:
        if self._event is None:
            return
        if tag == "attribute" and self._attribute:
            self._event.setdefault(self._attribute, self._text[:MAX_VALUE])
            self._attribute = ""
        elif tag == "event":
            self.events.append((self._line, self._event))
            self._event = None


def read_ocel_xml(
    stream: BinaryIO, name: str, again: Callable[[], AbstractContextManager[BinaryIO]]
) -> Iterator[Record]:
    """As :func:`read_ocel_json`, of XML. ``again``: the same from its start, for people who stand behind the events.

    Raises:
        InputError: not well-formed, or with a document type or entities.
    """
    with again() as before:
        reader = _Reader(name, _people_behind(before, name))
    while data := stream.read(_CHUNK):
        reader.feed(data, final=False)
        yield from reader.events
        reader.events.clear()
    reader.feed(b"", final=True)
    yield from reader.events


def _people_behind(stream: BinaryIO, name: str) -> Set[str]:
    """The people, where objects stand behind the events; empty where they stand before them, and are met in time."""
    reader = _Reader(name)
    while data := stream.read(_CHUNK):
        reader.feed(data, final=False)
        reader.events.clear()
        if reader.first == "object":
            return frozenset()
    return reader.people


def read_ocel_sqlite(path: Path, name: str) -> Iterator[Record]:
    """As :func:`read_ocel_json`, of a database, by time.

    Raises:
        InputError: not a database, or without the standard's tables.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            objects = database.execute("SELECT ocel_id, ocel_type FROM object")
            people = {str(row["ocel_id"]) for row in objects if _is_person(str(row["ocel_type"]))}
            of = {
                str(row["ocel_event_id"]): str(row["ocel_object_id"])
                for row in (database.execute("SELECT * FROM event_object") if people else ())
                if str(row["ocel_object_id"]) in people
            }
            number = 0
            for type_, mapped in database.execute("SELECT ocel_type, ocel_type_map FROM event_map_type").fetchall():
                table = str(mapped).replace('"', '""')
                for row in database.execute(f'SELECT * FROM "event_{table}" ORDER BY ocel_time'):  # noqa: S608 - quoted
                    number += 1
                    values = {"time": str(row["ocel_time"]), "action": str(type_)[:MAX_VALUE]}
                    values |= {
                        key: str(row[key])[:MAX_VALUE]
                        for key in row.keys()  # noqa: SIM118 - a Row is no mapping
                        if key not in ("ocel_id", "ocel_time") and row[key] is not None
                    }
                    if str(row["ocel_id"]) in of:
                        values["resource"] = of[str(row["ocel_id"])]
                    yield number, values
    except (sqlite3.Error, IndexError) as error:
        raise InputError(f"{name} is a SQLite database but not an OCEL 2.0 log: {error}") from error
