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


class Sample(Struct):
    """What is known now. Counts are of this run; ``sent`` is 0 until a player has ended."""

    phase: str = "starting"
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

    def say(self, line: str) -> None:
        """A line that stays."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """While something else is printed."""
        ...

    def close(self) -> None:
        """Show no more."""
        ...


class Lines:
    """For logs and pipes: a line when the phase changes or opportunities appear."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phase = ""
        self._listed = 0

    def update(self, sample: Sample, state: InstanceState | None) -> None:
        """A line when there is news."""
        del state
        if sample.phase != self._phase:
            self._phase = sample.phase
            self.say(sample.phase)
        if len(sample.opportunities) > self._listed:
            for each in sample.opportunities[self._listed :]:
                self.say(f"found {each.rank}. {each.name}: {each.hours_per_week:.1f} h a week, {each.people} people")
            self._listed = len(sample.opportunities)

    def say(self, line: str) -> None:
        """Print it."""
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
        self._live = self._open()

    def _open(self) -> Live:
        from rich.live import Live

        live = Live(console=self._console, refresh_per_second=4, transient=True)
        live.start()
        return live

    def update(self, sample: Sample, state: InstanceState | None) -> None:
        """Draw it."""
        self._live.update(render(sample, state))

    def say(self, line: str) -> None:
        """A line above the view."""
        self._console.print(line, highlight=False, markup=False)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """The view makes room, and comes back below."""
        self._live.stop()
        yield
        self._live = self._open()

    def close(self) -> None:
        """Leave the terminal clean."""
        self._live.stop()


def render(sample: Sample, state: InstanceState | None) -> Group:
    """The view: components, flow, opportunities, addresses."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    from deploy.cli.running import addresses
    from sinks.results.words import duration

    parts: list[object] = [Text(f"Taskstream demo: {sample.phase}", style="bold")]
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
            row = (str(each.rank), each.name, f"{each.hours_per_week:.1f}", f"{each.executions:,}", str(each.people))
            table.add_row(*row, duration(each.active_median_ms))
        parts.append(table)
    if state is not None:
        parts += [Text(line) for line in addresses(state)]
    return Group(*parts)  # type: ignore[arg-type]
