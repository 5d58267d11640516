"""One row of a foreign log → what the event that our own desktop agent would have sent says, but for time and value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from collectors.importers.meaning.vocabulary import Fields, known_action, words
from collectors.importers.names.apps import CLIPBOARD, SPREADSHEETS, app_name
from collectors.importers.names.label_words import Labels, is_column
from collectors.importers.names.namesakes import Namesakes
from collectors.importers.names.paths import MAX_NAME, Paths, is_path
from collectors.importers.names.titles import Titles
from taskstream.activity import ids
from taskstream.events import Kind

CELL: Final = re.compile(r"\$?([A-Za-z]{1,3})\$?\d+(?::\$?([A-Za-z]{1,3})\$?\d+)?")
"""Address of a cell or range in a sheet."""
_SHEET_ROLES: Final = frozenset(["cell", "range"])
_CONTROLS: Final = {
    "submit": "button", "button": "button", "splitbutton": "button", "a": "link", "hyperlink": "link", "link": "link",
    "checkbox": "checkbox", "radio": "radio", "radiobutton": "radio", "select": "select", "select-one": "select",
    "combobox": "select", "listbox": "select", "input": "field", "textarea": "field", "text": "field", "edit": "field",
    "textbox": "field", "menuitem": "menu", "tabitem": "tab", "listitem": "item", "dataitem": "item",
    "treeitem": "item", "tab": "tab",
}  # fmt: skip
"""HTML type or tag, or control type of UI Automation, in lower case → role."""
_NAMED_ROLES: Final = frozenset(
    ["newtab", "tab", "closetab", "newwindow", "closewindow", "page", "reload", "sheet", "file", "form"]
)
_SUFFIXES: Final = frozenset([
    "xlsx", "xlsm", "xls", "csv", "docx", "doc", "pdf", "txt", "pptx", "ppt", "msg", "eml", "zip", "xml", "json",
    "png", "jpg", "jpeg", "html", "htm", "log", "md", "odt", "ods", "rtf",
])  # fmt: skip
"""Kinds of files that are named."""
_DETAILS: Final = ("id", "automation_id", "tag", "type", "name", "text", "title", "class", "path")
_VALUE_KINDS: Final = frozenset(["copy", "cut", "paste", "edit"])
_READ_ROLES: Final = frozenset(["", "cell", "range", "field"])
"""Roles of which a click shows the value to whoever clicks: it may be read there and typed elsewhere."""
MAX_ELEMENT: Final = 256
MAX_SCREEN: Final = 256

NO_VALUE, CONTENT_FIRST, VALUE_FIRST = 0, 1, 2
"""Whether a row's value is read, and which of its two fields goes before the other."""


class Template(Struct, frozen=True):
    """What rows with the same names have in common. ``value`` says where a value would be."""

    kind: Kind
    app: str
    screen: str
    element: str
    value: int = NO_VALUE
    clipboard: bool = False
    """The row tells of the clipboard: it belongs to what the person touched before."""


