"""Shows how a log is understood, by its first rows and as a mapping file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from collectors.importers.log import Logs
from collectors.importers.read_options import as_toml
from collectors.importers.read_report import ReadReport
from taskstream.activity import activity

ROWS: Final = 10
"""Rows of each log that are shown."""


def first_rows(logs: Logs) -> list[dict[str, Any]]:
    """The first rows by time of each log: number of the log, row, time, person, activity, and form of the value."""
    shown: dict[int, int] = {}
    rows: list[dict[str, Any]] = []
    for imported in logs:
        seen = shown[imported.log] = shown.get(imported.log, 0) + 1
        if seen > ROWS:
            continue
        event = imported.event
        value = event.value
        rows.append({
            "log": imported.log,
            "row": imported.index,
            "time": datetime.fromtimestamp(event.at_ms / 1000, UTC).isoformat(sep=" ", timespec="milliseconds"),
            "person": imported.person,
            "activity": activity(event),
            "value": "" if value is None else f"[{value.form or 'value'}]",
        })  # fmt: skip
    return rows


def proposed(report: ReadReport) -> str:
    """A mapping file that reads the log in the same way. Where several columns fill a field, it names the first."""
    return as_toml({name: column.split(" or ")[0] for name, column in report.columns.items()}, report.asked)
