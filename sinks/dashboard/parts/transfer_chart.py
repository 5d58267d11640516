"""Values carried between applications."""

from __future__ import annotations

from nicegui import ui

from sinks.dashboard import charts
from sinks.dashboard.page_data import Snapshot
from sinks.dashboard.parts.drawing import Palette, blank_chart, draw


class TransferChart:
    """From left to right."""

    def __init__(self, palette: Palette) -> None:
        self._palette = palette
        with ui.element("section").classes("card"):
            ui.html("<h2>Values carried between applications</h2>", sanitize=False)
            ui.label("Copied and pasted, or typed again; from left to right").classes("lead")
            self._none = ui.label("No transfer yet that enough people share.").classes("empty")
            self._chart = blank_chart()

    def show(self, snapshot: Snapshot) -> None:
        """Draw it."""
        moved = snapshot.transfers
        said = "; ".join(f"{each.source} to {each.target}: {each.values}" for each in moved[:10])
        options = charts.transfers(moved, self._palette.theme, self._palette.known)
        draw(self._chart, options, f"Values carried between applications. {said}")
        self._none.set_visibility(not moved)
        self._chart.set_visibility(bool(moved))
