"""The ranked opportunities, as ClickHouse has them now."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from sinks.results.database import rows
from sinks.results.words import rough, rough_duration
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
    yearly_saving_low: float
    yearly_saving_high: float
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

    @property
    def timeless(self) -> bool:
        """Whether all times are the same, so that they tell of no duration."""
        return self.first_ms == self.last_ms


def runs_a_week(row: ListedOpportunity) -> str:
    """How often it is done, with no more digits than the hours a week have: these vary as much, or more."""
    part = row.executions_per_week / row.hours_per_week if row.hours_per_week else 0.0
    return rough(row.executions_per_week, row.hours_per_week_low * part, row.hours_per_week_high * part)


def active(row: ListedOpportunity, ms: int) -> str:
    """An active time a run, with no more digits than the interval of the median allows: no other is surer."""
    return rough_duration(ms, row.active_low_ms, row.active_high_ms)


def read(client: Client, top: int, *, k: int = 0) -> tuple[ListedOpportunity, ...]:
    """The best ``top`` opportunities; ``k``: a floor above the database's own.

    Raises:
        ServiceError: the database cannot be asked, or lacks the schema.
    """
    return rows(client, "opportunities", ListedOpportunity, top=top, k=k)


def listed(record: Opportunity) -> ListedOpportunity:
    """An opportunity that was never in a database, as read."""
    return msgspec.convert(record, ListedOpportunity, from_attributes=True)


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
