"""The path of the events from the desktops to the database."""

from __future__ import annotations

from typing import Final

from nicegui import ui

from sinks.dashboard import charts
from sinks.dashboard.page_data import Snapshot
from sinks.dashboard.parts.drawing import Palette, blank_chart, draw
from sinks.results import words

_ORDER: Final = {"streams": 0, "catalogue": 1, "sink": 2}


class Pipeline:
    """A figure for each stage, and freshness over the last hour."""

    def __init__(self, palette: Palette) -> None:
        self._palette = palette
        with ui.element("section").classes("card"):
            ui.html("<h2>Pipeline</h2>", sanitize=False)
            ui.label("From the desktops through Kafka and the streams into ClickHouse").classes("lead")
            self._stages = ui.element("div").classes("stages")
            self._chart = blank_chart("chart low")

    def show(self, snapshot: Snapshot) -> None:
        """Fill it in."""
        self._stages.clear()
        with self._stages:
            for label, value, note in _stages(snapshot):
                with ui.element("div").classes("stage"):
                    ui.label(label).classes("label")
                    ui.label(value).classes("value")
                    ui.label(note).classes("note")
        draw(
            self._chart,
            charts.freshness(snapshot.freshness, self._palette.theme),
            "Seconds from the desktop to the database, by minute of arrival",
        )
        self._chart.set_visibility(bool(snapshot.freshness))


def _stages(snapshot: Snapshot) -> list[tuple[str, str, str]]:
    """The path of the events: a heading, a figure and a remark for each part."""
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
