"""What `up` and `demo` share: signals, progress on the terminal, the table of components."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from types import FrameType

    from rich.console import Console
    from rich.table import Table

    from deploy.local.home import InstanceState
    from deploy.local.progress import Progress
    from taskstream.settings import Settings


def require_parts(settings: Settings) -> None:
    """See that all parts are installed which the settings ask to run here.

    Raises:
        TaskstreamError: one is not.
    """
    from taskstream import extras

    extras.require("streams", "sinks", *(() if settings.kafka and settings.clickhouse else ("embedded",)))


@contextlib.contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal set ``stop``; a second Ctrl-C ends at once (guards clean up)."""

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.is_set() and number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        stop.set()

    numbers = [signal.SIGINT, signal.SIGTERM] + ([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def progress_on(console: Console) -> Iterator[Progress]:
    """Shows what takes long: a bar on a terminal, a line at each tenth otherwise."""
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Bars(*columns, console=console, transient=True) as bars:
            yield _bar(bars)
    else:
        yield _lines(console)


def _bar(bars: object) -> Progress:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    assert isinstance(bars, Bars)
    tasks: dict[str, TaskID] = {}

    def report(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total or None)
        bars.update(tasks[what], completed=done, total=total or None)

    return report


def _lines(console: Console) -> Progress:
    told: dict[str, int] = {}

    def report(what: str, done: int, total: int) -> None:
        tenth = 10 * done // total if total else 0
        if tenth > told.get(what, -1):
            told[what] = tenth
            console.print(f"{what}: {done / 1e6:.0f} of {total / 1e6:.0f} MB", highlight=False)

    return report


def components_table(state: InstanceState, now_ms: int) -> Table:
    """The processes of an instance."""
    from rich.table import Table

    table = Table("component", "state", "pid", "up", "restarts", box=None, pad_edge=False, header_style="bold")
    for each in state.components:
        up = f"{max(0, now_ms - each.started_ms) // 1000} s" if each.started_ms else "-"
        table.add_row(each.name, each.state, str(each.pid), up, str(each.restarts))
    return table


def addresses(state: InstanceState) -> list[str]:
    """Where a person finds what: lines for the terminal."""
    lines = []
    if state.dashboard:
        lines.append(f"page        {state.dashboard}")
    if state.kafka:
        version = f" (Apache Kafka {state.kafka.version})" if state.kafka.version else ""
        lines.append(f"Kafka       {state.kafka.address}{version}")
    if state.clickhouse:
        lines.append(f"ClickHouse  {state.clickhouse.address} (ClickHouse {state.clickhouse.version})")
    return lines


def console_for_people() -> Console:
    """Standard error: standard output is for results."""
    from rich.console import Console

    return Console(stderr=True, soft_wrap=not sys.stderr.isatty())


def quiet_libraries() -> None:
    """Keep what libraries log off the terminal: the errors that matter arrive as exceptions."""
    for name in ("clickhouse_connect", "urllib3", "jgo"):
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
