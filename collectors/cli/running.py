"""What the feeding commands share: signals, a progress bar, speeds."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click


@contextmanager
def terminated_as_interrupt() -> Iterator[None]:
    """SIGTERM ends the command as Ctrl-C does: cleanly, with the same exit code."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def serve_metrics(port: int) -> None:
    """Serve the process's metrics, health and readiness; prints the address on standard error."""
    from taskstream import metrics

    click.echo(f"metrics on 127.0.0.1:{metrics.serve(port)}", err=True)


@contextmanager
def progress(label: str, total: int | None, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """A function that shows how many events Kafka has; does nothing without a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)


class Speed(click.ParamType):
    """How many times faster than recorded; ``max`` or 0: as fast as possible."""

    name = "X"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        if value == "max":
            return 0.0
        try:
            speed = float(str(value))
        except ValueError:
            speed = -1.0
        if not 0 <= speed <= 1e6:
            self.fail(f"{value!r} is no speed: give a number such as 60, or max", param, ctx)
        return speed
