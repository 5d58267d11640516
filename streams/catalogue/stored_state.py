"""Reads back what the catalogue has stored. Foreign records are skipped, logged and counted. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from streams.catalogue import reservoir_state, snapshot
from streams.catalogue.public_tables import MAX_VERSION, TABLES, PublicTables, tables_of
from streams.catalogue.soundness import is_tenant
from streams.dead_letter import Loss
from streams.discovery.catalogue import Catalogue
from streams.discovery.reservoir import Reservoir
from taskstream import topics
from taskstream.errors import UNDECODABLE, InputError
from taskstream.kafka import pieces
from taskstream.records import MOST, Int, Opportunity, Routine

R = TypeVar("R")
Published = TypeVar("Published", Routine, Opportunity)
Offset = Annotated[int, Meta(ge=0, le=MOST)]
PassOver = Callable[[str, str], None]
"""Called with the key of each item that is skipped, and why."""

POSITIONS: Final = "\x1fpositions"
"""Key of the input positions."""
TOPIC_IDS: Final = "\x1ftopics"
"""Key of the ids of the topics whose positions they are."""
READ: Final = frozenset({topics.SEGMENTS.name, topics.TRANSFERS.name, topics.ASSIGNMENTS.name, topics.STEPS.name})
"""Topics that have positions."""
_ITEM: Final = re.compile(rf"tenant|cluster/\d+|{TABLES}|{reservoir_state.ITEM.pattern}")
_positions = msgspec.json.Decoder(dict[str, dict[Int, Offset]])
_topic_ids = msgspec.json.Decoder(dict[str, str])
_tables = msgspec.msgpack.Decoder(bytes)


class StoredState(Struct):
    """Catalogues by tenant, and the input positions that they correspond to: topic → partition → next offset.

    ``topic_ids``  of the topics whose positions they are, and of those that hold what is kept, as this was written;
                   those that were not known are left out
    ``reservoirs``, ``tables``  by tenant, what it learns from, and what it learned last; an earlier version kept none
    """

    catalogues: dict[str, Catalogue]
    positions: dict[str, dict[int, int]]
    topic_ids: dict[str, str]
    reservoirs: dict[str, Reservoir] = {}
    tables: dict[str, PublicTables] = {}


def key_of(tenant: str, item: str) -> str:
    """The key in ``catalogue.state`` of a tenant's item."""
    return f"{tenant}\x1f{item}"


def state(items: Mapping[str, bytes], k: int, pass_over: PassOver) -> StoredState:
    """The catalogues that the items of ``catalogue.state`` hold.

    Raises:
        InputError: what cannot be left out is damaged, or another version's: the catalogue must be built anew.
    """
    whole = pieces.join(items)
    positions = _read(whole.pop(POSITIONS, None), _positions)
    if not all(0 <= n < 1 << 31 and 0 <= at < 1 << 63 for places in positions.values() for n, at in places.items()):
        raise InputError("the catalogue's positions are damaged: they are out of bounds")
    positions = {topic: at for topic, at in positions.items() if topic in READ}
    topic_ids: dict[str, str] = {}
    try:
        topic_ids = _read(whole.pop(TOPIC_IDS, None), _topic_ids)
    except InputError as error:
        pass_over(TOPIC_IDS, str(error))  # an id that is not known proves nothing
    tenants: dict[str, dict[str, bytes]] = {}
    for key, value in whole.items():
        tenant, between, name = key.partition("\x1f")
        if tenant and between and _ITEM.fullmatch(name):
            tenants.setdefault(tenant, {})[name] = value
        else:
            pass_over(key, "no item of a catalogue")
    catalogues: dict[str, Catalogue] = {}
    reservoirs: dict[str, Reservoir] = {}
    tables: dict[str, PublicTables] = {}
    for tenant, saved in tenants.items():
        if "tenant" not in saved:  # a catalogue writes it with each of its clusters
            for name in saved:
                pass_over(key_of(tenant, name), "it belongs to no catalogue")
            continue
        catalogues[tenant] = catalogue = snapshot.load(saved, k, partial(_pass_over_of, pass_over, tenant))
        if catalogue.tenant != tenant:
            raise InputError(f"the catalogue's checkpoint is damaged: that of {tenant!r:.200} is another tenant's")
        pass_over_item = partial(_pass_over_of, pass_over, tenant)
        steps = {name: value for name, value in saved.items() if reservoir_state.ITEM.fullmatch(name)}
        if steps:
            reservoirs[tenant] = reservoir_state.load(steps, pass_over_item)
        if TABLES in saved:
            try:
                tables[tenant] = tables_of(tenant, _tables.decode(saved[TABLES]))
            except UNDECODABLE as error:
                pass_over_item(TABLES, str(error))
    return StoredState(catalogues, positions, topic_ids, reservoirs, tables)


def _pass_over_of(pass_over: PassOver, tenant: str, item: str, why: str) -> None:
    pass_over(key_of(tenant, item), why)


def is_another(topic: str, kept_ids: Mapping[str, str], ids: Mapping[str, str]) -> bool:
    """Whether ``topic`` is another one than that of ``kept_ids``. An id that is not known proves nothing."""
    kept = kept_ids.get(topic, "")
    return bool(kept) and ids.get(topic, kept) != kept


def where(
    positions: Mapping[str, Mapping[int, int]],
    kept_ids: Mapping[str, str],
    ids: Mapping[str, str],
    bounds: Mapping[tuple[str, int], tuple[int, int]],
) -> tuple[dict[str, dict[int, int]], list[tuple[str, int, Loss]]]:
    """From where to read on, and what is lost.

    ``ids``     of the topics now; ``bounds``: (topic, partition) → first offset that Kafka holds, and the one after the
                last
    """
    found: dict[str, dict[int, int]] = {}
    losses: list[tuple[str, int, Loss]] = []
    for topic, places in positions.items():
        there = found[topic] = dict(places)
        is_new = is_another(topic, kept_ids, ids)
        for partition, position in places.items():
            first, end = bounds.get((topic, partition), (0, position))
            if is_new:
                there.pop(partition)
                why = "the topic was deleted and created again; going on at the start of the new one"
                losses.append((topic, partition, Loss(position, -1, why)))
                if first:
                    why = "left Kafka before they were read; the topic was created again meanwhile"
                    losses.append((topic, partition, Loss(0, first - 1, why)))
            elif position > end:
                there[partition] = end
                losses.append((topic, partition, Loss(end, position - 1, "the topic was cut; going on at its end")))
            elif position < first:
                there[partition] = first
                why = "left Kafka before they were read; going on behind them"
                losses.append((topic, partition, Loss(position, first - 1, why)))
    return found, losses


def _read(value: bytes | None, decoder: msgspec.json.Decoder[dict[str, R]]) -> dict[str, R]:
    if value is None:
        return {}
    try:
        return decoder.decode(value)
    except UNDECODABLE as error:
        raise InputError(f"the catalogue's positions are damaged: {error}") from error


def records(
    items: Mapping[str, bytes], decoder: msgspec.json.Decoder[Published], pass_over: PassOver
) -> list[Published]:
    """The records of a compacted topic that can be read, and whose versions leave room for ours."""
    found: list[Published] = []
    for key, value in items.items():
        try:
            record = decoder.decode(value)
        except UNDECODABLE as error:
            pass_over(key, str(error))
            continue
        if record.version > MAX_VERSION:
            pass_over(key, "no catalogue has come to its version")
        elif is_tenant(record.tenant):
            found.append(record)
        else:
            pass_over(key, "it is of no tenant")
    return found
