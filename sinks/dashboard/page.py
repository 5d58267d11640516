"""The page: built once for each viewer, then only what has changed is sent."""

from __future__ import annotations

import time
from importlib.resources import files
from typing import Any

from nicegui import ui

from sinks.dashboard import charts, listing
from sinks.dashboard.model import Snapshot
from sinks.dashboard.poller import Poller
from sinks.dashboard.theme import DARK, LIGHT, Theme
from sinks.results import words

REFRESH_S = 0.5
STALE_MS = 15_000
ROWS = 10
_ORDER = {"streams": 0, "catalogue": 1, "sink": 2}
SPANS = {60: "1 hour", 480: "8 hours", 1440: "24 hours"}
_CHOICE = """(() => { const kept = localStorage.getItem('taskstream-dark');
    return kept === null ? matchMedia('(prefers-color-scheme: dark)').matches : kept === 'true'; })()"""
_FLIP = """(() => { const dark = !document.body.classList.contains('body--dark');
    localStorage.setItem('taskstream-dark', String(dark)); return dark; })()"""


class Page:
    """One viewer's page."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self._shown = Snapshot(at_ms=-1)
        self._theme: Theme = LIGHT
        self._span = 60
        self._known: dict[str, int] = {}
        ui.colors(primary="#2f6fde")
        ui.add_css(files("sinks.dashboard").joinpath("style.css").read_text())
        self._dark = ui.dark_mode(None)
        with ui.element("main").classes("page"):
            self._head()
            self._notice = ui.label().classes("notice").props('role="alert"')
            self._kpis = _Kpis()
            self._opportunities()
            with ui.element("div").classes("row2"):
                self._activity()
                self._transfers()
            self._pipeline()
            self._foot = ui.label().classes("foot")
        self.refresh()
        ui.timer(REFRESH_S, self.refresh)

    async def settle(self) -> None:
        """Take over the viewer's choice of light or dark, once their browser can be asked."""
        self._set_dark(bool(await ui.run_javascript(_CHOICE, timeout=5)))

    def refresh(self) -> None:
        """Show what has changed since the last time."""
        self._poller.seen()
        new, old = self._poller.snapshot, self._shown
        self._shown = new
        self._tell_age(new)
        if new is old:
            return
        self._notice.set_text(new.problem)
        self._notice.set_visibility(bool(new.problem))
        self._kpis.show(new)
        if _differs(old, new, "opportunities", "routines", "variants", "totals"):
            self._show_opportunities(new)
        if _differs(old, new, "activity", "transfers"):
            self._learn_apps(new)
        if _differs(old, new, "activity"):
            self._show_activity(new)
        if _differs(old, new, "transfers"):
            self._show_transfers(new)
        if _differs(old, new, "freshness", "pipeline", "kafka", "totals", "refused"):
            self._show_pipeline(new)
        self._foot.set_text(
            f"Everything here covers at least {new.k} people. No view of a person exists. Times are active time: "
            "pauses are not counted."
        )

    # Head

    def _head(self) -> None:
        with ui.element("header").classes("head"):
            ui.html("<h1>Taskstream</h1>", sanitize=False)
            ui.label("repetitive desktop work, live").classes("sub")
            ui.element("div").classes("grow")
            self._live = ui.label().classes("live").props('role="status"')
            self._toggle = ui.button(icon="dark_mode", on_click=self._flip).props(
                'flat round dense color="grey" aria-label="Switch between light and dark"'
            )

    def _tell_age(self, snapshot: Snapshot) -> None:
        stale = snapshot.problem != "" or time.time_ns() // 1_000_000 - snapshot.at_ms > STALE_MS
        text = "waiting for data" if not snapshot.at_ms else "not up to date" if stale else "live"
        self._live.set_text(text)
        self._live.classes(add="stale") if stale else self._live.classes(remove="stale")

    async def _flip(self) -> None:
        # Asked of the browser: it may follow its system's choice, which settle() has not learnt yet.
        dark = bool(await ui.run_javascript(_FLIP, timeout=5))
        self._set_dark(dark)

    def _set_dark(self, dark: bool) -> None:
        self._theme = DARK if dark else LIGHT
        self._dark.set_value(dark)
        self._toggle.props(f"icon={'light_mode' if dark else 'dark_mode'}")
        self._show_activity(self._shown)
        self._show_transfers(self._shown)
        self._show_pipeline(self._shown)

    # Opportunities

    def _opportunities(self) -> None:
        with ui.element("section").classes("card"):
            ui.html("<h2>What is worth automating</h2>", sanitize=False)
            ui.label(
                "Routines that several people carry out, by what automating them saves. Open a row for the evidence."
            ).classes("lead")
            self._empty = ui.html("", sanitize=False).classes("empty")
            self._table = ui.table(
                columns=[{"name": "open", "label": "", "field": "id"}, *listing.COLUMNS],
                rows=[], row_key="id", pagination={"rowsPerPage": ROWS, "sortBy": "rank"},
            ).classes("list").props('flat aria-label="Opportunities"')  # fmt: skip
            self._table.add_slot("body", files("sinks.dashboard").joinpath("row.html").read_text())

    def _show_opportunities(self, snapshot: Snapshot) -> None:
        rows = listing.rows(snapshot)
        self._empty.set_visibility(not rows)
        self._table.set_visibility(bool(rows))
        if rows:
            if rows != self._table.rows:
                self._table.rows = rows
            if len(rows) > ROWS:
                self._table.props(remove="hide-pagination")
            else:
                self._table.props("hide-pagination")
            return
        self._empty.set_content(_nothing_yet(snapshot))

    # Charts

    def _activity(self) -> None:
        with ui.element("section").classes("card"):
            with ui.element("div").classes("title-row"):
                with ui.element("div"):
                    ui.html("<h2>Activity by application</h2>", sanitize=False)
                    ui.label("Events a minute, by the time of the events").classes("lead")
                ui.element("div").classes("grow")
                ui.toggle(SPANS, value=self._span, on_change=lambda e: self._choose(e.value)).props(
                    'dense unelevated no-caps toggle-color="primary" size="sm" aria-label="Span shown"'
                )
            self._no_activity = ui.label("No minute yet in which enough people were active.").classes("empty")
            self._activity_chart = ui.echart(_blank()).classes("chart").props('role="img"')

    def _choose(self, minutes: int) -> None:
        self._span = minutes
        self._show_activity(self._shown)

    def _show_activity(self, snapshot: Snapshot) -> None:
        options = charts.activity(snapshot.activity, self._span, self._theme, self._known)
        names = ", ".join(series["name"] for series in options["series"])
        self._draw(self._activity_chart, options, f"Events a minute by application: {names}")
        self._no_activity.set_visibility(not snapshot.activity)
        self._activity_chart.set_visibility(bool(snapshot.activity))

    def _transfers(self) -> None:
        with ui.element("section").classes("card"):
            ui.html("<h2>Values carried between applications</h2>", sanitize=False)
            ui.label("Copied and pasted, or typed again; from left to right").classes("lead")
            self._no_transfers = ui.label("No transfer yet that enough people share.").classes("empty")
            self._transfer_chart = ui.echart(_blank()).classes("chart").props('role="img"')

    def _show_transfers(self, snapshot: Snapshot) -> None:
        moved = snapshot.transfers
        said = "; ".join(f"{each.source} to {each.target}: {each.values}" for each in moved[:10])
        options = charts.transfers(moved, self._theme, self._known)
        self._draw(self._transfer_chart, options, f"Values carried between applications. {said}")
        self._no_transfers.set_visibility(not moved)
        self._transfer_chart.set_visibility(bool(moved))

    def _learn_apps(self, snapshot: Snapshot) -> None:
        totals: dict[str, int] = {}
        for each in snapshot.activity:
            totals[each.app] = totals.get(each.app, 0) + each.events
        for moved in snapshot.transfers:
            totals.setdefault(moved.source, 0)
            totals.setdefault(moved.target, 0)
        for app in sorted(totals, key=lambda name: (-totals[name], name)):
            if not app.startswith("("):
                self._known.setdefault(app, len(self._known))

    @staticmethod
    def _draw(chart: ui.echart, options: dict[str, Any], said: str) -> None:
        chart.options.clear()
        chart.options.update(options)
        chart.update()
        chart.props(f"aria-label={_quoted(said)}")

    # Pipeline

    def _pipeline(self) -> None:
        with ui.element("section").classes("card"):
            ui.html("<h2>Pipeline</h2>", sanitize=False)
            ui.label("From the desktops through Kafka and the streams into ClickHouse").classes("lead")
            self._stages = ui.element("div").classes("stages")
            self._fresh_chart = ui.echart(_blank()).classes("chart low").props('role="img"')

    def _show_pipeline(self, snapshot: Snapshot) -> None:
        self._stages.clear()
        with self._stages:
            for label, value, note in _stages(snapshot):
                with ui.element("div").classes("stage"):
                    ui.label(label).classes("label")
                    ui.label(value).classes("value")
                    ui.label(note).classes("note")
        self._draw(
            self._fresh_chart,
            charts.freshness(snapshot.freshness, self._theme),
            "Seconds from the desktop to the database, by minute of arrival",
        )
        self._fresh_chart.set_visibility(bool(snapshot.freshness))


