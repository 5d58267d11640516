"""An opportunity and a routine as read, for tests to change."""

from __future__ import annotations

from typing import Any, Final, TypeVar, get_origin

import msgspec

from sinks.results.opportunities import ListedOpportunity
from sinks.results.routine import ListedRoutine, ListedVariant
from taskstream.records import Edge, Flow, RoutineStep

_OPPORTUNITY: Final[dict[str, Any]] = {
    "rank": 1,
    "name": "Copy customer row from Excel to web form and submit",
    "verdict": "worth it",
    "pattern": "copy bridge",
    "steps": ("excel: copy cell", "chrome: paste name", "chrome: submit"),
    "apps": ("excel", "chrome"),
    "executions": 120,
    "executions_per_week": 60.0,
    "people": 12,
    "active_median_ms": 69_000,
    "active_p90_ms": 140_000,
    "active_low_ms": 67_000,
    "active_high_ms": 71_000,
    "active_total_ms": 8_400_000,
    "people_known": 30,
    "first_ms": 1_767_571_200_000,
    "last_ms": 1_767_916_800_000,
    "working_days": 4.0,
    "preliminary": "4 working days observed, fewer than 5",
    "hours_per_week": 1.2,
    "hours_per_week_low": 0.9,
    "hours_per_week_high": 1.5,
    "transferred_values": 6.5,
    "transfer_share": 0.63,
    "determinism": 0.85,
    "variants": 4,
    "exceptions": 0.1,
    "hours_spent_per_year": 52.8,
    "hours_spent_per_year_low": 40.0,
    "hours_spent_per_year_high": 66.0,
    "hours_saved_per_year": 30.0,
    "hours_saved_per_year_low": 22.0,
    "hours_saved_per_year_high": 38.0,
    "currency": "CHF",
    "build_cost": 3000.0,
    "yearly_saving": 1500.0,
    "yearly_saving_low": 1140.0,
    "yearly_saving_high": 1860.0,
    "net_saving_low": -10.0,
    "net_saving": 1200.0,
    "net_saving_high": 2400.0,
    "payback_months_low": 18.0,
    "payback_months": 24.0,
    "payback_months_high": 999.0,
    "why": {"hours a year spent": 52.8, "can be automated": 0.9, "will be adopted": 0.8, "without exceptions": 0.79},
    "assumptions": {"hourly_cost": 45.0},
    "id": "r1",
    "tenant": "local",
    "version": 3,
}
_ROUTINE: Final[dict[str, Any]] = {
    "id": "r1", "tenant": "local", "name": "Copy row", "pattern": "copy bridge",
    "skeleton": ("excel|copy|s|cell:a",), "optional": (), "apps": ("excel", "crm"),
    "variants": (
        ListedVariant("r1", "v1", ("excel|copy|s|cell:a", "crm|paste|f|field:name"), 30, 0.75),
        ListedVariant("r1", "v2", ("crm|paste|f|field:name", "crm|click|f|button:help"), 10, 0.25),
    ),
    "flows": (Flow("Excel / column A", "CRM / field Name", "paste", "text", 0.9),),
    "triggers": ("after: Read mail (40%)",), "executions": 40, "people": 6, "teams": 1, "days": 3,
    "first_ms": 1_760_000_000_000, "last_ms": 1_760_200_000_000, "active_median_ms": 61_000, "active_p90_ms": 90_000,
    "active_low_ms": 58_000, "active_high_ms": 64_000, "active_total_ms": 2_500_000,
    "elapsed_median_ms": 120_000, "elapsed_p90_ms": 300_000,
    "waiting_share": 0.4, "transfer_share": 0.8, "determinism": 0.9, "partial": 4, "complete_share": 0.95,
    "transferred_values": 3.0, "call_share": 0.05, "waiting_median_ms": 9_000, "version": 1,
    "steps": (
        RoutineStep("excel|copy|s|cell:a", "copy column A (Excel)", 1.0, 1.0, 0.9, 2_000, "read"),
        RoutineStep("crm|paste|f|field:name", "paste into field Name (CRM)", 1.0, 1.0, 1.0, 1_000, "write"),
    ),
    "edges": (Edge(-1, 0, 1.0), Edge(0, 1, 0.9), Edge(1, -1, 1.0), Edge(0, -1, 0.01)),
    "active_by_idle_ms": {"180000": 75_000, "30000": 61_000, "60000": 66_000},
}  # fmt: skip


R = TypeVar("R", bound=msgspec.Struct)


def opportunity(**changed: Any) -> ListedOpportunity:
    """The sample, with the fields given changed."""
    return _made(ListedOpportunity, _OPPORTUNITY | changed)


def routine(**changed: Any) -> ListedRoutine:
    """The sample, with the fields given changed."""
    return _made(ListedRoutine, _ROUTINE | changed)


def _made(kind: type[R], given: dict[str, Any]) -> R:
    """A field that has been added since holds its type's empty value, so that a sample need not know it."""
    types = {field.name: field.type for field in msgspec.structs.fields(kind) if field.required}
    return kind(**{name: (get_origin(of) or of)() for name, of in types.items()} | given)
