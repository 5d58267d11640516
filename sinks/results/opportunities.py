"""The ranked opportunities, as ClickHouse has them now."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from sinks.results.database import rows
from taskstream.records import Opportunity

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


class ListedOpportunity(Struct, frozen=True):
    """One row of the list; fields as in :class:`taskstream.records.Opportunity`. Never of fewer than k people."""

    rank: int
    name: str
    verdict: str
    preliminary: str
    hours_saved_per_year: float
    hours_saved_per_year_low: float
    hours_saved_per_year_high: float
    hours_per_week: float
    hours_per_week_low: float
    hours_per_week_high: float
    hours_spent_per_year: float
    hours_spent_per_year_low: float
    hours_spent_per_year_high: float
    executions: int
    executions_per_week: float
    people: int
    people_known: int
    first_ms: int
    last_ms: int
    working_days: float
    active_median_ms: int
    active_p90_ms: int
    active_low_ms: int
    active_high_ms: int
    active_total_ms: int
    steps: tuple[str, ...]
    apps: tuple[str, ...]
    pattern: str
    variants: int
    transferred_values: float
    transfer_share: float
    determinism: float
    exceptions: float
    currency: str
    build_cost: float
    yearly_saving: float
    net_saving_low: float
    net_saving: float
    net_saving_high: float
    payback_months_low: float
    payback_months: float
    payback_months_high: float
    why: dict[str, float]
    assumptions: dict[str, float]
    id: str
    tenant: str
    version: int


class Standing(Struct, frozen=True):
    """What there is when the list is empty: counts without persons (``people``: 0 below the floor), and the floor."""

    events: int
    segments: int
    routines: int
    people: int
    floor: int


def read(client: Client, top: int, *, k: int = 0) -> tuple[ListedOpportunity, ...]:
    """The best ``top`` opportunities; ``k``: a floor above the database's own.

    Raises:
        ServiceError: the database cannot be asked, or lacks the schema.
    """
    return rows(client, "opportunities", ListedOpportunity, top=top, k=k)


def listed(record: Opportunity) -> ListedOpportunity:
    """An opportunity that was never in a database, as read."""
    return msgspec.convert(record, ListedOpportunity, from_attributes=True)


def standing(client: Client) -> Standing:
    """What there is.

    Raises:
        ServiceError: as :func:`read`.
    """
    return rows(client, "standing", Standing)[0]


def as_csv(found: Sequence[ListedOpportunity]) -> str:
    """The list as CSV with a header; steps and applications joined by `` > ``, maps as JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(ListedOpportunity.__struct_fields__)
    for row in found:
        writer.writerow([_cell(value) for value in msgspec.structs.astuple(row)])
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return " > ".join(value)
    return msgspec.json.encode(value).decode() if isinstance(value, dict) else value


def advice(there: Standing) -> str:
    """What to do when nothing is listed, by how far the data have come."""
    if not there.events:
        return (
            "nothing found yet: no events are stored. Replay a recording (`taskstream replay LOG`), simulate an office "
            "(`taskstream simulate`) or record this desktop (`taskstream collect`), with `taskstream worker` and "
            "`taskstream sink` running; `taskstream up` runs both."
        )
    if not there.segments:
        return (
            f"nothing found yet: {there.events:,} events are stored, but no execution of a task has been told apart. "
            "A person's executions are decided when they have done some hundred steps, lock the screen or pause for a "
            "quarter of an hour; later than that, see whether `taskstream worker` is running."
        )
    if there.people < there.floor:
        return (
            f"nothing to show: fewer than {there.floor} people are recorded, and nothing is shown of fewer. More "
            "people help; on a machine of your own, `taskstream migrate --k 1` lowers the floor."
        )
    if not there.routines:
        return (
            f"nothing found yet: {there.segments:,} executions of {there.people:,} people are stored, but none was "
            f"done three times or more, by {there.floor} people at least, in the same way. More recordings help; is "
            "`taskstream catalogue` running?"
        )
    return (
        f"nothing to show: no routine that would be listed is shared by {there.floor} people or more. More people "
        "help; on a machine of your own, `taskstream migrate --k 1` lowers the floor."
    )
