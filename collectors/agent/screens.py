"""From window titles and addresses to screens, denying by default: a text passes only through a rule of the policy.

A title may hold anything, and personal names have no pattern. So it is never shortened or masked into a screen: either
a rule of the policy recognises it and says what the screen is called, in words that the rule lists, or the screen is
``other`` (see :mod:`taskstream.privacy.screen_rules`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from taskstream.privacy.policy import OTHER
from taskstream.privacy.screen_rules import Matcher, ScreenRule

MAX_TEXTS: Final = 2_048
"""Titles and addresses remembered with their screens; then the memory starts afresh."""


class Screens:
    """Applies rules, the first that matches, with a memory for texts seen before."""

    def __init__(self, rules: Sequence[ScreenRule] = ()) -> None:
        self._rules = [Matcher(rule) for rule in rules]
        self._memory: dict[tuple[str, str, str], str] = {}

    def screen(self, app: str, text: str, of: Literal["title", "url"] = "title") -> str:
        """What the screen is called; ``other`` when no rule knows the text, empty when there is none."""
        if not text:
            return ""
        known = self._memory.get((app, of, text))
        if known is None:
            if len(self._memory) >= MAX_TEXTS:
                self._memory.clear()
            known = self._memory[app, of, text] = self._apply(app, text, of == "url")
        return known

    def _apply(self, app: str, text: str, of_url: bool) -> str:
        if of_url:
            text = _place(text)
        for rule in self._rules:
            if rule.of_url is of_url and rule.app in ("", app) and (screen := rule.screen(text)) is not None:
                return screen
        return OTHER


def _place(url: str) -> str:
    """Host and path of an address: without scheme, user, query and fragment."""
    rest = url.split("://", 1)[-1].split("#", 1)[0].split("?", 1)[0]
    host, slash, path = rest.partition("/")
    return host.rpartition("@")[2] + slash + path
