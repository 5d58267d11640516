"""The list of opportunities as rows of a table: texts and numbers ready to show, and what a row opens to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sinks.dashboard.page_data import Snapshot
from sinks.results import words
from sinks.results.opportunities import ListedOpportunity, active, runs_a_week
from sinks.results.routine import ListedRoutine, ListedVariant

COLUMNS: list[dict[str, Any]] = [
    {"name": "rank", "label": "#", "field": "rank", "align": "right", "sortable": True},
    {"name": "name", "label": "Opportunity", "field": "name", "align": "left", "sortable": True},
    {"name": "apps", "label": "Applications", "field": "apps_text", "align": "left"},
    {"name": "week", "label": "Runs a week", "field": "executions_per_week", "align": "right", "sortable": True},
    {"name": "people", "label": "People", "field": "people", "align": "right", "sortable": True},
    {"name": "time", "label": "Active time a run", "field": "active_median_ms", "align": "right", "sortable": True},
    {"name": "hours", "label": "Hours a week", "field": "hours_per_week", "align": "right", "sortable": True},
    {
        "name": "saving",
        "label": "Hours saved a year",
        "field": "hours_saved_per_year",
        "align": "right",
        "sortable": True,
    },
    {"name": "verdict", "label": "Verdict", "field": "verdict", "align": "left", "sortable": True},
]
UNTOLD = "cannot be told"
_ASSUMED = {
    "hourly_cost": "cost of an hour of work",
    "adoption": "runs an automation takes over",
    "weeks_per_year": "working weeks a year",
}


def rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    """One dict an opportunity. Everything in it is plain text or a number: the page adds no markup from data."""
    routines = {routine.id: routine for routine in snapshot.routines}
    variants = defaultdict[str, list[ListedVariant]](list)
    for variant in snapshot.variants:
        variants[variant.routine].append(variant)
    top = max((each.hours_per_week for each in snapshot.opportunities), default=0.0) or 1.0
    return [_row(each, routines.get(each.id), variants[each.id], top) for each in snapshot.opportunities]


def _row(
    each: ListedOpportunity, routine: ListedRoutine | None, variants: Sequence[ListedVariant], top: float
) -> dict[str, Any]:
    saved = each.hours_saved_per_year, each.hours_saved_per_year_low, each.hours_saved_per_year_high
    return {
        "id": each.id,
        "rank": each.rank,
        "name": each.name,
        "pattern": each.pattern,
        "apps": list(each.apps),
        "apps_text": ", ".join(each.apps),
        "executions_per_week": each.executions_per_week,
        "week_text": runs_a_week(each),
        "executions_text": f"{words.count(each.executions)} seen",
        "people": each.people,
        "active_median_ms": each.active_median_ms,
        "median_text": active(each, each.active_median_ms),
        "p90_text": f"90 % under {active(each, each.active_p90_ms)}",
        "hours_per_week": each.hours_per_week,
        "hours_text": UNTOLD
        if each.timeless
        else f"{words.rough(each.hours_per_week, each.hours_per_week_low, each.hours_per_week_high)} h",
        "hours_bar": round(100 * each.hours_per_week / top, 1),
        "hours_saved_per_year": each.hours_saved_per_year,
        "saving_text": UNTOLD if each.timeless else f"{words.rough(*saved)} h",
        "interval_text": UNTOLD if each.timeless else words.interval(*saved[1:]),
        "observed": words.observed(each.first_ms, each.last_ms, each.working_days, each.people, each.people_known),
        "preliminary": each.preliminary,
        "verdict": each.verdict,
        "verdict_class": words.judged(each.verdict),
        "steps": list(each.steps),
        "variants": [
            {
                "share": words.share(variant.share),
                "bar": round(100 * variant.share, 1),
                "steps": " → ".join(map(words.activity, variant.steps)),
                "time": active(each, variant.active_median_ms),
            }
            for variant in variants[:4]
        ],
        "flows": _flows(routine),
        "optional": [words.activity(step) for step in (routine.optional[:6] if routine else ())],
        "why": UNTOLD
        if each.timeless
        else words.reasons(each.why, each.hours_spent_per_year_low, each.hours_spent_per_year_high),
        "facts": _facts(each),
    }


def _flows(routine: ListedRoutine | None) -> list[dict[str, str]]:
    if routine is None:
        return []
    return [
        {
            "source": words.activity(flow.source),
            "target": words.activity(flow.target),
            "how": "pasted" if flow.how == "paste" else "typed again",
            "share": words.share(flow.share),
        }
        for flow in routine.flows[:6]
    ]


def _facts(each: ListedOpportunity) -> list[dict[str, str]]:
    spent = each.hours_spent_per_year, each.hours_spent_per_year_low, each.hours_spent_per_year_high
    if each.timeless:
        return [{"what": "hours", "value": f"{UNTOLD}: all times are the same"}]
    yearly = each.yearly_saving, each.yearly_saving_low, each.yearly_saving_high
    facts = [
        ("median lies within", f"{active(each, each.active_low_ms)} to {active(each, each.active_high_ms)}"),
        ("active time of all runs seen", words.duration(each.active_total_ms)),
        ("values moved a run", f"{each.transferred_values:.1f}"),
        ("next step is certain", words.share(each.determinism)),
        ("hours spent a year", f"{words.rough(*spent)} ({words.interval(*spent[1:])})"),
        ("cost to build", f"about {words.money(each.build_cost)} {each.currency}"),
        (
            "saving a year, net of upkeep",
            f"{words.rough(*yearly)} {each.currency} ({words.interval(*yearly[1:])})",
        ),
        ("pays back in", words.payback(each.payback_months, each.payback_months_low, each.payback_months_high)),
    ]
    facts += [
        (text, words.share(each.assumptions[name]) if name == "adoption" else f"{each.assumptions[name]:g}")
        for name, text in _ASSUMED.items()
        if name in each.assumptions
    ]
    return [{"what": what, "value": value} for what, value in facts]
