"""One routine with its evidence, as ClickHouse has it now; never of fewer than k people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sinks.results.database import rows
from taskstream.errors import UsageError
from taskstream.records import Edge, Flow, Routine, RoutineStep

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_EACH = 100
"""Variants of one routine that are read."""


class ListedVariant(Struct, frozen=True):
    """One way a routine is carried out; fields as in :class:`taskstream.records.RoutineVariant`."""

    routine: str
    variant: str
    steps: tuple[str, ...]
    executions: int
    share: float
    people: int = 0
    active_median_ms: int = 0
    active_p90_ms: int = 0


class ListedRoutine(Struct, frozen=True):
    """A routine and its evidence; fields as in :class:`taskstream.records.Routine`."""

    id: str
    tenant: str
    name: str
    pattern: str
    skeleton: tuple[str, ...]
    optional: tuple[str, ...]
    apps: tuple[str, ...]
    flows: tuple[Flow, ...]
    triggers: tuple[str, ...]
    executions: int
    partial: int
    people: int
    teams: int
    days: int
    first_ms: int
    last_ms: int
    active_median_ms: int
    active_p90_ms: int
    active_low_ms: int
    active_high_ms: int
    active_total_ms: int
    elapsed_median_ms: int
    elapsed_p90_ms: int
    waiting_share: float
    call_share: float
    transfer_share: float
    determinism: float
    steps: tuple[RoutineStep, ...]
    edges: tuple[Edge, ...]
    active_by_idle_ms: dict[str, int]
    waiting_median_ms: int
    complete_share: float
    transferred_values: float
    version: int
    variants: tuple[ListedVariant, ...] = ()


def listed(record: Routine) -> ListedRoutine:
    """A routine that was never in a database, as read."""
    variants = tuple(
        ListedVariant(
            record.id, one.id, one.steps, one.executions, one.share, one.people, one.active_median_ms, one.active_p90_ms
        )
        for one in record.variants
    )
    return replace(
        msgspec.convert(replace(record, variants=()), ListedRoutine, from_attributes=True), variants=variants
    )


class _Named(Struct, frozen=True):
    id: str


def read(client: Client, which: str) -> ListedRoutine:
    """The routine of an opportunity, by its rank in the list or its id.

    Raises:
        UsageError: there is none of that name (or it is of fewer than k people).
        ServiceError: the database cannot be asked, or lacks the schema.
    """
    named = rows(client, "named", _Named, which=which)
    found = rows(client, "routines", ListedRoutine, k=0, id=named[0].id) if named else ()
    if not found:
        raise UsageError(f"there is no routine {which!r}: give a rank or an id of `taskstream opportunities`")
    variants = rows(client, "variants", ListedVariant, k=0, routine=found[0].id, each=_EACH)
    return replace(found[0], variants=variants)