class _Kpis:
    """The cards on top."""

    NAMES = ("Opportunities", "Hours a week in them", "Events stored", "People", "Freshness")

    def __init__(self) -> None:
        self._values: dict[str, tuple[ui.label, ui.label]] = {}
        with ui.element("section").classes("kpis").props('aria-label="Key figures"'):
            for name in self.NAMES:
                with ui.element("div").classes("card kpi"):
                    ui.label(name).classes("label")
                    value = ui.label("–").classes("value").mark(name)
                    self._values[name] = (value, ui.label().classes("note"))

    def show(self, snapshot: Snapshot) -> None:
        """Fill in the figures."""
        worth = [each for each in snapshot.opportunities if each.verdict == "worth it"]
        fresh = snapshot.fresh
        rate = snapshot.events_per_s
        figures = {
            "Opportunities": (words.count(len(snapshot.opportunities)), f"{len(worth)} worth automating"),
            "Hours a week in them": (
                words.hours(sum(each.hours_per_week for each in snapshot.opportunities)),
                f"{words.hours(sum(each.hours_per_week for each in worth))} in those worth it",
            ),
            "Events stored": (
                words.count(snapshot.totals.events),
                f"{words.count(rate)} a second" if rate >= 0.5 else "none coming in now",
            ),
            "People": (
                words.count(snapshot.people) if snapshot.people else f"under {snapshot.k}",
                f"nothing is shown below {snapshot.k}" if snapshot.k > 1 else "no minimum is set",
            ),
            "Freshness": (
                words.duration(fresh.p50_ms) if fresh else "–",
                f"99 % within {words.duration(fresh.p99_ms)}" if fresh else "no events in the last hour",
            ),
        }
        for name, (value, note) in figures.items():
            self._values[name][0].set_text(value)
            self._values[name][1].set_text(note)


