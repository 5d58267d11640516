"""Activities in words: ``chrome|click|crm/customers|button:save`` is "click Save"."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from taskstream.events import KINDS

_NAMES = {
    "excel": "Excel", "chrome": "Chrome", "firefox": "Firefox", "msedge": "Edge", "edge": "Edge", "safari": "Safari",
    "outlook": "Outlook", "winword": "Word", "word": "Word", "powerpnt": "PowerPoint", "sap": "SAP", "saplogon": "SAP",
    "crm": "CRM", "erp": "ERP", "teams": "Teams", "slack": "Slack", "acrobat": "Acrobat", "onenote": "OneNote",
    "libreoffice": "LibreOffice", "soffice": "LibreOffice", "os-clipboard": "clipboard", "clipboard": "clipboard",
    "explorer": "File Explorer", "nautilus": "Files", "thunderbird": "Thunderbird", "calc": "Calc",
    "notepad": "Notepad", "hr": "HR", "pdf": "PDF", "web": "Web", "jira": "Jira", "servicenow": "ServiceNow",
}  # fmt: skip
BROWSERS = frozenset({"chrome", "firefox", "msedge", "edge", "safari", "web", "chromium", "google-chrome", "browser"})
SHEETS = frozenset({"excel", "calc", "libreoffice", "soffice", "google sheets", "numbers", "spreadsheet"})
_VERBS = {
    "window": "switch to", "click": "click", "keys": "type in", "shortcut": "press", "copy": "copy", "cut": "cut",
    "paste": "paste into", "edit": "fill in", "navigate": "open", "submit": "submit", "open": "open", "save": "save",
    "scroll": "scroll in", "idle": "pause", "lock": "lock", "unlock": "unlock", "gap": "gap", "health": "health",
}  # fmt: skip
_ROLES = {
    "field": "field", "input": "field", "text": "field", "textbox": "field", "entry": "field", "edit": "field",
    "select": "list", "combobox": "list", "option": "option", "checkbox": "checkbox", "radio": "option",
    "cell": "cell", "column": "column", "range": "range", "button": "button", "link": "link", "tab": "tab",
    "menu": "menu", "menuitem": "menu entry", "row": "row", "sheet": "sheet", "image": "image", "icon": "icon",
}  # fmt: skip
_SPLIT = re.compile(r"[_\-./\s:]+|(?<=[a-z])(?=[A-Z])")
_ID = re.compile(r"[#\d]*#[#\d]*|\b(?=[a-f]*\d)[0-9a-f]{6,}\b|\d{3,}")
"""Masks, hexadecimal ids (with a digit: ``decade`` is a word) and long numbers."""
_XPATH = re.compile(r"^//|^/?(html|body|div|span|table|form|xpath)\s*[/\[>]|^id\(|\[\d+\]")
"""Paths through a page; a field called Body or Division is none."""
_CELL = re.compile(r"^[a-z]{1,3}$")


class Parts(NamedTuple):
    """An activity taken apart."""

    app: str
    kind: str
    screen: str
    role: str
    label: str


@lru_cache(maxsize=65_536)
def parts(activity: str) -> Parts:
    """``app|kind|screen|role:label`` taken apart; what is missing is empty."""
    app, kind, screen, element = [*activity.split("|", 3), "", "", ""][:4]
    if kind not in KINDS:
        kind = ""
    role, colon, label = element.partition(":")
    if not colon:
        role, label = "", element
    return Parts(app, kind, screen, role, label)


@lru_cache(maxsize=16_384)
def app_name(app: str) -> str:
    """An application's display name."""
    known = _NAMES.get(app.lower())
    if known:
        return known
    words = [word for word in _SPLIT.split(app.removesuffix(".exe")) if word and not _ID.fullmatch(word)]
    return " ".join(word if word.isupper() else word.capitalize() for word in words) or "application"


@lru_cache(maxsize=65_536)
def phrase(text: str, words: int = 5) -> str:
    """A label or name as words without ids, masks and XPath; empty where nothing readable is left."""
    if not text or _XPATH.search(text):
        return ""
    cleaned = _ID.sub(" ", text)
    parts_ = [part for part in _SPLIT.split(cleaned) if part.strip("()[]{}#*$%&'\"<>=|,;")]
    kept = " ".join(parts_[:words]).strip()
    return kept if any(letter.isalpha() for letter in kept) else ""


