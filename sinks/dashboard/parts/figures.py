"""The cards on top."""

from __future__ import annotations

from typing import Final

from nicegui import ui

from sinks.dashboard.page_data import Snapshot
from sinks.results import words

NAMES: Final = ("Opportunities", "Hours a week in them", "Events stored", "People", "Freshness")


class Figures:
    """One card a figure."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[ui.label, ui.label]] = {}
        with ui.element("section").classes("kpis").props('aria-label="Key figures"'):
            for name in NAMES:
                with ui.element("div").classes("card kpi"):
                    ui.label(name).classes("label")
                    value = ui.label("–").classes("value").mark(name)
                    self._values[name] = (value, ui.label().classes("note"))

    def show(self, snapshot: Snapshot) -> None:
        """Fill in the figures."""
        for name, (value, note) in zip(NAMES, _figures(snapshot), strict=True):
            self._values[name][0].set_text(value)
            self._values[name][1].set_text(note)


def _figures(snapshot: Snapshot) -> list[tuple[str, str]]:
    """A figure and a remark for each of :data:`NAMES`."""
    worth = [each for each in snapshot.opportunities if words.judged(each.verdict) == "good"]
    fresh = snapshot.fresh
    rate = snapshot.events_per_s
    return [
        (words.count(len(snapshot.opportunities)), f"{len(worth)} worth automating"),
        (
            words.hours(sum(each.hours_per_week for each in snapshot.opportunities)),
            f"{words.hours(sum(each.hours_per_week for each in worth))} in those worth it",
        ),
        (
            words.count(snapshot.totals.events),
            f"{words.count(rate)} a second" if rate >= 0.5 else "none coming in now",
        ),
        (
            words.count(snapshot.people) if snapshot.people else f"under {snapshot.k}",
            f"nothing is shown below {snapshot.k}" if snapshot.k > 1 else "no minimum is set",
        ),
        (
            words.duration(fresh.p50_ms) if fresh else "–",
            f"99 % within {words.duration(fresh.p99_ms)}" if fresh else "no events in the last hour",
        ),
    ]
