"""What was learned of a tenant's work, as it is public. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from streams.catalogue.soundness import is_tenant
from streams.discovery.semimarkov.served import load_tables
from taskstream.errors import UNDECODABLE

MAX_VERSION: Final = 2**52
"""The next one must stay within what a record takes."""
TABLES: Final = "tables"
"""Name of the item that holds what was learned."""


class PublicTables(Struct, frozen=True):
    """What was learned of a tenant's work, as it is public."""

    tenant: str
    version: int
    data: bytes


def tables_of(tenant: str, data: bytes) -> PublicTables:
    """The tables in ``data``, which are to be of ``tenant``.

    Raises:
        ValueError: they cannot be read, or are none that a catalogue could have written.
    """
    found = load_tables(data)
    if found.tenant != tenant or not is_tenant(tenant):
        raise ValueError("it is of another tenant")
    if not 0 < found.version <= MAX_VERSION:
        raise ValueError("no catalogue has come to its version")
    return PublicTables(tenant, found.version, data)


def read_tables(items: Mapping[str, bytes], pass_over: Callable[[str, str], None]) -> dict[str, PublicTables]:
    """Tables by tenant, as far as they can be read."""
    found: dict[str, PublicTables] = {}
    for tenant, data in items.items():
        try:
            found[tenant] = tables_of(tenant, data)
        except UNDECODABLE as error:
            pass_over(tenant, str(error))
    return found
