"""Policies to begin with: one for a person who tries it on their own desktop, and a draft for a company."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from taskstream.privacy.policy import DAYS, RECORDABLE, Hours, Policy
from taskstream.privacy.screen_rules import ScreenRule

APPLICATIONS: Final = tuple(sorted({
    # browsers
    "brave-browser", "chrome", "chromium", "chromium-browser", "edge", "epiphany", "falkon", "firefox", "firefox-esr",
    "google-chrome", "librewolf", "microsoft-edge", "opera", "org.gnome.epiphany", "vivaldi-stable",
    # office
    "abiword", "calligrasheets", "calligrawords", "excel", "gnumeric", "libreoffice", "libreoffice-base",
    "libreoffice-calc", "libreoffice-draw", "libreoffice-impress", "libreoffice-startcenter", "libreoffice-writer",
    "onlyoffice desktop editors", "powerpoint", "soffice", "wine", "word", "wps", "et", "wpp",
    # mail, calendar, meetings
    "betterbird", "claws-mail", "evolution", "geary", "gnome-calendar", "kmail", "kontact", "microsoft teams",
    "outlook", "skype", "slack", "teams", "teams-for-linux", "thunderbird", "zoom",
    # files, documents, notes
    "atril", "caja", "dolphin", "engrampa", "eog", "evince", "file-roller", "gimp", "gwenview", "inkscape", "joplin",
    "kate", "kwrite", "mousepad", "nautilus", "nemo", "obsidian", "okular", "org.gnome.nautilus", "pcmanfm", "pluma",
    "qpdfview", "ristretto", "simple-scan", "thunar", "xournalpp", "xpdf", "xreader", "zathura", "zotero",
    "gedit", "gnome-text-editor", "org.gnome.texteditor", "leafpad", "geany", "xed", "featherpad", "gvim", "emacs",
    # business, data, development
    "code", "codium", "dbeaver", "eclipse", "gnome-calculator", "gnucash", "homebank", "idea", "jetbrains-idea",
    "jetbrains-idea-ce", "jetbrains-pycharm", "jetbrains-pycharm-ce", "kcalc", "kmymoney", "odoo", "pycharm", "qgis",
    "galculator", "rstudio", "sap", "saplogon", "spyder", "sublime_text", "xcalc",
    # terminals and remote desktops
    "alacritty", "gnome-terminal", "gnome-terminal-server", "kitty", "konsole", "lxterminal", "mate-terminal",
    "org.remmina.remmina", "qterminal", "remmina", "rxvt", "tilix", "uxterm", "urxvt", "virt-manager", "xfce4-terminal",
    "xfreerdp", "xterm", "zenity",
}))  # fmt: skip
"""Common work applications, in lower case, as they name themselves on a desktop."""

_WORDS: Final = (
    "about", "bookmarks", "calendar", "compose", "confirm", "contacts", "dashboard", "downloads", "drafts", "error",
    "export", "find", "find and replace", "format cells", "forward", "help", "history", "home", "import", "inbox",
    "information", "insert", "log in", "login", "new document", "new message", "new tab", "open", "open file",
    "options", "overview", "page setup",
    "preferences", "print", "print preview", "progress", "properties", "question", "replace",
    "reply", "save as", "search", "sent items", "settings", "sign in", "sign out", "tasks", "untitled", "warning",
    "welcome",
)  # fmt: skip
SCREENS: Final = (
    ScreenRule(title="{word}", screen="{word}", values={"word": _WORDS}),
    ScreenRule(
        title="{word}{mark}{*}",
        screen="{word}",
        values={"word": _WORDS, "mark": (" - ", " – ", " — ", " | ", ": ")},
    ),
)
"""A common word that is the whole title, or stands before a separator; what follows the separator is dropped."""


def personal_policy(today: date, *, k: int, applications: Sequence[str] = ()) -> Policy:
    """What a person is offered: common applications, all kinds of events, at any hour, for a year."""
    return Policy(
        version=1,
        name="personal",
        issued=today,
        valid_until=today + timedelta(days=365),
        applications=tuple(sorted({*APPLICATIONS, *applications})),
        kinds=RECORDABLE,
        screens=SCREENS,
        hours=(Hours(DAYS, "00:00", "24:00"),),
        k=k,
        retention_days=30,
        hold_back_s=0,
    )


def company_policy(name: str, today: date, *, k: int, days: int, applications: Sequence[str]) -> Policy:
    """A draft to be edited and signed: the applications given, working days, five minutes of hold-back."""
    return Policy(
        version=1,
        name=name,
        issued=today,
        valid_until=today + timedelta(days=days),
        applications=tuple(dict.fromkeys(applications)),
        kinds=RECORDABLE,
        screens=SCREENS,
        hours=(Hours(DAYS[:5], "07:00", "19:00"),),
        k=k,
        retention_days=30,
        hold_back_s=300,
    )
