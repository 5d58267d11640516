"""What the charts share: the colours in use, and how options are handed to a chart."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from sinks.dashboard.page_data import Snapshot
from sinks.dashboard.theme import DARK, LIGHT, Theme


class Palette:
    """One viewer's colours. An application keeps the colour that it got when it was first seen."""

    def __init__(self) -> None:
        self.theme: Theme = LIGHT
        self.known: dict[str, int] = {}

    def choose(self, dark: bool) -> None:
        """Light or dark."""
        self.theme = DARK if dark else LIGHT

    def learn(self, snapshot: Snapshot) -> None:
        """Give new applications a place, the most active first."""
        totals: dict[str, int] = {}
        for each in snapshot.activity:
            totals[each.app] = totals.get(each.app, 0) + each.events
        for moved in snapshot.transfers:
            totals.setdefault(moved.source, 0)
            totals.setdefault(moved.target, 0)
        for app in sorted(totals, key=lambda name: (-totals[name], name)):
            if not app.startswith("("):
                self.known.setdefault(app, len(self.known))


def blank_chart(classes: str = "chart") -> ui.echart:
    """A chart that shows nothing yet."""
    return ui.echart({"series": []}).classes(classes).props('role="img"')


def draw(chart: ui.echart, options: dict[str, Any], said: str) -> None:
    """Show ``options``; ``said`` is what a screen reader says."""
    chart.options.clear()
    chart.options.update(options)
    chart.update()
    quoted = said.replace("\\", "").replace('"', "'")
    chart.props(f'aria-label="{quoted}"')
