"""The table of opportunities; while there are none, what to do."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files
from typing import Final

from msgspec.structs import replace
from nicegui import ui

from sinks.dashboard import listing
from sinks.dashboard.page_data import Snapshot
from sinks.results import standing

ROWS: Final = 10
"""Rows of the table without turning a page."""
_COMMAND: Final = re.compile(r"`([^`]*)`")


class OpportunityList:
    """A row opens to its evidence."""

    def __init__(self) -> None:
        with ui.element("section").classes("card"):
            ui.html("<h2>What is worth automating</h2>", sanitize=False)
            ui.label(
                "Routines that several people carry out, ranked by the hours a year that automating them saves. "
                "Open a row for the evidence."
            ).classes("lead")
            self._empty = ui.html("", sanitize=False).classes("empty")
            self._table = ui.table(
                columns=[{"name": "open", "label": "", "field": "id"}, *listing.COLUMNS],
                rows=[], row_key="id", pagination={"rowsPerPage": ROWS, "sortBy": "rank"},
            ).classes("list").props('flat aria-label="Opportunities"')  # fmt: skip
            self._table.add_slot("body", files("sinks.dashboard").joinpath("row.html").read_text(encoding="utf-8"))

    def show(self, snapshot: Snapshot) -> None:
        """The rows as they are now."""
        rows = listing.rows(snapshot)
        self._empty.set_visibility(not rows)
        self._table.set_visibility(bool(rows))
        if not rows:
            self._empty.set_content(_nothing_yet(snapshot))
            return
        if rows != self._table.rows:
            self._table.rows = rows
        if len(rows) > ROWS:
            self._table.props(remove="hide-pagination")
        else:
            self._table.props("hide-pagination")


def _nothing_yet(snapshot: Snapshot) -> str:
    """Why there is no opportunity yet. Only words and numbers of ours go into the markup."""
    if snapshot.problem:
        return "<b>No data to show</b>The line above says what is missing."
    there = snapshot.standing
    why = standing.reason(replace(there, floor=max(there.floor, snapshot.k)), snapshot.kafka)
    return f"<b>{why.title}</b>" + _COMMAND.sub(r"<code>\1</code>", escape(why.words))
