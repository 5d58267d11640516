"""Checks input: bytes in, a valid message or a refusal out. Nothing a producer can send makes it raise."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from streams.discovery.semimarkov.served import MAX_TABLES_BYTES
from streams.operator import Record
from streams.stages.tenant_tables import LoadedTables, TablesMarker, loaded
from taskstream.errors import UNDECODABLE
from taskstream.events import (
    BATCH_TYPE,
    FOLLOW_HEADER,
    HEARTBEAT_TYPE,
    MAX_BATCH_BYTES,
    MAX_SEQ,
    TABLES_HEADER,
    EventBatch,
    Heartbeat,
    decode_batch,
    decode_heartbeat,
)

MAX_DETAIL = 300
"""Characters of a refusal's detail; the decoder's messages name the field, never its content."""


class Refusal(Struct, frozen=True):
    """Why a message is not let in: a ``reason`` from a closed list (it labels a metric), and the particulars."""

    reason: str
    detail: str


REASONS = (
    "empty",
    "type",
    "size",
    "json",
    "schema",
    "key",
    "number",
    "policy",
    "gap",
    "fault",
    "foreign",
    "lost",
    "tables",
)
"""All reasons: no value; foreign ce_type; too large; not JSON; not the contract; key is not the actor; numbers beyond
their range; recorded under a policy that is not accepted here. ``gap`` reports sequence numbers that never came,
``fault`` an error in a stage (the batch itself was let in), ``foreign`` a record in ``activity.partial`` that no
worker wrote, ``lost`` offsets that are gone, ``tables`` those of more tenants than a partition keeps."""


def follows(record: Record) -> bool:
    """Whether a heartbeat was written when all input of its partition had been read."""
    return any(name == FOLLOW_HEADER for name, _ in record.headers)


def decode(record: Record, accepted: tuple[str, ...] = ()) -> EventBatch | Heartbeat | TablesMarker | Refusal:
    """The batch, heartbeat or heartbeat with tables in ``record``, or why it is refused.

    ``accepted``  hashes of policies; empty: any
    """
    value = record.value
    if not value:
        return Refusal("empty", "the message has no value")
    kind = BATCH_TYPE
    for name, content in record.headers:
        if name == "ce_type":
            kind = content
    try:
        if kind == BATCH_TYPE:
            batch = decode_batch(value)
            if record.key != batch.actor.encode():
                return Refusal("key", "the message's key is not its actor")
            if batch.first_seq + len(batch.events) > MAX_SEQ:
                return Refusal("number", "sequence numbers leave the range of exact numbers")
            if accepted and batch.policy not in accepted:
                return Refusal("policy", "recorded under a policy that is not accepted here, or under none")
            return batch
        if kind == HEARTBEAT_TYPE:
            heartbeat = decode_heartbeat(value)
            tables = _tables(record)
            return TablesMarker(heartbeat, tables) if isinstance(tables, LoadedTables) else tables or heartbeat
    except msgspec.ValidationError as error:
        return Refusal("schema", str(error)[:MAX_DETAIL])
    except (msgspec.DecodeError, RecursionError) as error:
        return Refusal("size" if len(value) > MAX_BATCH_BYTES else "json", str(error)[:MAX_DETAIL])
    except UnicodeError:
        return Refusal("json", "not UTF-8")
    return Refusal("type", "unknown ce_type")


def _tables(record: Record) -> LoadedTables | Refusal | None:
    """The tables in a heartbeat's header, if it has any."""
    value = next((content for name, content in record.headers if name == TABLES_HEADER), None)
    if value is None:
        return None
    if len(value) > MAX_TABLES_BYTES:
        return Refusal("size", f"tables of {len(value)} bytes are over the limit of {MAX_TABLES_BYTES}")
    try:
        return loaded(value)
    except UNDECODABLE as error:
        return Refusal("schema", f"no tables: {error}"[:MAX_DETAIL])
