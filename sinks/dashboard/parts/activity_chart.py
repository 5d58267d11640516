"""Activity by application, over a span that the viewer chooses."""

from __future__ import annotations

from typing import Final

from nicegui import ui

from sinks.dashboard import charts
from sinks.dashboard.page_data import Snapshot
from sinks.dashboard.parts.drawing import Palette, blank_chart, draw

SPANS: Final = {60: "1 hour", 480: "8 hours", 1440: "24 hours"}


class ActivityChart:
    """Events a minute, by the time of the events."""

    def __init__(self, palette: Palette) -> None:
        self._palette = palette
        self._span = 60
        self._shown = Snapshot()
        with ui.element("section").classes("card"):
            with ui.element("div").classes("title-row"):
                with ui.element("div"):
                    ui.html("<h2>Activity by application</h2>", sanitize=False)
                    ui.label("Events a minute, by the time of the events").classes("lead")
                ui.element("div").classes("grow")
                ui.toggle(SPANS, value=self._span, on_change=lambda e: self._choose(e.value)).props(
                    'dense unelevated no-caps toggle-color="primary" size="sm" aria-label="Span shown"'
                )
            self._none = ui.label("No minute yet in which enough people were active.").classes("empty")
            self._chart = blank_chart()

    def show(self, snapshot: Snapshot) -> None:
        """Draw it."""
        self._shown = snapshot
        options = charts.activity(snapshot.activity, self._span, self._palette.theme, self._palette.known)
        names = ", ".join(series["name"] for series in options["series"])
        draw(self._chart, options, f"Events a minute by application: {names}")
        self._none.set_visibility(not snapshot.activity)
        self._chart.set_visibility(bool(snapshot.activity))

    def _choose(self, minutes: int) -> None:
        self._span = minutes
        self.show(self._shown)
