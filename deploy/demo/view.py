"""The demo's progress: one live view on a terminal, lines elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live

    from deploy.local.home import InstanceState
    from sinks.results.opportunities import ListedOpportunity

SHOWN = 5
# A long phase is repeated as a line after this many seconds.
REPEAT_S = 5.0


class Sample(Struct):
    """What is known now. Counts are of this run; ``sent`` is 0 until a player has ended, ``expected`` until all have.

    ``waited_s`` is for how long the phase has lasted; None when it waits for nothing.
    """

    phase: str = "starting"
    waited_s: float | None = None
    events_in: int = 0
    stored: int = 0
    sent: int = 0
    expected: int = 0
    lag: int = 0
    dead_letters: int = 0
    freshness_ms: tuple[float, float] = (0.0, 0.0)
    opportunities: tuple[ListedOpportunity, ...] = ()


class View(Protocol):
    """Shows samples."""

    def update(self, sample: Sample, state: InstanceState | None) -> None:
        """Show this now."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """While something else is printed."""
        ...

    def close(self) -> None:
        """Show no more."""
        ...


class Lines:
    """For logs and pipes: a line when the phase changes or opportunities appear, and while a phase lasts long."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phase = ""
        self._told_s = 0.0
        self._listed = 0

    def update(self, sample: Sample, state: InstanceState | None) -> None:
        """A line when there is news."""
        del state
        if sample.phase != self._phase:
            self._phase, self._told_s = sample.phase, 0.0
            self._say(sample.phase)
        elif sample.waited_s is not None and sample.waited_s - self._told_s >= REPEAT_S:
            self._told_s = sample.waited_s
            stored = "no events yet"
            if sample.expected:
                stored = f"{sample.stored:,} of {sample.expected:,} events stored"
            elif sample.stored:
                stored = f"{sample.stored:,} events stored"
            self._say(f"{sample.phase} ({sample.waited_s:.0f} s): {stored}, {sample.lag:,} messages wait")
        if len(sample.opportunities) > self._listed:
            from sinks.results import words

            for each in sample.opportunities[self._listed :]:
                people = words.counted(each.people, "person", "people")
                hours = words.rough(each.hours_per_week, each.hours_per_week_low, each.hours_per_week_high)
                self._say(f"found {each.rank}. {each.name}: {hours} h a week, {people}")
            self._listed = len(sample.opportunities)

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Nothing to make room for."""
        yield

    def close(self) -> None:
        """Nothing to end."""


class Screen:
    """For terminals: one view that changes in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None

    def update(self, sample: Sample, state: InstanceState | None) -> None:
        """Draw it."""
        from rich.live import Live

        if self._live is None:
            self._live = Live(console=self._console, refresh_per_second=4, transient=True)
            self._live.start()
        self._live.update(render(sample, state))

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """The view makes room, and comes back below with the next sample."""
        self.close()
        yield

    def close(self) -> None:
        """Leave the terminal clean."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def render(sample: Sample, state: InstanceState | None) -> Group:
    """The view: components, flow, opportunities, addresses."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    from deploy.cli.running import addresses
    from sinks.results.words import duration, rough

    waited = "" if sample.waited_s is None else f" ({sample.waited_s:.0f} s)"
    parts: list[object] = [Text(f"Taskstream demo: {sample.phase}{waited}", style="bold")]
    if state is not None:
        marks = {"running": "[green]●[/]", "starting": "[yellow]●[/]", "waiting": "[red]●[/]", "ended": "[dim]●[/]"}
        parts.append(Text.from_markup("  ".join(f"{marks[each.state]} {each.name}" for each in state.components)))
    flow = Table(box=None, show_header=False, pad_edge=False)
    flow.add_row("events in", f"{sample.events_in:,}", "stored", f"{sample.stored:,}", "waiting", f"{sample.lag:,}")
    p50, p99 = sample.freshness_ms
    flow.add_row("fresh p50", f"{p50:,.0f} ms", "p99", f"{p99:,.0f} ms", "refused", f"{sample.dead_letters:,}")
    parts.append(flow)
    if sample.expected:
        bar = Table.grid()
        bar.add_row(ProgressBar(total=sample.expected, completed=min(sample.stored, sample.expected), width=60))
        parts.append(bar)
    if sample.opportunities:
        table = Table("", "opportunity", "h/week", "times", "people", "median", box=None, pad_edge=False)
        for each in sample.opportunities[:SHOWN]:
            hours = rough(each.hours_per_week, each.hours_per_week_low, each.hours_per_week_high)
            row = (str(each.rank), each.name, hours, f"{each.executions:,}", str(each.people))
            table.add_row(*row, duration(each.active_median_ms))
        parts.append(table)
    if state is not None:
        parts += [Text(line) for line in addresses(state)]
    return Group(*parts)  # type: ignore[arg-type]
