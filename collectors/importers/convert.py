"""One row of a foreign log → one UI event. Nothing of a value survives but its digest, length and form."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from collectors.importers.vocabulary import Fields, kind_and_role, words
from taskstream.activity import mask, page_path
from taskstream.events import MAX_TIME_MS, UiEvent
from taskstream.privacy.values import describe

_CELL: Final = re.compile(r"\$?([A-Za-z]{1,3})\$?\d+(?::\$?([A-Za-z]{1,3})\$?\d+)?$")
_COLUMN: Final = re.compile(r"[A-Za-z]{1,3}$")
_CLIPBOARD: Final = frozenset({"os-clipboard", "clipboard"})
_CONTROLS: Final = {
    "submit": "button",
    "button": "button",
    "a": "link",
    "checkbox": "checkbox",
    "radio": "radio",
    "select": "select",
    "select-one": "select",
    "input": "field",
    "textarea": "field",
}
"""HTML type or tag, in lower case → role."""
_CONTEXT_MS: Final = 60_000
"""A clipboard row belongs to what the person touched at most this long before."""


def time_of(text: str) -> int | None:
    """Milliseconds since the epoch of an ISO 8601 time (UTC when it names no zone) or of a count of ms; else None."""
    text = text.strip()
    try:
        if text.isdigit():
            at_ms = int(text)
        else:
            stamp = datetime.fromisoformat(text.replace("Z", "+00:00"))
            stamp = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
            at_ms = round(stamp.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return at_ms if 0 <= at_ms <= MAX_TIME_MS else None


def _cell(row: Fields) -> tuple[str, str] | None:
    """Role and label when the row names a spreadsheet cell or range: its columns, never its row numbers."""
    found = _CELL.match(row.get("id", ""))
    if found:
        first, last = found.group(1).lower(), (found.group(2) or "").lower()
        return ("range", f"{first}:{last}") if last else ("cell", first)
    column = row.get("column", "").strip()
    return ("cell", column.lower()) if _COLUMN.match(column) else None


def _label(row: Fields, click: bool) -> str:
    order = ("name", "text", "title", "id") if click else ("name", "title", "id")
    for name in order:
        text = row.get(name, "").replace("\\n", " ").strip()
        if text:
            return mask(text)
    return ""


def element_of(row: Fields, kind: str, role: str) -> str:
    """``role:label`` of the element that a row is about."""
    cell = _cell(row) if role in {"", "cell", "range", "field"} and not row.get("tag") and not row.get("url") else None
    if cell and not (role == "field" and row.get("name")):
        label = cell[1]
        role = cell[0]
        name = row.get("name", "")
        return f"{role}:{label}" if not name else f"{role}:{label}:{mask(name)}"
    if role == "key":
        key = row.get("key", "").strip()
        return f"key:{mask(key)}" if len(key) > 1 else "key"
    if role in {"newtab", "tab", "closetab", "newwindow", "closewindow", "page", "reload", "sheet", "file", "form"}:
        name = mask(row.get("name", ""))
        return f"{role}:{name}" if name else role
    if role == "action":
        label = " ".join(part for part in (words(row.get("action", "")), _label(row, click=True)) if part)
        return f"action:{mask(label)}"
    if not role:
        role = _CONTROLS.get(row.get("type", "").lower(), "") or _CONTROLS.get(row.get("tag", "").lower(), "")
        role = role or ("field" if kind in {"edit", "paste", "copy", "cut"} else "element")
    label = _label(row, click=kind == "click")
    return f"{role}:{label}" if label else role


def screen_of(row: Fields) -> str:
    """Sheet, or path of the page without its query, or window; masked."""
    if row.get("sheet"):
        return mask(row["sheet"])
    if row.get("url"):
        return page_path(row["url"])
    return mask(row.get("screen", ""))


class Converter:
    """Rows → events, one converter a file: it remembers what each person touched last, for clipboard rows."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._touched: dict[str, UiEvent] = {}

    def convert(self, row: Fields, at_ms: int, person: str) -> UiEvent:
        """The event of a row."""
        kind, role = kind_and_role(row.get("action", ""))
        app = mask(row.get("app", ""))[:64]
        written = kind in {"edit", "paste"} and row.get("value")
        text = (row.get("value", "") if written and kind == "edit" else "") or row.get("content", "")
        text = text or row.get("value", "")
        has_value = kind in {"copy", "cut", "paste", "edit"} or role in {"cell", "range"}
        value = describe(text, self._key) if has_value and text else None
        if app in _CLIPBOARD:
            before = self._touched.get(person)
            if before is not None and 0 <= at_ms - before.at_ms <= _CONTEXT_MS:
                return UiEvent(
                    at_ms=at_ms, kind=kind, app=before.app, screen=before.screen, element=before.element, value=value
                )
            return UiEvent(at_ms=at_ms, kind=kind, app="clipboard", value=value)
        event = UiEvent(
            at_ms=at_ms, kind=kind, app=app, screen=screen_of(row), element=element_of(row, kind, role), value=value
        )
        self._touched[person] = event
        return event
