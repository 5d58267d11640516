"""Short ways to write batches and records in tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from streams.discovery.semimarkov.teaching import teach
from streams.operator import InputRecord, Output
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import StageSettings
from taskstream.event_columns import batches, decode
from taskstream.events import BATCH_TYPE, HEARTBEAT_TYPE, TABLES_HEADER, EventBatch, Heartbeat, UiEvent, Value, encode

T0 = 1_700_000_000_000 - 1_700_000_000_000 % 86_400_000 + 9 * 3_600_000
"""Nine o'clock on some day, in milliseconds."""


def event(second: float, kind: str = "click", app: str = "excel", element: str = "button:ok", **more: Any) -> UiEvent:
    """An event ``second`` seconds after :data:`T0`."""
    return UiEvent(at_ms=T0 + int(second * 1000), kind=kind, app=app, element=element, **more)  # type: ignore[arg-type]


def value(digest: int, form: str = "id") -> Value:
    """A value of that digest."""
    return Value(digest=digest, length=4, form=form)  # type: ignore[arg-type]


def batch(first: int, events: Iterable[UiEvent], agent: str = "a", team: str = "red", **more: Any) -> EventBatch:
    """A batch of one agent; its actor is called after it."""
    return EventBatch(
        schema=1,
        tenant="t",
        team=team,
        actor=f"actor-{agent}",
        agent=agent,
        first_seq=first,
        events=tuple(events),
        **more,
    )


def record(offset: int, message: EventBatch | Heartbeat | bytes, *, timestamp: int = T0 + 10**9) -> InputRecord:
    """The Kafka record of a message."""
    if isinstance(message, EventBatch):
        return InputRecord(offset, timestamp, message.actor.encode(), encode(message), (("ce_type", BATCH_TYPE),))
    if isinstance(message, Heartbeat):
        return InputRecord(offset, timestamp, None, encode(message), (("ce_type", HEARTBEAT_TYPE),))
    return InputRecord(offset, timestamp, b"k", message, ())


def marker(offset: int, tables: bytes) -> InputRecord:
    """The Kafka record from which on a partition uses ``tables``."""
    headers = (("ce_type", HEARTBEAT_TYPE), (TABLES_HEADER, tables))
    return InputRecord(offset, T0 + 10**9, None, encode(Heartbeat(schema=1, advance_ms=1)), headers)


def tables(tenant: str, version: int) -> bytes:
    """Encoded tables of a little work."""
    work = [("sap|click|form|edit:name", T0, 0), ("sap|click|form|edit:town", T0 + 1_000, 0)] * 20
    return teach(tenant, version, [work, work])


def state(**settings: Any) -> PartitionState:
    """A fresh partition 0 of 2."""
    return PartitionState(0, StageSettings(partitions=2, **settings))


def run(operator: PartitionState, messages: Iterable[EventBatch | Heartbeat | bytes]) -> list[Output]:
    """All outputs of ``messages``."""
    outputs = [output for offset, message in enumerate(messages) for output in operator.apply(record(offset, message))]
    return outputs + operator.flush()


def clean(outputs: Iterable[Output]) -> list[EventBatch]:
    """The batches that were passed on."""
    return [
        found
        for output in outputs
        if output.topic == "ui-events.clean"
        for found in batches(decode(output.value or b""))
    ]


def of(outputs: Iterable[Output], topic: str) -> list[dict[str, Any]]:
    """The decoded records of one topic."""
    return [msgspec.json.decode(output.value or b"null") for output in outputs if output.topic == topic]


def pick(rows: Sequence[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Some fields of each row."""
    return [tuple(row[name] for name in names) for row in rows]
