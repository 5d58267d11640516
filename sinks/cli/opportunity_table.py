"""The list of opportunities on a terminal: a table where it is wide, a card for each where it is narrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from sinks.results.opportunities import ListedOpportunity, active, runs_a_week
from sinks.results.words import counted, interval, judged, money, observed, payback, reasons, rough
from taskstream.records import NEVER_MONTHS

WIDE: Final = 110
"""Columns from which the table fits."""
UNTOLD: Final = "cannot be told: all times are the same"
_SHOWN_STEPS: Final = 12
_SHOWN_FIRST: Final = 8
"""The rest of the steps shown are the last ones: how it ends tells as much as how it begins."""


def show(console: Console, rows: Sequence[ListedOpportunity]) -> None:
    """Print ``rows``."""
    if console.width >= WIDE:
        console.print(_table(rows))
    for row in rows:
        console.print(_card(row, with_figures=console.width < WIDE))
    console.print(Text(_basis(rows[0]), style="dim"))


def why(row: ListedOpportunity) -> str:
    """The factors whose product is the hours saved, by which the list is ranked."""
    return reasons(row.why, row.hours_spent_per_year_low, row.hours_spent_per_year_high)


def saving(row: ListedOpportunity) -> str:
    """Hours saved a year with their interval, and when an automation would have paid for itself."""
    if row.timeless:
        return UNTOLD
    values = row.hours_saved_per_year, row.hours_saved_per_year_low, row.hours_saved_per_year_high
    hours = f"{rough(*values)} h a year (95 %: {interval(*values[1:])})"
    if row.payback_months >= NEVER_MONTHS:
        return f"{hours}; would not pay for itself"
    yearly = row.yearly_saving, row.yearly_saving_low, row.yearly_saving_high
    return (
        f"{hours}; {rough(*yearly)} {row.currency} a year net of upkeep (95 %: {interval(*yearly[1:])}), costs about "
        f"{money(row.build_cost)} {row.currency}, pays back in "
        f"{payback(row.payback_months, row.payback_months_low, row.payback_months_high)}"
    )


def _saved(row: ListedOpportunity) -> str:
    if row.timeless:
        return "?"
    return rough(row.hours_saved_per_year, row.hours_saved_per_year_low, row.hours_saved_per_year_high)


def _hours_a_week(row: ListedOpportunity) -> str:
    if row.timeless:
        return "?"
    return rough(row.hours_per_week, row.hours_per_week_low, row.hours_per_week_high)


def _table(rows: Sequence[ListedOpportunity]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    table.add_column("#", justify="right")
    table.add_column("opportunity", ratio=1, overflow="fold")
    for name in ("applications", "times/week", "people", "median", "p90", "h/week", "moved", "h saved/year", "verdict"):
        table.add_column(name, justify="left" if name in {"applications", "verdict"} else "right")
    for row in rows:
        table.add_row(
            str(row.rank), Text(row.name), Text(" → ".join(row.apps[:4])), runs_a_week(row),
            str(row.people), active(row, row.active_median_ms), active(row, row.active_p90_ms), _hours_a_week(row),
            f"{row.transferred_values:,.1f}", _saved(row), Text(row.verdict, style=_style(row)),
        )  # fmt: skip
    return table


def _card(row: ListedOpportunity, *, with_figures: bool) -> RenderableType:
    steps = list(row.steps)
    if more := len(steps) - _SHOWN_STEPS if len(steps) > _SHOWN_STEPS + 1 else 0:
        steps[_SHOWN_FIRST : _SHOWN_FIRST + more] = [f"… {more} more"]
    lines: list[RenderableType] = [Text.assemble((f"{row.rank}. {row.name}", "bold"), "  ", (row.verdict, _style(row)))]
    if with_figures:
        lines.append(
            Text(
                f"{_hours_a_week(row)} h a week: {runs_a_week(row)} times, by "
                f"{counted(row.people, 'person', 'people')}, median {active(row, row.active_median_ms)}, "
                f"p90 {active(row, row.active_p90_ms)}"
            )
        )
        lines.append(Text(f"applications: {' → '.join(row.apps)}"))
    low, high = active(row, row.active_low_ms), active(row, row.active_high_ms)
    between = f"median time {low}" if low == high else f"median time between {low} and {high} (95 %)"
    spent = row.hours_spent_per_year, row.hours_spent_per_year_low, row.hours_spent_per_year_high
    lines += [
        labelled("steps", " → ".join(steps)),
        labelled(
            "seen",
            f"{counted(row.executions, 'time')} in {counted(row.variants, 'variant')}; {between}",
        ),
        labelled(
            "moved",
            f"{row.transferred_values:,.1f} values copied or typed again per execution "
            f"({row.transfer_share:.0%} of what is written); next step certain to {row.determinism:.0%}",
        ),
        labelled("spent", UNTOLD if row.timeless else f"{rough(*spent)} h a year (95 %: {interval(*spent[1:])})"),
        labelled("saves", saving(row)),
        labelled("why here", UNTOLD if row.timeless else why(row)),
        labelled("observed", observed(row.first_ms, row.last_ms, row.working_days, row.people, row.people_known)),
    ]
    if row.preliminary:
        lines.append(labelled("careful", f"preliminary: {row.preliminary}"))
    return Group(Rule(style="dim"), *lines)


def labelled(name: str, text: str) -> Table:
    """A line with its name in front; long text goes on below itself."""
    line = Table.grid(padding=(0, 1))
    line.add_column(width=8, style="dim")
    line.add_column(overflow="fold")
    line.add_row(name, Text(text))
    return line


def _style(row: ListedOpportunity) -> str:
    return {"good": "green", "bad": "red", "unsure": "yellow"}[judged(row.verdict)]


def _basis(row: ListedOpportunity) -> str:
    told = ", ".join(f"{name} {value:g}" for name, value in row.assumptions.items())
    return f"ranked by hours saved a year; assumptions (each a setting): {told}" if told else ""