class Converter:
    """Names rows. ``unknown`` is the action where it is not in the vocabulary."""

    def __init__(self, labels: Labels, paths: Paths, *, windows_alone: bool = False) -> None:
        self._labels = labels
        self._paths = paths
        self._namesakes = Namesakes()
        self._titles = Titles()
        self._windows_alone = windows_alone

    def template(self, row: Fields) -> Template:
        """The template of a row, by its fields other than time, person, content and value."""
        kind, role = self.kind_of(row)
        app = self._labels.app(row.get("app", ""))
        has_value = kind in _VALUE_KINDS or (kind == "click" and role in _READ_ROLES)
        value = NO_VALUE if not has_value else VALUE_FIRST if kind == "edit" else CONTENT_FIRST
        if app == CLIPBOARD:
            return Template(kind, app, "", "", value, clipboard=True)
        screen = self._screen(row, app)[:MAX_SCREEN]
        element = "" if kind == "window" and not role else self._element(row, kind, role)
        element = self._namesakes.name((app, screen, element), self._path_of(row))
        return Template(kind, app, screen, element[:MAX_ELEMENT], value)

    def learn_titles(self, rows: Iterable[Fields]) -> None:
        """Take in what is touched under which titles of windows."""
        titles = Titles()
        for row in rows:
            one = self.template(row)
            if one.screen and _titled(row):
                titles.add(one.app, one.screen, one.element)
        titles.settle()
        self._titles = titles

    def learn_places(self, rows: Iterable[tuple[Fields, int]]) -> None:
        """Take in which elements of one name stand at several places; rows with how often each occurs."""
        namesakes = Namesakes()
        for row, times in rows:
            path = self._path_of(row)
            if path:
                one = self.template(row)
                namesakes.add((one.app, one.screen, one.element), path, times)
        namesakes.settle()
        self._namesakes = namesakes

    def key(self, row: Fields) -> str:
        """The number of the business object at hand: the last that the title or the address of a row's screen names."""
        text = row.get("url") or row.get("screen") or row.get("title", "")
        place, _, query = text.partition("?")
        found = ids(place) or ids(query)
        return found[-1] if found else ""

    def kind_of(self, row: Fields) -> tuple[Kind, str]:
        """Kind of a row and role of its element."""
        if self._windows_alone:
            return "window", ""
        known = known_action(row.get("action", ""))
        if known is None:
            return "click", "action"
        if known == ("window", "") and any(row.get(name) for name in _DETAILS):
            return "click", ""  # a focus within a window
        return known

    def _cell(self, row: Fields, role: str) -> tuple[str, str] | None:
        """Role and label when the row names a spreadsheet cell or range: its columns, never its row numbers."""
        found = CELL.fullmatch(row.get("id", ""))
        columns = [column for column in found.groups() if column] if found else [row.get("column", "").strip()]
        if not all(map(is_column, columns)):
            return None
        of_sheet = role in _SHEET_ROLES or bool(row.get("sheet")) or app_name(row.get("app", "")) in SPREADSHEETS
        shown = [self._labels.column(column, address=found is not None and of_sheet) for column in columns]
        return ("range" if len(shown) > 1 else "cell", ":".join(shown))

    def _label(self, row: Fields, click: bool) -> str:
        for name in ("name", "text", "title", "id") if click else ("name", "title", "id"):
            text = row.get(name, "").replace("\\n", " ").strip()
            if text and not (name == "id" and is_path(text)):
                label = self._labels.label(text)
                if label:
                    return label
        return self._place(row)

    def _path_of(self, row: Fields) -> tuple[str, ...]:
        """Where a row's element stands: its automation id or the steps of its path, without what varies."""
        path = row.get("automation_id") or row.get("path")
        if not path and is_path(row.get("id", "")):
            path = row["id"]
        return self._paths.name(path) if path else ()

    def _place(self, row: Fields) -> str:
        """The name of an element that has no label: its automation id, path, or class and type."""
        if steps := self._path_of(row):
            return self._labels.place(steps)[-MAX_NAME:]
        shown = " ".join(part for part in (row.get("class", ""), row.get("type", "")) if part and row.get("class"))
        return self._labels.label(shown)

    def _element(self, row: Fields, kind: str, role: str) -> str:
        """``role:label`` of the element that a row is about."""
        cell = (
            self._cell(row, role)
            if role in {"", "cell", "range", "field"} and not (row.get("tag") or row.get("url"))
            else None
        )
        if cell and not (role == "field" and row.get("name")):
            name = self._labels.label(row.get("name", ""))
            return f"{cell[0]}:{cell[1]}:{name}" if name else f"{cell[0]}:{cell[1]}"
        if role == "key":
            key = row.get("key", "").strip()
            return f"key:{self._labels.label(key)}" if len(key) > 1 else "key"
        if role in _NAMED_ROLES:
            name = self._labels.label(row.get("name", ""))
            if role == "file" and not name:
                suffix = row.get("file", "").rpartition(".")[2].lower()
                name = f"*.{suffix}" if suffix in _SUFFIXES else ""
            return f"{role}:{name}" if name else role
        if role == "action":
            said = self._labels.label(words(row.get("action", "")))
            return f"action:{' '.join(part for part in (said, self._label(row, click=True)) if part)}"
        if not role:
            role = _CONTROLS.get(row.get("type", "").lower(), "") or _CONTROLS.get(row.get("tag", "").lower(), "")
            role = role or ("field" if kind in _VALUE_KINDS else "element")
        label = self._label(row, click=kind == "click")
        return f"{role}:{label}" if label else role

    def _screen(self, row: Fields, app: str) -> str:
        """Sheet, or path of the page without its query, or window; else the title of what has a name besides it."""
        if row.get("sheet"):
            return self._labels.label(row["sheet"])
        if row.get("url"):
            return self._labels.address(row["url"])
        named = row.get("name") or row.get("text")
        title = self._labels.title(app, row.get("screen") or (row.get("title", "") if named else ""))
        return self._titles.name(app, title)


def _titled(row: Fields) -> bool:
    """Whether the screen of a row is told by the title of a window."""
    return not (row.get("sheet") or row.get("url"))
