"""The head of the page: its name, whether it is live, and the choice of light or dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from nicegui import ui

from sinks.dashboard.page_data import Snapshot

_CHOICE: Final = """(() => { const kept = localStorage.getItem('taskstream-dark');
    return kept === null ? matchMedia('(prefers-color-scheme: dark)').matches : kept === 'true'; })()"""
_FLIP: Final = """(() => { const dark = !document.body.classList.contains('body--dark');
    localStorage.setItem('taskstream-dark', String(dark)); return dark; })()"""


class Head:
    """``on_choice`` is told whether the viewer's choice is dark."""

    def __init__(self, on_choice: Callable[[bool], None]) -> None:
        self._on_choice = on_choice
        self._dark = ui.dark_mode(None)
        with ui.element("header").classes("head"):
            ui.html("<h1>Taskstream</h1>", sanitize=False)
            ui.label("repetitive desktop work, live").classes("sub")
            ui.element("div").classes("grow")
            self._live = ui.label().classes("live").props('role="status"')
            self._toggle = ui.button(icon="dark_mode", on_click=self._flip).props(
                'flat round dense color="grey" aria-label="Switch between light and dark"'
            )

    def show(self, snapshot: Snapshot, *, stale: bool) -> None:
        """Say whether what is shown is up to date."""
        self._live.set_text("waiting for data" if not snapshot.at_ms else "not up to date" if stale else "live")
        self._live.classes(add="stale") if stale else self._live.classes(remove="stale")

    async def settle(self) -> None:
        """Take over the viewer's choice, once their browser can be asked."""
        self._choose(bool(await ui.run_javascript(_CHOICE, timeout=5)))

    async def _flip(self) -> None:
        # Asked of the browser: it may follow its system's choice, which settle() has not learnt yet.
        self._choose(bool(await ui.run_javascript(_FLIP, timeout=5)))

    def _choose(self, dark: bool) -> None:
        self._dark.set_value(dark)
        self._toggle.props(f"icon={'light_mode' if dark else 'dark_mode'}")
        self._on_choice(dark)
