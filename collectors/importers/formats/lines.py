"""Our own logs, one JSON object a line: event batches as they go to Kafka, or ``{"person": ..., "event": {...}}``."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from taskstream.errors import UNDECODABLE, InputError
from taskstream.events import MAX_BATCH_BYTES, EventBatch, UiEvent


class _Line(Struct, frozen=True):
    """One event with the person it is of; further fields, such as the truth of a simulation, are not read."""

    person: str
    event: UiEvent


_event = msgspec.json.Decoder(_Line)
_batch = msgspec.json.Decoder(EventBatch)
_MAX_LINE: Final = 2 * MAX_BATCH_BYTES


_MARKS: Final = frozenset(["at_ms", "kind"])
"""What no event of ours lacks."""


def is_own(line: bytes) -> bool:
    """Whether a line of JSON is of our own making: an event of ours with its person, or a batch of such."""
    try:
        told = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except UNDECODABLE:
        return any(mark in line.replace(b" ", b"") for mark in (b'"event":{"at_ms"', b'"events":[{"at_ms"'))
    if {"events", "schema"} <= told.keys():
        return bytes(told["events"]).startswith(b"[")
    event = bytes(told.get("event", b""))
    if not event.startswith(b"{"):
        return False  # a column of that name
    return (
        told.keys() == {"person", "event"} or msgspec.json.decode(event, type=dict[str, msgspec.Raw]).keys() >= _MARKS
    )


def read_lines(stream: io.BufferedReader, name: str, encoding: str) -> Iterator[tuple[str, UiEvent]]:
    """Person and event of each line, in file order.

    Raises:
        InputError: a line is not one of the two shapes; the message names it.
    """
    number = 0
    try:
        for line in _lines(stream, encoding):
            number += 1
            if not line.strip():
                continue
            if b'"events"' in line:
                batch = _batch.decode(line)
                for event in batch.events:
                    yield batch.actor, event
            else:
                one = _event.decode(line)
                yield one.person, one.event
    except UNDECODABLE as error:
        raise InputError(f"{name}, line {number or 1}: {error}") from error


def _lines(stream: io.BufferedReader, encoding: str) -> Iterator[bytes]:
    if encoding in ("utf-8", "ascii"):
        while line := stream.readline(_MAX_LINE):
            yield line
        return
    with io.TextIOWrapper(stream, encoding=encoding) as text:
        while decoded := text.readline(_MAX_LINE):
            yield decoded.encode()
