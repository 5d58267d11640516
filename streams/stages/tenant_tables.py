"""What was learned of each tenant's work, as one partition uses it: by the markers in its own input."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from streams.discovery.semimarkov.served import ServedTables, load_tables
from taskstream.errors import UNDECODABLE
from taskstream.events import Heartbeat

MAX_TENANTS: Final = 32
"""Tenants of which a partition keeps tables."""
MAX_TENANT: Final = 128
"""Characters of a tenant's name, as in batches."""
DECODED: Final = 64
"""Tables that a process keeps decoded for all its partitions: each of them meets the same ones."""
KIND: Final = "t"
"""Kind of the items of a snapshot that hold tables."""


class LoadedTables(NamedTuple):
    """Tables as they came, and ready for use. Equal bytes are the same object in all partitions of a process."""

    raw: bytes
    served: ServedTables


class TablesMarker(NamedTuple):
    """A heartbeat from which on tables are used."""

    heartbeat: Heartbeat
    tables: LoadedTables


@lru_cache(maxsize=DECODED)
def loaded(raw: bytes) -> LoadedTables:
    """The tables in ``raw``.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: it holds none.
    """
    try:
        served = load_tables(raw)
    except (*UNDECODABLE, MemoryError):
        raise
    except Exception as error:  # whatever foreign bytes lead to: they must not end a worker, now or at its next start
        raise msgspec.ValidationError(f"tables that cannot be read ({type(error).__name__})") from error
    if not 1 <= len(served.tenant) <= MAX_TENANT:
        raise msgspec.ValidationError("tables of a tenant whose name no batch can have")
    return LoadedTables(raw, served)


class TenantTables:
    """Tables by tenant, in ``served``."""

    def __init__(self) -> None:
        self.served: dict[str, ServedTables] = {}
        self._raw: dict[str, bytes] = {}
        self._dirty: set[str] = set()

    def of(self, tenant: str) -> ServedTables | None:
        """The tables to decide by, if there are any."""
        return self.served.get(tenant)

    def wants(self, tenant: str, version: int) -> bool:
        """Whether tables of that version would be taken: there is room for them, and they are newer."""
        kept = self.served.get(tenant)
        return self.has_room(tenant) if kept is None else version > kept.version

    def has_room(self, tenant: str) -> bool:
        """Whether tables of the tenant can be kept."""
        return tenant in self.served or len(self.served) < MAX_TENANTS

    def take(self, tables: LoadedTables) -> bool:
        """Use ``tables`` from now on, if :meth:`wants` says so; whether they are used."""
        raw, served = tables
        if not self.wants(served.tenant, served.version):
            return False
        self.served[served.tenant], self._raw[served.tenant] = served, raw
        self._dirty.add(served.tenant)
        return True

    # --- snapshots

    def snapshot(self) -> Iterator[tuple[str, bytes | None]]:
        """Items changed since the last snapshot."""
        for tenant in sorted(self._dirty):
            yield f"{KIND}:{tenant}", self._raw[tenant]
        self._dirty.clear()

    def save_all(self) -> None:
        """Let the next snapshot hold all of them."""
        self._dirty |= self._raw.keys()

    def load(self, name: str, data: bytes) -> None:
        """Take over an item that :meth:`snapshot` gave.

        Raises:
            ValueError, RecursionError: it is none of ours.
        """
        tables = loaded(data)
        if tables.served.tenant != name:
            raise ValueError("tables of another tenant")
        if not self.take(tables):
            raise ValueError("tables of more tenants than are kept")
        self._dirty.discard(name)
