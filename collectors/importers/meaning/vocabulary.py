"""What logs call things: the one vocabulary of columns and actions; ``docs/reference/logs.md`` is made from it.

Names are compared in lower case and without blanks, dots, colons, hyphens and underscores.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from msgspec import Struct

from taskstream.events import Kind


class Field(Struct, frozen=True):
    """Something that is read of a row. Of several columns that a file has for it, the first in ``columns`` is read."""

    name: str
    what: str
    columns: tuple[str, ...]


FIELDS: Final[tuple[Field, ...]] = (
    Field("time", "when it happened, with its date or beside `date`", (
        "timestamp", "time:timestamp", "datetime", "date_time", "time", "start_timestamp", "start_time", "starttime",
        "start", "event_time", "eventtime", "event_start", "event_timestamp", "created_at", "recorded_at", "ts", "when",
        "zeit", "zeitstempel", "uhrzeit", "end_timestamp", "end_time", "event_end", "complete_timestamp", "end",
    )),
    Field("date", "the day, where `time` holds a time of day", (
        "date", "day", "event_date", "start_date", "datum",
    )),
    Field("person", "who did it", (
        "user_id", "user", "user_name", "userid", "person", "person_id", "resource", "org:resource", "actor",
        "employee", "employee_id", "employee_name", "worker", "login", "login_name", "account", "account_name",
        "operator", "agent", "performed_by", "executed_by", "done_by", "user_email", "windows_user", "domain_user",
        "benutzer", "nutzer", "benutzername", "anwender", "bearbeiter", "sachbearbeiter", "mitarbeiter",
    )),
    Field("app", "the application, by its name or its program's path", (
        "target_app", "app", "application", "application_name", "app_name", "program", "process", "process_name",
        "source", "executable", "system", "anwendung",
    )),
    Field("action", "what was done", (
        "event_type", "action", "activity", "concept:name", "activity_name", "activity_en", "event", "event_name",
        "operation", "task", "step", "aktion", "aktivität",
    )),
    Field("url", "address of the page", ("url", "browser_url", "page_url", "target.url", "address", "uri")),
    Field("content", "what was copied or pasted", ("content", "clipboard_content", "clipboard")),
    Field("value", "what the element holds", (
        "target.value", "value", "cell_content", "new_value", "input_value", "wert",
    )),
    Field("file", "path of a file that is opened, made, moved or deleted; only its kind is read", (
        "event_src_path", "file_path", "source_path",
    )),
    Field("sheet", "the sheet of a workbook", (
        "target.sheet_name", "sheet", "sheet_name", "current_worksheet", "worksheet",
    )),
    Field("column", "the column of a sheet", ("column",)),
    Field("id", "id of the element, or address of a cell", (
        "target.id", "id", "element_id", "cell", "cell_range", "control_id",
    )),
    Field("automation_id", "automation id of the element", ("automation_id", "target.automation_id", "auto_id")),
    Field("tag", "HTML tag", ("target.tag_name", "tag_name", "tag", "element_tag")),
    Field("type", "HTML type or control type", (
        "target.type", "tag_type", "type", "element_type", "control_type", "control", "role", "target.control_type",
    )),
    Field("name", "name of the element", (
        "target.name", "tag_name_attribute", "label", "name", "element_name", "element", "field", "control_name",
    )),
    Field("text", "text of the element", (
        "target.inner_text", "inner_text", "text", "element_text", "caption",
    )),
    Field("title", "title of the element", ("target.title", "tag_title", "element_title", "tooltip")),
    Field("class", "class of the element", ("target.class", "target.class_name", "class_name", "class")),
    Field("path", "XPath or CSS path of the element", (
        "xpath", "target.xpath", "css_path", "css_selector", "selector", "css", "xpath_full", "element_path", "path",
    )),
    Field("key", "key or shortcut", ("key", "hotkey", "shortcut", "keys")),
    Field("screen", "the window or screen", (
        "screen", "window", "window_title", "title", "form", "page_title", "fenster", "view",
    )),
)  # fmt: skip

FIELD_NAMES: Final = tuple(field.name for field in FIELDS)

Fields = dict[str, str]
"""What is read of a row, by the names of :data:`FIELDS`; what is absent is an empty string."""

ACTIONS: Final[dict[str, tuple[Kind, str]]] = {
    "getcell": ("click", "cell"),
    "getrange": ("click", "range"),
    "selectcell": ("click", "cell"),
    "selectrange": ("click", "range"),
    "doubleclickcellwithvalue": ("click", "cell"),
    "doubleclickemptycell": ("click", "cell"),
    "rightclickcellwithvalue": ("click", "cell"),
    "rightclickemptycell": ("click", "cell"),
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
    "copied": ("copy", ""),
    "pasted": ("paste", ""),
    "kopieren": ("copy", ""),
    "copier": ("copy", ""),
    "copiar": ("copy", ""),
    "ausschneiden": ("cut", ""),
    "couper": ("cut", ""),
    "cortar": ("cut", ""),
    "einfügen": ("paste", ""),
    "einfuegen": ("paste", ""),
    "coller": ("paste", ""),
    "pegar": ("paste", ""),
    "insertvalue": ("edit", "field"),
    "editfield": ("edit", "field"),
    "changefield": ("edit", "field"),
    "change": ("edit", "field"),
    "typed": ("edit", "field"),
    "type": ("edit", "field"),
    "typeinto": ("edit", "field"),
    "settext": ("edit", "field"),
    "input": ("edit", "field"),
    "edit": ("edit", "field"),
    "edited": ("edit", "field"),
    "fill": ("edit", "field"),
    "fillin": ("edit", "field"),
    "enter": ("edit", "field"),
    "entertext": ("edit", "field"),
    "entervalue": ("edit", "field"),
    "setvalue": ("edit", "field"),
    "valuechange": ("edit", "field"),
    "valuechanged": ("edit", "field"),
    "textchanged": ("edit", "field"),
    "write": ("edit", "field"),
    "bearbeiten": ("edit", "field"),
    "eingabe": ("edit", "field"),
    "eingeben": ("edit", "field"),
    "saisie": ("edit", "field"),
    "saisir": ("edit", "field"),
    "clicktextfield": ("click", "field"),
    "clickcheckbox": ("click", "checkbox"),
    "clickcheckboxbutton": ("click", "checkbox"),
    "clickradio": ("click", "radio"),
    "clickradiobutton": ("click", "radio"),
    "clickbutton": ("click", "button"),
    "clicklink": ("click", "link"),
    "click": ("click", ""),
    "leftclick": ("click", ""),
    "rightclick": ("click", ""),
    "mouseclick": ("click", ""),
    "clicked": ("click", ""),
    "press": ("click", ""),
    "tap": ("click", ""),
    "klick": ("click", ""),
    "klicken": ("click", ""),
    "clic": ("click", ""),
    "cliquer": ("click", ""),
    "doubleclick": ("click", ""),
    "selectoptions": ("edit", "select"),
    "selectoption": ("edit", "select"),
    "selectitem": ("edit", "select"),
    "select": ("edit", "select"),
    "submit": ("submit", "form"),
    "formsubmit": ("submit", "form"),
    "submitted": ("submit", "form"),
    "absenden": ("submit", "form"),
    "envoyer": ("submit", "form"),
    "enviar": ("submit", "form"),
    "navigateto": ("navigate", "page"),
    "navigate": ("navigate", "page"),
    "gotourl": ("navigate", "page"),
    "openurl": ("navigate", "page"),
    "startpage": ("navigate", "page"),
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
    "newwindow": ("window", "newwindow"),
    "closewindow": ("window", "closewindow"),
    "focus": ("window", ""),
    "focuswindow": ("window", ""),
    "windowfocus": ("window", ""),
    "activatewindow": ("window", ""),
    "activate": ("window", ""),
    "windowchange": ("window", ""),
    "windowchanged": ("window", ""),
    "switchwindow": ("window", ""),
    "windowswitch": ("window", ""),
    "window": ("window", ""),
    "foreground": ("window", ""),
    "openworkbook": ("open", "file"),
    "newworkbook": ("open", "file"),
    "activateworkbook": ("window", "file"),
    "openfile": ("open", "file"),
    "created": ("save", "file"),
    "modified": ("save", "file"),
    "deleted": ("click", "file"),
    "moved": ("click", "file"),
    "openapplication": ("open", "application"),
    "programopen": ("open", "application"),
    "open": ("open", "file"),
    "opened": ("open", "file"),
    "öffnen": ("open", "file"),
    "oeffnen": ("open", "file"),
    "ouvrir": ("open", "file"),
    "abrir": ("open", "file"),
    "savefile": ("save", "file"),
    "saveworkbook": ("save", "file"),
    "save": ("save", "file"),
    "saved": ("save", "file"),
    "speichern": ("save", "file"),
    "enregistrer": ("save", "file"),
    "guardar": ("save", "file"),
    "presskey": ("keys", "key"),
    "keypress": ("keys", "key"),
    "hotkey": ("keys", "key"),
    "keys": ("keys", "key"),
    "shortcut": ("keys", "key"),
    "sendhotkey": ("keys", "key"),
    "scroll": ("scroll", ""),
    "mousewheel": ("scroll", ""),
    "lock": ("lock", ""),
    "unlock": ("unlock", ""),
    "idle": ("idle", ""),
}
"""Action, letters alone and in lower case → kind and role of the element ("" where the row itself must tell)."""

_OF_BUSINESS: Final = frozenset({"enter", "press", "write", "fill", "edited", "saved", "opened", "submitted"})
"""Actions that steps of a business process are called by, too: "Enter order", "Saved"."""

_BETWEEN: Final = re.compile(r"[\W_]+")
_NOT_LETTER: Final = re.compile(r"[\W\d_]+")
_WORD_START: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\-\s]+")


@lru_cache(maxsize=4_096)
def plain(name: str) -> str:
    """A column's name in the form in which names are compared."""
    return _BETWEEN.sub("", name.lower())


_FIELD_OF: Final = {
    plain(column): (field.name, rank) for field in reversed(FIELDS) for rank, column in enumerate(field.columns)
}


def field_of(column: str) -> tuple[str, int] | None:
    """The field that a column fills and its rank among the names for it; None for a column that is not read."""
    return _FIELD_OF.get(plain(column))


def known_action(action: str) -> tuple[Kind, str] | None:
    """Kind and role of an action; None for one that is not in the vocabulary."""
    return ACTIONS.get(_NOT_LETTER.sub("", action.lower()))


def is_of_screens(activity: str) -> bool:
    """Whether an activity holds a word that is an action on a screen, such as the "click" of "Click Save"."""
    return any(word.lower() not in _OF_BUSINESS and known_action(word) is not None for word in activity.split())


def words(action: str) -> str:
    """An action as words: ``waitResponse`` → ``wait response``."""
    return " ".join(part for part in _WORD_START.split(action) if part).lower()
