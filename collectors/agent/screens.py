"""From window titles to screens, denying by default: a title passes only through a rule.

A title may hold anything, and personal names have no pattern. So it is never shortened or masked into a screen: either
a rule recognises it and says what the screen is called, or the screen is ``window``. The rules are the built-in ones
and those of ``screens.toml`` in the home folder::

    [[rule]]
    app = "sap"                       # the application, exactly; absent: any
    title = 'Change (?P<what>Sales Order|Delivery) \\d+: .*'    # the whole title
    screen = "change {what}"
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

from msgspec import Struct

from taskstream.errors import UsageError
from taskstream.privacy.redact import MAX_TEXT, redact_text

UNKNOWN: Final = "window"
MAX_TITLES: Final = 2_048
"""Titles remembered with their screens; then the memory starts afresh."""
MAX_TITLE: Final = 512

_WORDS: Final = (
    r"inbox|sent items|drafts|calendar|contacts|tasks|new message|reply|forward|compose|search|find and replace|find|"
    r"replace|open file|open|save as|save|export|import|print preview|print|settings|preferences|options|properties|"
    r"login|log in|sign in|sign out|welcome|home|dashboard|overview|downloads|history|bookmarks|new tab|help|about|"
    r"warning|error|question|information|confirm|progress|page setup|insert|format cells|new document|untitled"
)
_BUILT_IN: Final = ((None, rf"(?P<word>{_WORDS})(?:\s+[-–—|:]\s+\w[\w .]{{0,40}})?", "{word}"),)
"""One allow-listed word at the beginning, perhaps followed by what is most often the program's name."""


class Rule(Struct, frozen=True):
    """Titles of ``app`` (any when None) that match ``title`` as a whole become ``screen``, filled from named groups."""

    app: str | None
    title: re.Pattern[str]
    screen: str


class Screens:
    """Applies rules, with a memory for titles seen before."""

    def __init__(self, rules: tuple[Rule, ...] = ()) -> None:
        self._rules = rules + tuple(Rule(app, re.compile(t, re.IGNORECASE), screen) for app, t, screen in _BUILT_IN)
        self._memory: dict[tuple[str, str], str] = {}

    def screen(self, app: str, title: str) -> str:
        """What the screen is called; :data:`UNKNOWN` when no rule knows the title, empty when there is no title."""
        if not title:
            return ""
        known = self._memory.get((app, title))
        if known is None:
            if len(self._memory) >= MAX_TITLES:
                self._memory.clear()
            known = self._memory[app, title] = self._apply(app, title)
        return known

    def _apply(self, app: str, title: str) -> str:
        if len(title) > MAX_TITLE:
            return UNKNOWN
        for rule in self._rules:
            if rule.app in (None, app) and (match := rule.title.fullmatch(title)):
                groups = {name: text or "" for name, text in match.groupdict().items()}
                return redact_text(rule.screen.format(**groups).lower())[:MAX_TEXT]
        return UNKNOWN


def load_rules(home: Path) -> tuple[Rule, ...]:
    """The rules of ``screens.toml``; none when there is no such file.

    Raises:
        UsageError: the file or a rule in it is wrong; the message says which.
    """
    path = home / "screens.toml"
    if not path.is_file():
        return ()
    number = 0
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("rule", [])
        rules = []
        for entry in entries:
            number += 1
            rule = Rule(entry.get("app"), re.compile(entry["title"], re.IGNORECASE), entry["screen"])
            rule.screen.format(**dict.fromkeys(rule.title.groupindex, ""))
            rules.append(rule)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except (re.error, KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}, rule {number}: {error}") from error
    return tuple(rules)
