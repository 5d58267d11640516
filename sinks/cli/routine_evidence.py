"""The evidence for one routine on a terminal: times, steps, values moved, variants, the process map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from sinks.cli.opportunity_table import labelled
from sinks.results.routine import ListedRoutine
from sinks.results.words import counted, duration, rough_duration
from taskstream.records import RoutineStep

SHOWN_EDGES = 3
"""Successors of a step that the process map shows."""
LEAST_EDGE = 0.05
"""Share of executions below which a path is left out of the process map."""


def show(console: Console, routine: ListedRoutine) -> None:
    """Print everything that is known of ``routine``."""
    console.print(Rule(style="dim"))
    console.print(Text.assemble((routine.name, "bold"), f"  {routine.pattern}  ", (routine.id, "dim")))
    console.print(Group(*_figures(routine)))
    for title, table in (
        ("steps", _steps(routine)),
        ("values moved", _flows(routine)),
        ("variants", _variants(routine)),
        ("process map", _map(routine)),
    ):
        if table.row_count:
            console.print(Text(f"\n{title}", style="bold"))
            console.print(table)


def _figures(routine: ListedRoutine) -> Iterator[RenderableType]:

    def sure(ms: int) -> str:
        """With no more digits than the interval of the median active time allows: no other time is surer."""
        return rough_duration(ms, routine.active_low_ms, routine.active_high_ms)

    yield labelled(
        "active",
        f"median {sure(routine.active_median_ms)} (95 %: {sure(routine.active_low_ms)} to "
        f"{sure(routine.active_high_ms)}), p90 {sure(routine.active_p90_ms)}",
    )
    elapsed = f"median {sure(routine.elapsed_median_ms)}, p90 {sure(routine.elapsed_p90_ms)}"
    yield labelled(
        "elapsed", f"{elapsed}; {routine.waiting_share:.0%} of it waiting, {routine.call_share:.0%} in calls"
    )
    limits = sorted((int(limit), ms) for limit, ms in routine.active_by_idle_ms.items())
    if limits:
        told = ", ".join(f"{sure(ms)} up to {duration(limit)}" for limit, ms in limits)
        yield labelled("idle", f"the median if pauses counted as work: {told}")
    first, last = _day(routine.first_ms), _day(routine.last_ms)
    when = first if first == last else f"{first} to {last}"
    yield labelled(
        "seen",
        f"{routine.executions:,} times, {when}, on {counted(routine.days, 'day')}, by "
        f"{counted(routine.people, 'person', 'people')} in {counted(routine.teams, 'team')}; "
        f"{routine.complete_share:.0%} ended with a completion"
        + (f"; {routine.partial:,} more were broken off" if routine.partial else ""),
    )
    yield labelled(
        "moved",
        f"{routine.transferred_values:,.1f} values copied or typed again per execution "
        f"({routine.transfer_share:.0%} of what is written); next step certain to {routine.determinism:.0%}",
    )
    if routine.triggers:
        yield labelled("before", "; ".join(routine.triggers))


def _steps(routine: ListedRoutine) -> Table:
    table = _table("#", "step", "in", "times", "active", "next certain")
    for number, step in enumerate(routine.steps, 1):
        table.add_row(
            str(number), Text(step.label), f"{step.presence:.0%}", f"{step.repeats:.1f}", duration(step.active_ms),
            f"{step.determinism:.0%}",
        )  # fmt: skip
    return table


def _flows(routine: ListedRoutine) -> Table:
    table = _table("from", "to", "how", "form", "in")
    for flow in routine.flows:
        table.add_row(Text(flow.source), Text(flow.target), flow.how, flow.form, f"{flow.share:.0%}")
    return table


def _variants(routine: ListedRoutine) -> Table:
    table = _table("variant", "executions", "share", "differs from the first by")
    usual = routine.variants[0].steps if routine.variants else ()
    words = {step.activity: step.label for step in routine.steps}
    for number, variant in enumerate(routine.variants, 1):
        table.add_row(
            str(number), f"{variant.executions:,}", f"{variant.share:.0%}",
            Text(_difference(usual, variant.steps, words) if number > 1 else "-"),
        )  # fmt: skip
    return table


def _difference(usual: Sequence[str], steps: Sequence[str], words: dict[str, str]) -> str:
    """What a variant has and has not beside the usual one, in words; else that its order differs."""
    more = [f"+ {words.get(step) or _plain(step)}" for step in dict.fromkeys(steps) if step not in usual]
    less = [f"- {words.get(step) or _plain(step)}" for step in dict.fromkeys(usual) if step not in steps]
    return ", ".join(more + less) or "order or repetition"


def _plain(activity: str) -> str:
    """A readable name for an activity too rare in the routine to have a label."""
    app, kind, screen, element = [*activity.split("|", 3), "", "", ""][:4]
    return f"{kind} {element or screen} ({app})"


def _map(routine: ListedRoutine) -> Table:
    table = _table("after", "comes", "in")
    for source in range(-1, len(routine.steps)):
        edges = [edge for edge in routine.edges if edge.source == source and edge.share >= LEAST_EDGE]
        for number, edge in enumerate(sorted(edges, key=lambda edge: -edge.share)[:SHOWN_EDGES]):
            name = _place(routine.steps, source, "(start)") if number == 0 else ""
            table.add_row(Text(name), Text(_place(routine.steps, edge.target, "(end)")), f"{edge.share:.0%}")
    return table


def _place(steps: Sequence[RoutineStep], number: int, outside: str) -> str:
    return steps[number].label if 0 <= number < len(steps) else outside


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    numbers = {"#", "in", "times", "active", "next certain", "executions", "share"}
    for name in names:
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return table


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")
