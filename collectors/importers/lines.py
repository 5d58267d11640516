"""Our own logs, one JSON object a line: event batches as they go to Kafka, or ``{"person": ..., "event": {...}}``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec
from msgspec import Struct

from taskstream.errors import InputError
from taskstream.events import MAX_BATCH_BYTES, EventBatch, UiEvent


class _Line(Struct, frozen=True):
    """One event with the person it is of; further fields, such as the truth of a simulation, are not read."""

    person: str
    event: UiEvent


_event = msgspec.json.Decoder(_Line)
_batch = msgspec.json.Decoder(EventBatch)
_MAX_LINE: Final = 2 * MAX_BATCH_BYTES


def read_lines(stream: BinaryIO, name: str) -> Iterator[tuple[str, UiEvent]]:
    """Person and event of each line, in file order.

    Raises:
        InputError: a line is not one of the two shapes; the message names it.
    """
    number = 0
    while line := stream.readline(_MAX_LINE):
        number += 1
        if not line.strip():
            continue
        try:
            if b'"events"' in line:
                batch = _batch.decode(line)
                for event in batch.events:
                    yield batch.actor, event
            else:
                one = _event.decode(line)
                yield one.person, one.event
        except msgspec.DecodeError as error:
            raise InputError(f"{name}, line {number}: {error}") from error
