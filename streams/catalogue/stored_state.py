"""What the catalogue stored, as it comes back. What is not its own is passed over, named and counted. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from streams.catalogue import snapshot
from streams.discovery.catalogue import Catalogue
from taskstream.errors import UNDECODABLE, InputError
from taskstream.kafka import pieces

R = TypeVar("R")
PassOver = Callable[[str, str], None]
"""Told of each item that is passed over: its key, and why."""

POSITIONS: Final = "\x1fpositions"
"""Key of the input positions."""
_ITEM: Final = re.compile(r"(tenant|cluster/\d+)")
_positions = msgspec.json.Decoder(dict[str, dict[int, int]])


class StoredState(Struct):
    """Catalogues by tenant, and the input positions that they correspond to: topic → partition → next offset."""

    catalogues: dict[str, Catalogue]
    positions: dict[str, dict[int, int]]


def key_of(tenant: str, item: str) -> str:
    """The key in ``catalogue.state`` of a tenant's item."""
    return f"{tenant}\x1f{item}"


def state(items: Mapping[str, bytes], k: int, pass_over: PassOver) -> StoredState:
    """The catalogues that the items of ``catalogue.state`` hold.

    Raises:
        InputError: what cannot be left out is damaged, or another version's: the catalogue must be built anew.
    """
    whole = pieces.join(items)
    positions = _read_positions(whole.pop(POSITIONS, None))
    tenants: dict[str, dict[str, bytes]] = {}
    for key, value in whole.items():
        tenant, between, name = key.partition("\x1f")
        if tenant and between and _ITEM.fullmatch(name):
            tenants.setdefault(tenant, {})[name] = value
        else:
            pass_over(key, "no item of a catalogue")
    catalogues: dict[str, Catalogue] = {}
    for tenant, saved in tenants.items():
        if "tenant" not in saved:  # a catalogue writes it with each of its clusters
            for name in saved:
                pass_over(key_of(tenant, name), "it belongs to no catalogue")
            continue
        catalogues[tenant] = snapshot.load(saved, k, partial(_pass_over_of, pass_over, tenant))
    return StoredState(catalogues, positions)


def _pass_over_of(pass_over: PassOver, tenant: str, item: str, why: str) -> None:
    pass_over(key_of(tenant, item), why)


def _read_positions(value: bytes | None) -> dict[str, dict[int, int]]:
    if value is None:
        return {}
    try:
        return _positions.decode(value)
    except UNDECODABLE as error:
        raise InputError(f"the catalogue's positions are damaged: {error}") from error


def records(items: Mapping[str, bytes], decoder: msgspec.json.Decoder[R], pass_over: PassOver) -> list[R]:
    """The records of a compacted topic that can be read."""
    found: list[R] = []
    for key, value in items.items():
        try:
            found.append(decoder.decode(value))
        except UNDECODABLE as error:
            pass_over(key, str(error))
    return found