def _stages(snapshot: Snapshot) -> list[tuple[str, str, str]]:
    """The way of the events: a heading, a figure and a remark for each part."""
    kafka = snapshot.kafka
    stages = [("Kafka: messages in", "–" if kafka.problem else words.count(kafka.messages_in), kafka.problem)]
    stages += [
        (
            f"{group.group}: waiting",
            words.count(group.messages),
            "messages before it" if group.messages else "up to date",
        )
        for group in sorted(kafka.groups, key=lambda each: (_ORDER.get(each.group, 9), each.group))
    ]
    lag = sum(topic.lag for topic in snapshot.pipeline)
    if snapshot.pipeline and not kafka.groups:
        stages.append(("sink: waiting", words.count(lag), "messages before it" if lag else "up to date"))
    stages.append(("ClickHouse: events stored", words.count(snapshot.totals.events), "each exactly once"))
    refused = ", ".join(f"{each.reason} ({words.count(each.letters)})" for each in snapshot.refused[:3])
    stages.append(("Dead letters", words.count(snapshot.dead_letters), refused or "nothing refused"))
    return stages


def _nothing_yet(snapshot: Snapshot) -> str:
    """What to do when there is no opportunity yet. Only numbers of ours go into the markup."""
    if snapshot.problem:
        return "<b>No data to show</b>The line above says what is missing."
    if not snapshot.totals.events:
        return (
            "<b>No events yet</b><code>taskstream replay LOG</code> plays a recording, "
            "<code>taskstream simulate</code> a believable office, "
            "<code>taskstream collect</code> records this desktop. The page fills by itself."
        )
    return (
        f"<b>Looking for routines</b>{words.count(snapshot.totals.events)} events are stored. A routine is listed as "
        f"soon as at least {snapshot.k} people are seen to carry it out repeatedly."
    )


def _differs(old: Snapshot, new: Snapshot, *names: str) -> bool:
    return old.at_ms < 0 or any(getattr(old, name) is not getattr(new, name) for name in names)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "").replace('"', "'") + '"'


def _blank() -> dict[str, Any]:
    return {"series": []}
