"""XES logs as a stream: constant memory, no entities, no document type, bounded depth and lengths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final
from xml.parsers import expat

from collectors.importers.formats.tables import Record
from collectors.importers.meaning.vocabulary import Fields, field_of
from taskstream.errors import InputError

_CHUNK: Final = 1 << 16
_MAX_DEPTH: Final = 64
_MAX_VALUE: Final = 4096
_ATTRIBUTES: Final = frozenset({"string", "date", "int", "float", "boolean", "id"})
_MAX_FIELDS: Final = 256
"""Attributes of one event that are read at most."""


class _Reader:
    """Collects events while the parser walks through the file.

    Of a trace only who did it is read, for events that do not say; its borders are not used.
    """

    def __init__(self, name: str) -> None:
        self.events: list[Record] = []
        self._name = name
        self._depth = 0
        self._event: Fields | None = None
        self._event_depth = 0
        self._event_line = 0
        self._trace_depth = 0
        self._person: Fields = {}
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.buffer_text = True
        self._parser = parser

    def feed(self, data: bytes, final: bool) -> None:
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as error:
            raise InputError(f"{self._name} is not well-formed XML: {error}") from error

    def _refuse(self, *_: object) -> None:
        raise InputError(f"{self._name} declares a document type or entities, which a log never needs: not read")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise InputError(f"{self._name} nests elements more than {_MAX_DEPTH} deep: not an XES log")
        tag = tag.rsplit(":", 1)[-1]
        if self._depth == 1 and tag != "log":
            raise InputError(f"{self._name} is XML but not an XES log: its root element is <{tag[:40]}>")
        if self._event is not None:
            if self._depth == self._event_depth + 1 and tag in _ATTRIBUTES and len(self._event) < _MAX_FIELDS:
                key, value = attributes.get("key", ""), attributes.get("value", "")
                if key and value:
                    self._event.setdefault(key, value[:_MAX_VALUE])
        elif tag == "event":
            self._event, self._event_depth = {}, self._depth
            self._event_line = self._parser.CurrentLineNumber
        elif tag == "trace":
            self._trace_depth, self._person = self._depth, {}
        elif self._trace_depth and self._depth == self._trace_depth + 1 and tag in _ATTRIBUTES:
            key = attributes.get("key", "")
            field = field_of(key)
            if field and field[0] == "person":
                self._person[key] = attributes.get("value", "")[:_MAX_VALUE]

    def _end(self, _tag: str) -> None:
        if self._event is not None and self._depth == self._event_depth:
            self.events.append((self._event_line, self._person | self._event))
            self._event = None
        elif self._depth == self._trace_depth:
            self._trace_depth = 0
        self._depth -= 1


def read_xes(stream: BinaryIO, name: str) -> Iterator[Record]:
    """The events of an XES log in file order, by their attributes' own keys.

    Raises:
        InputError: not XML, not XES, or with a document type or entities.
    """
    reader = _Reader(name)
    while data := stream.read(_CHUNK):
        reader.feed(data, final=False)
        yield from reader.events
        reader.events.clear()
    reader.feed(b"", final=True)
    yield from reader.events
