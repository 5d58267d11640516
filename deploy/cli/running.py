"""What `up` and `demo` share: signals, the table of components, addresses."""

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
    """Keep the libraries' log lines off the terminal: errors that matter arrive as exceptions."""
    for name in ("clickhouse_connect", "urllib3", "jgo"):
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
