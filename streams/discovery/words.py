"""What labels say about an activity: whether it completes something, and whether it belongs to signing in.

The words are data (``words.json``), by role and language. All languages are asked at once: a person's applications may
speak several, and a label does not say which.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

STRONG: Final = 2
WEAK: Final = 1

_COMPLETING_KINDS: Final = frozenset({"click", "submit", "save", "shortcut", "keys"})
"""Typing, copying, selecting, scrolling and navigating never complete anything."""
_COMPLETING_ROLES: Final = frozenset({"button", "link", "menu", "menuitem", "element", "action", "image", "icon", ""})
_SAVING_SHORTCUTS: Final = frozenset({"ctrl+s", "cmd+s", "ctrl+enter", "cmd+enter"})
_WORDS: Final = re.compile(r"[^\W\d_]+")


class Meaning(NamedTuple):
    """``completion``: 0, WEAK or STRONG; ``authentication``: whether it is part of signing in."""

    completion: int
    authentication: bool


class _Dictionary:
    """Words and phrases of a role, matched as whole words where the script separates words, else as parts."""

    def __init__(self, by_language: dict[str, list[str]]) -> None:
        entries = {entry for listed in by_language.values() for entry in listed}
        self._words = {entry for entry in entries if _WORDS.fullmatch(entry) and not _unspaced(entry)}
        self._parts = tuple(sorted(entries - self._words))

    def match(self, label: str, words: set[str]) -> bool:
        return not self._words.isdisjoint(words) or any(part in label for part in self._parts)


def _unspaced(entry: str) -> bool:
    """Whether the entry is written in a script without blanks between words (CJK, kana, hangul)."""
    return any(
        "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7af"
        for letter in entry
    )


@lru_cache(maxsize=1)
def _dictionaries() -> tuple[_Dictionary, _Dictionary, _Dictionary]:
    data = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
    return _Dictionary(data["strong"]), _Dictionary(data["weak"]), _Dictionary(data["authentication"])


def meaning(kind: str, element: str, shortcut: str = "") -> Meaning:
    """What an activity's kind and element (``role:label``) say."""
    strong, weak, authentication = _dictionaries()
    role, _, label = element.partition(":")
    words = set(_WORDS.findall(label))
    signing_in = authentication.match(label, words)
    if kind in {"submit", "save"}:
        return Meaning(STRONG, signing_in)
    if shortcut in _SAVING_SHORTCUTS:
        return Meaning(STRONG, False)
    if kind not in _COMPLETING_KINDS or role not in _COMPLETING_ROLES or signing_in:
        return Meaning(0, signing_in)
    if strong.match(label, words):
        return Meaning(STRONG, False)
    return Meaning(WEAK if weak.match(label, words) else 0, False)
