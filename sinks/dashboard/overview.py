"""The page: built once for each viewer, then only what has changed is sent."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from nicegui import ui

from sinks.dashboard.page_data import Snapshot
from sinks.dashboard.parts.activity_chart import ActivityChart
from sinks.dashboard.parts.drawing import Palette
from sinks.dashboard.parts.figures import Figures
from sinks.dashboard.parts.head import Head
from sinks.dashboard.parts.opportunity_list import OpportunityList
from sinks.dashboard.parts.pipeline import Pipeline
from sinks.dashboard.parts.transfer_chart import TransferChart
from sinks.dashboard.poller import Poller

REFRESH_S: Final = 0.5


class Overview:
    """One viewer's page."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self._shown = Snapshot(at_ms=-1)
        self._palette = Palette()
        ui.colors(primary="#2f6fde")
        ui.add_css(files("sinks.dashboard").joinpath("style.css").read_text(encoding="utf-8"))
        with ui.element("main").classes("page"):
            self._head = Head(self._repaint)
            self._notice = ui.label().classes("notice").props('role="alert"')
            self._figures = Figures()
            self._opportunities = OpportunityList()
            with ui.element("div").classes("row2"):
                self._activity = ActivityChart(self._palette)
                self._transfers = TransferChart(self._palette)
            self._pipeline = Pipeline(self._palette)
            self._foot = ui.label().classes("foot")
        self.refresh()
        ui.timer(REFRESH_S, self.refresh)

    async def settle(self) -> None:
        """Take over the viewer's choice of light or dark, once their browser can be asked."""
        await self._head.settle()

    def refresh(self) -> None:
        """Show what has changed since the last time."""
        self._poller.seen()
        new, old = self._poller.snapshot, self._shown
        self._shown = new
        self._head.show(new, stale=self._poller.stale)
        if new is old:
            return
        self._notice.set_text(new.problem)
        self._notice.set_visibility(bool(new.problem))
        self._figures.show(new)
        if _differs(old, new, "opportunities", "routines", "variants", "totals"):
            self._opportunities.show(new)
        if _differs(old, new, "activity", "transfers"):
            self._palette.learn(new)
        if _differs(old, new, "activity"):
            self._activity.show(new)
        if _differs(old, new, "transfers"):
            self._transfers.show(new)
        if _differs(old, new, "freshness", "pipeline", "kafka", "totals", "refused"):
            self._pipeline.show(new)
        self._foot.set_text(
            f"Everything here covers at least {new.k} people. No view of a person exists. Times are active time: "
            "pauses are not counted."
        )

    def _repaint(self, dark: bool) -> None:
        self._palette.choose(dark)
        for part in (self._activity, self._transfers, self._pipeline):
            part.show(self._shown)


def _differs(old: Snapshot, new: Snapshot, *names: str) -> bool:
    return old.at_ms < 0 or any(getattr(old, name) is not getattr(new, name) for name in names)