_DEFAULTS = re.compile(
    r"^(sheet|tabelle|feuil|hoja|foglio|planilha|blad|arkusz|untitled|unbenannt|window|page|form|forms|index|html?|home"
    r"|view|app|main|default|data|thankyou|login|results?)\s*\d*$",
    re.IGNORECASE,
)
_LEADING = frozenset(
    {"new", "create", "edit", "enter", "maintain", "change", "add", "update", "display", "show", "view", "open", "my"}
)
_TRAILING = frozenset({"list", "inbox", "overview", "document", "file", "form", "page", "screen", "details", "detail"})
_HOSTS = frozenset(
    {"www", "com", "org", "net", "io", "de", "fr", "eu", "co", "uk", "local", "example", "app", "forms", "form"}
)
_EXTENSION = re.compile(r"\.(xlsx?|xlsm|csv|docx?|pdf|pptx?|txt|ods|odt|html?|php|aspx?|jsp)$", re.IGNORECASE)


def _screen_parts(app: str, screen: str) -> tuple[str, list[str]]:
    """A screen taken apart: the web site's host, or empty, and the readable parts of the rest, the last one first."""
    pieces = screen.split("/")
    host = pieces.pop(0) if app.lower() in BROWSERS and "." in pieces[0] and not _EXTENSION.search(pieces[0]) else ""
    named = [phrase(_EXTENSION.sub("", piece), 4) for piece in reversed(pieces)]
    return host, [name for name in named if name and not _DEFAULTS.match(name)]


@lru_cache(maxsize=16_384)
def screen_name(app: str, screen: str) -> str:
    """What a screen is called: the sheet, or the last telling part of a URL's path, or the page's site."""
    host, named = _screen_parts(app, screen)
    return named[0] if named else _site(host)


@lru_cache(maxsize=16_384)
def noun(app: str, screen: str) -> str:
    """The thing that a screen is about, in lower case: ``create sales order`` is about a sales order; else empty."""
    for name in _screen_parts(app, screen)[1]:
        found = [word for word in name.lower().split() if not word.isdigit()]
        while len(found) > 1 and found[0] in _LEADING:
            del found[0]
        while len(found) > 1 and found[-1] in _TRAILING:
            del found[-1]
        text = " ".join(found).removeprefix("new") if len(found) == 1 and len(found[0]) > 6 else " ".join(found)
        if text and text not in _LEADING | _TRAILING:
            return text
    return ""


@lru_cache(maxsize=16_384)
def place_name(app: str, screen: str) -> str:
    """An application as people call it; for a browser the web site: ``Zoho``."""
    host, _ = _screen_parts(app, screen)
    return _site(host) or app_name(app)


def _site(host: str) -> str:
    """A web site by its host: ``forms.zoho.com`` is Zoho; empty for an address of numbers."""
    names = [name for name in map(phrase, host.split(".")) if name and name not in _HOSTS]
    return app_name(names[-1]) if names else ""


@lru_cache(maxsize=65_536)
def object_name(activity: str) -> str:
    """What an activity acts on: ``Save``, ``column B``, ``field Amount``; empty where it has no readable name."""
    part = parts(activity)
    label = part.label
    if part.role in {"cell", "column"} and _CELL.match(label.lower()):
        return f"column {label.upper()}"
    name = phrase(label)
    if not name:
        return ""
    name = name[0].upper() + name[1:]
    role = _ROLES.get(part.role, "")
    return f"{role} {name}" if role in {"field", "list", "checkbox"} else name


@lru_cache(maxsize=65_536)
def label_of(activity: str) -> str:
    """An activity in words, with its application: ``paste into field Amount (Chrome)``."""
    part = parts(activity)
    verb = _VERBS.get(part.kind, "use")
    what = object_name(activity)
    where = app_name(part.app) if part.app else ""
    if what and part.kind == "click" and part.role == "action":  # the log's own word for it, which may be no click
        return f"{what} ({where})" if where else what
    if part.kind in {"window", "navigate", "open"}:
        what = what or screen_name(part.app, part.screen)
        return f"{verb} {what} ({where})" if what and where else f"{verb} {what or where}".strip()
    if not what:
        role = _ROLES.get(part.role, "")
        screen = screen_name(part.app, part.screen)
        what = f"a {role}" if role else ""
        what += f" in {screen}" if screen else ""
        what = what.strip()
    return f"{verb} {what} ({where})".replace("  ", " ") if where else f"{verb} {what}".strip()
