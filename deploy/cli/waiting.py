"""What `up` and `demo` show while everything starts or stops: each part that they wait for, and for how long."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console, Group

TICK_S: Final = 0.1
REPEAT_S: Final = 5.0
"""Without a terminal, a line is repeated after so long without news (seconds)."""
BAR: Final = 30


class WaitLog:
    """Remembers what was waited for, and makes a line when there is news. Times in seconds."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}
        self._before: dict[str, float] = {}
        self._told_s = 0.0

    def line(self, now_s: float, waiting: Mapping[str, float]) -> str:
        """A line at ``now_s`` since the beginning: parts have come or gone, or it is time to repeat it; else empty."""
        gone = {part: seconds for part, seconds in self._before.items() if part not in waiting}
        news = gone or waiting.keys() - self._before.keys()
        self.took |= gone
        self._before = dict(waiting)
        if not news and (not waiting or now_s - self._told_s < REPEAT_S):
            return ""
        self._told_s = now_s
        words = [f"{part} took {seconds:.1f} s" for part, seconds in gone.items()]
        if waiting:
            words.append("waiting for " + ", ".join(f"{part} ({seconds:.0f} s)" for part, seconds in waiting.items()))
        return f"{now_s:5.1f} s  {'; '.join(words)}"


class Waiting:
    """Shows what is waited for: a changing view on a terminal, lines elsewhere. Call ``progress`` for downloads."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._downloads: dict[str, tuple[int, int]] = {}
        self._tenths: dict[str, int] = {}

    @contextlib.contextmanager
    def shown(self, title: str, waiting: Callable[[], Mapping[str, float]]) -> Iterator[None]:
        """Within the block show what ``waiting`` returns: parts and their seconds. Nothing waited for, no line."""
        from rich.live import Live

        began_s, told = time.monotonic(), WaitLog()
        if self._console.is_terminal:

            def draw() -> Group:
                now_s, found = time.monotonic() - began_s, waiting()
                told.line(now_s, found)
                return render(f"{title} {now_s:.0f} s", found, told.took, self._downloads)

            with Live(console=self._console, get_renderable=draw, refresh_per_second=8, transient=True):
                yield
            return
        end = threading.Event()

        def write() -> None:
            head = f"{title} ...\n"
            while not end.wait(TICK_S):
                if line := told.line(time.monotonic() - began_s, waiting()):
                    self._console.print(head + line, highlight=False, markup=False)
                    head = ""

        writer = threading.Thread(target=write, name="waiting", daemon=True)
        writer.start()
        try:
            yield
        finally:
            end.set()
            writer.join()

    def progress(self, what: str, done: int, total: int) -> None:
        """Note the bytes downloaded so far and in all; without a terminal print a line for each tenth."""
        self._downloads[what] = (done, total)
        tenth = 10 * done // total if total else 0
        if not self._console.is_terminal and tenth > self._tenths.get(what, -1):
            self._tenths[what] = tenth
            self._console.print(f"{what}: {done / 1e6:.0f} of {total / 1e6:.0f} MB", highlight=False)


def render(
    title: str, waiting: Mapping[str, float], took: Mapping[str, float], downloads: Mapping[str, tuple[int, int]]
) -> Group:
    """The view: parts that are ready, parts waited for, downloads."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    parts = Table(box=None, show_header=False, pad_edge=False)
    for part, seconds in took.items():
        if part not in waiting:
            parts.add_row("[green]●[/]", part, f"{seconds:.1f} s")
    for part, seconds in waiting.items():
        parts.add_row("[yellow]●[/]", part, f"{seconds:.0f} s", "[dim]waiting[/]")
    bars = Table.grid(padding=(0, 1))
    for what, (done, total) in downloads.items():
        if done < total:
            bar = ProgressBar(total=total, completed=done, width=BAR)
            bars.add_row(what, bar, f"{done / 1e6:.0f} of {total / 1e6:.0f} MB")
    return Group(Text(title, style="bold"), *(table for table in (parts, bars) if table.row_count))
