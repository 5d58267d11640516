"""Applications by the names people use; of a program's path only the program is kept, never the folders."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from taskstream.activity import mask
from taskstream.privacy.redact import redact_text

CLIPBOARD: Final = "clipboard"
_PROGRAM: Final = re.compile(r"([^\\/\"']+?)\.(?:exe|app|com|bat|cmd|jar|appimage)(?![\w.])", re.IGNORECASE)
_MAX_APP: Final = 64
_VENDORS: Final = ("microsoft office ", "microsoft ", "google ", "mozilla ", "adobe ", "apple ")
_ALIASES: Final = {
    "msedge": "edge", "winword": "word", "powerpnt": "powerpoint", "onenotem": "onenote", "msaccess": "access",
    "ms-teams": "teams", "saplogon": "sap", "saplgpad": "sap", "sap gui": "sap", "acrord32": "acrobat",
    "google-chrome": "chrome", "chromium-browser": "chromium", "firefox-esr": "firefox", "olk": "outlook",
    "iexplore": "internet explorer", "os-clipboard": CLIPBOARD, "osclipboard": CLIPBOARD, "soffice.bin": "soffice",
}  # fmt: skip
KNOWN: Final = frozenset(_ALIASES.values()) | frozenset([
    "chrome", "excel", "firefox", "outlook", "safari", "opera", "brave", "vivaldi", "chromium", "explorer", "finder",
    "notepad", "notepad++", "wordpad", "calculator", "paint", "mspaint", "cmd", "powershell", "terminal", "putty",
    "thunderbird", "mail", "calendar", "soffice", "scalc", "swriter", "libreoffice", "calc", "writer", "numbers",
    "pages", "keynote", "slack", "zoom", "skype", "webex", "lync", "acrobat", "reader", "foxit", "code", "visio",
    "publisher", "sharepoint", "onedrive", "dynamics", "salesforce", "servicenow", "jira", "confluence", "datev",
    "lexware", "navision", "sage", "quickbooks", "xero", "oracle", "citrix", "mstsc", "filezilla", "winscp", "winzip",
    "7zfm", "web", "browser", "office", "desktop", "taskbar", "system", "clipboard", "file manager", "evince", "gedit",
    "kate", "nautilus", "dolphin", "konsole", "java", "python", "crm", "erp", "billing", "shop", "portal",
    "other app", "password prompt",
])  # fmt: skip
"""Programs whose names may leave a desktop though nobody listed them: they say nothing of a person."""

SPREADSHEETS: Final = frozenset(["excel", "scalc", "calc", "numbers", "libreoffice", "soffice", "sheets"])


@lru_cache(maxsize=4_096)
def app_name(text: str) -> str:
    """The application that a log's text means, in lower case; without folders, users, vendors and ``.exe``."""
    text = text.strip().strip("\"'")
    found = _PROGRAM.search(text)
    if found:
        name = found.group(1)
    elif "\\" in text or text.startswith(("/", "~", "file:")):
        name = re.split(r"[\\/]", text.rstrip("\\/"))[-1].partition(" --")[0]
    else:
        name = text
    name = mask(redact_text(name))
    for vendor in _VENDORS:
        if name.startswith(vendor) and len(name) > len(vendor):
            name = name.removeprefix(vendor)
            break
    return _ALIASES.get(name, name)[:_MAX_APP]
