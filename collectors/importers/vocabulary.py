"""What foreign logs call things: column names and actions, mapped to the contract's kinds and element roles."""

from __future__ import annotations

import re
from typing import Final

from taskstream.events import Kind

COLUMNS: Final[dict[str, str]] = {
    "timestamp": "time",
    "time": "time",
    "time:timestamp": "time",
    "starttime": "time",
    "start_timestamp": "time",
    "userid": "person",
    "user": "person",
    "username": "person",
    "person": "person",
    "org:resource": "person",
    "resource": "person",
    "targetapp": "app",
    "source": "app",
    "app": "app",
    "application": "app",
    "applicationname": "app",
    "eventtype": "action",
    "event_type": "action",
    "concept:name": "action",
    "action": "action",
    "event": "action",
    "activity": "action",
    "url": "url",
    "browser_url": "url",
    "content": "content",
    "clipboard_content": "content",
    "value": "value",
    "target.value": "value",
    "workbook": "workbook",
    "target.workbookname": "workbook",
    "filename": "workbook",
    "sheet": "sheet",
    "sheetname": "sheet",
    "target.sheetname": "sheet",
    "current_worksheet": "sheet",
    "column": "column",
    "cell": "id",
    "cell_range": "id",
    "target.id": "id",
    "id": "id",
    "target.tagname": "tag",
    "tag_name": "tag",
    "target.type": "type",
    "tag_type": "type",
    "target.name": "name",
    "tag_name_attribute": "name",
    "label": "name",
    "target.innertext": "text",
    "innertext": "text",
    "text": "text",
    "target.title": "title",
    "title": "title",
    "key": "key",
    "screen": "screen",
    "window": "screen",
}
"""Column or XES key, in lower case → the field of :data:`Fields` it fills. Others are ignored."""

Fields = dict[str, str]
"""A row under the names on the right of :data:`COLUMNS`; an absent field is an empty string."""

ACTIONS: Final[dict[str, tuple[Kind, str]]] = {
    "getcell": ("click", "cell"),
    "getrange": ("click", "range"),
    "selectcell": ("click", "cell"),
    "selectrange": ("click", "range"),
    "editcell": ("edit", "cell"),
    "editcellsheet": ("edit", "cell"),
    "editrange": ("edit", "range"),
    "copycell": ("copy", "cell"),
    "copyrange": ("copy", "range"),
    "pasteintocell": ("paste", "cell"),
    "pasteintorange": ("paste", "range"),
    "copy": ("copy", ""),
    "cut": ("cut", ""),
    "paste": ("paste", ""),
    "insertvalue": ("edit", "field"),
    "editfield": ("edit", "field"),
    "changefield": ("edit", "field"),
    "typed": ("edit", "field"),
    "type": ("edit", "field"),
    "input": ("edit", "field"),
    "clicktextfield": ("click", "field"),
    "clickcheckbox": ("click", "checkbox"),
    "clickradiobutton": ("click", "radio"),
    "clickbutton": ("click", "button"),
    "clicklink": ("click", "link"),
    "click": ("click", ""),
    "mouseclick": ("click", ""),
    "doubleclick": ("click", ""),
    "selectoptions": ("edit", "select"),
    "selectoption": ("edit", "select"),
    "select": ("edit", "select"),
    "submit": ("submit", "form"),
    "formsubmit": ("submit", "form"),
    "navigateto": ("navigate", "page"),
    "navigate": ("navigate", "page"),
    "gotourl": ("navigate", "page"),
    "openurl": ("navigate", "page"),
    "reload": ("navigate", "reload"),
    "selectworksheet": ("navigate", "sheet"),
    "worksheetactivated": ("navigate", "sheet"),
    "addworksheet": ("click", "action"),
    "createnewtab": ("window", "newtab"),
    "newtab": ("window", "newtab"),
    "opentab": ("window", "newtab"),
    "selecttab": ("window", "tab"),
    "switchtab": ("window", "tab"),
    "closetab": ("window", "closetab"),
    "openwindow": ("window", "newwindow"),
    "closewindow": ("window", "closewindow"),
    "openworkbook": ("open", "file"),
    "openfile": ("open", "file"),
    "openapplication": ("open", "application"),
    "open": ("open", "file"),
    "savefile": ("save", "file"),
    "saveworkbook": ("save", "file"),
    "save": ("save", "file"),
    "presskey": ("keys", "key"),
    "keypress": ("keys", "key"),
    "hotkey": ("keys", "key"),
    "scroll": ("scroll", ""),
    "mousewheel": ("scroll", ""),
    "lock": ("lock", ""),
    "unlock": ("unlock", ""),
    "idle": ("idle", ""),
}
"""Action, letters alone and in lower case → kind and role of the element ("" where the row itself must tell)."""

_NOT_LETTER: Final = re.compile(r"[^a-z]+")
_WORD_START: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\-\s]+")


def kind_and_role(action: str) -> tuple[Kind, str]:
    """Kind and role of a foreign action; an unknown one is a click on an element of the role ``action``."""
    return ACTIONS.get(_NOT_LETTER.sub("", action.lower()), ("click", "action"))


def words(action: str) -> str:
    """A foreign action as words: ``waitResponse`` → ``wait response``."""
    return " ".join(part for part in _WORD_START.split(action) if part).lower()


def rename(header: str) -> str:
    """The field that a column or XES key fills, or ``""``."""
    return COLUMNS.get(header.strip().lower(), "")
