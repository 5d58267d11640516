"""Tables that are known by their columns, each with what its columns mean there."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from collectors.importers.meaning.vocabulary import plain


class KnownTable(Struct, frozen=True):
    """A kind of table: it has at least one column of each group of ``has`` and none of ``lacks``.

    ``columns`` says, before the vocabulary, which field a column fills here (the first named comes first); "" leaves
    it out.
    """

    name: str
    has: tuple[tuple[str, ...], ...]
    lacks: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()

    def fits(self, names: frozenset[str]) -> bool:
        """Whether a table with these columns (in plain form) is of this kind."""
        return all(any(plain(one) in names for one in group) for group in self.has) and not any(
            plain(one) in names for one in self.lacks
        )


SMARTRPA: Final = KnownTable(
    "SmartRPA",
    has=(("event_type",), ("application",), ("tag_category", "event_src_path", "cell_range", "clipboard_content")),
    lacks=("target_app",),
    columns=(
        ("tag_name", "name"),
        ("tag_category", "tag"),
        ("tag_type", "type"),
        ("tag_value", "value"),
        ("cell_content", "value"),
        ("tag_innerText", "text"),
        ("tag_title", "title"),
        ("cell_range", "id"),
        ("id", "id"),
        ("hotkey", "key"),
        ("event_src_path", "file"),
        ("xpath", "path"),
        ("title", "screen"),
        ("category", ""),
        ("description", ""),
    ),
)
"""Columns after https://github.com/bpm-diag/smartRPA."""

KNOWN_TABLES: Final[tuple[KnownTable, ...]] = (
    SMARTRPA,
    KnownTable("RPA UI Logger", has=(("targetApp",), ("eventType",), ("timeStamp", "time", "date"))),
    KnownTable(
        "UiPath process mining",
        has=(("Case_ID",), ("Activity",), ("Event_end",)),
        columns=(("Event_start", "time"), ("Event_end", "time"), ("User", "person"), ("Team", "")),
    ),
    KnownTable(
        "Power Automate process mining",
        has=(("Case ID",), ("Activity", "Activity Name"), ("Start timestamp", "End timestamp")),
        columns=(("Start timestamp", "time"), ("End timestamp", "time"), ("Resource", "person")),
    ),
    KnownTable(
        "process-mining table",
        has=(
            ("_case_key", "case_id", "case", "caseid", "case:concept:name", "case_key"),
            ("activity", "activity_en", "activity_name", "concept:name"),
        ),
        lacks=("target_app", "app", "application"),
    ),
    KnownTable(
        "ActivityWatch table",
        has=(("timestamp",), ("duration",), ("app",), ("title",)),
        lacks=("event_type", "action", "activity"),
    ),
)
"""In the order in which they are tried."""


def known_table(columns: list[str]) -> KnownTable | None:
    """The kind of table that has these columns."""
    names = frozenset(plain(column) for column in columns)
    return next((known for known in KNOWN_TABLES if known.fits(names)), None)
