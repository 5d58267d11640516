"""What was learned of a tenant's work, as the stream uses it."""

from __future__ import annotations

from typing import Final

import msgspec

MAX_TABLES_BYTES: Final = 262_144
"""Encoded tables hold at most so much: each partition has them in its input and in its state."""


class ServedTables:
    """Scores of a tenant's routines by names of activities."""

    __slots__ = ("tenant", "version")

    def __init__(self, tenant: str, version: int) -> None:
        self.tenant = tenant
        self.version = version


def load_tables(data: bytes) -> ServedTables:
    """The tables that the catalogue has encoded.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: it is none of ours.
    """
    if len(data) > MAX_TABLES_BYTES:
        raise msgspec.ValidationError("tables are larger than ever written")
    tenant, version = msgspec.msgpack.decode(data, type=tuple[str, int])
    return ServedTables(tenant, version)
