"""Which names of a log may be shown: all on the owner's machine, only allow-listed words in what is sent on."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Final, Protocol

from msgspec.structs import replace

from collectors.agent.screens import Screens
from collectors.importers.names.allowed_words import HOST_WORDS, WORDS
from collectors.importers.names.apps import KNOWN, app_name
from taskstream.activity import mask, page_path
from taskstream.errors import UsageError
from taskstream.events import UiEvent
from taskstream.privacy.personal import SCREENS
from taskstream.privacy.redact import redact_text
from taskstream.privacy.screen_rules import ScreenRule
from taskstream.privacy.shortcuts import allowed

_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.\-]*://", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:[a-z][a-z-]{0,30}\.){1,4}[a-z]{2,12}")
_CELL: Final = re.compile(r"(?:cell:[a-z]{1,3}|range:[a-z]{1,3}:[a-z]{1,3})")
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+|#")
_MAX_SCREEN: Final = 200


class Labels(Protocol):
    """How the texts of a row become names."""

    def app(self, text: str) -> str:
        """The application."""

    def label(self, text: str) -> str:
        """A label, sheet, column or key."""

    def title(self, app: str, text: str) -> str:
        """The title of a window as the name of a screen."""

    def address(self, text: str) -> str:
        """The address of a page as the name of a screen."""

    def place(self, segment: str) -> str:
        """One step of an element's path."""

    def event(self, event: UiEvent) -> UiEvent:
        """One of our own events, whose names are made already."""


class OpenLabels:
    """For people's own files on their own machine: everything but ids and long numbers is shown."""

    def app(self, text: str) -> str:
        return app_name(text)

    def label(self, text: str) -> str:
        return mask(text)

    def title(self, app: str, text: str) -> str:
        return page_path(text)[:_MAX_SCREEN] if _ADDRESS.match(text) else mask(text)

    def address(self, text: str) -> str:
        return page_path(text)

    def place(self, segment: str) -> str:
        return mask(segment)

    def event(self, event: UiEvent) -> UiEvent:
        return event


class ClosedLabels:
    """For what is sent on: the rules of a live collector, denying by default.

    Titles pass through the rules for screens. Of labels, sheets, addresses and paths only words of the allow-list
    (:mod:`collectors.importers.names.allowed_words`) are kept; any other becomes a token such as ``x482k913``: a
    keyed hash that tells two labels apart and nothing else. ``key`` must be forgotten with the run.
    """

    def __init__(
        self, key: bytes, rules: tuple[ScreenRule, ...] = SCREENS, words: frozenset[str] = frozenset()
    ) -> None:
        self._key = blake2b(b"labels", key=key[:64], digest_size=32).digest()
        self._screens = Screens(rules)
        self._words = WORDS | words

    def app(self, text: str) -> str:
        name = app_name(text)
        return name if name in KNOWN or name in self._words or not name else self._token(name)

    def label(self, text: str) -> str:
        label = mask(text)
        if not label or self._plain(text[: 4 * len(label) + 8]):
            return label
        shortcut = allowed(label)
        return shortcut if shortcut == label else self._token(label)

    def title(self, app: str, text: str) -> str:
        if not text:
            return ""
        return self.address(text) if _ADDRESS.match(text) else self._screens.screen(app, text)

    def address(self, text: str) -> str:
        if not _ADDRESS.match(text):
            return self._token(mask(text)) if text else ""
        host, *parts = page_path(text).split("/")
        kept = [self._host(host)]
        kept += [part if part == "#" or self._plain(part) else "#" for part in parts]
        return redact_text("/".join(kept))[:_MAX_SCREEN]

    def place(self, segment: str) -> str:
        return segment if self._plain(segment) else self._token(segment)

    def event(self, event: UiEvent) -> UiEvent:
        role, colon, label = event.element.partition(":")
        element = self.label(role) + colon + (label if _CELL.fullmatch(event.element) else self.label(label))
        screen = self._made_screen(event.screen)
        changed = (self.app(event.app), screen, element, allowed(event.shortcut))
        if changed == (event.app, event.screen, event.element, event.shortcut):
            return event
        return replace(event, app=changed[0], screen=screen, element=element[:256], shortcut=changed[3])

    def _made_screen(self, screen: str) -> str:
        """A screen that was made from a title or an address before."""
        first, *rest = screen.split("/")
        kept = [self._host(first) if _HOST.fullmatch(first) else self.label(first)]
        return "/".join(kept + [part if self._plain(part) else "#" for part in rest])[:_MAX_SCREEN]

    def _host(self, host: str) -> str:
        """A host with the parts that are no allow-listed words as tokens."""
        parts = host.split(".") if host else []
        return ".".join(part if self._plain(part) or part in HOST_WORDS else self._token(part) for part in parts)

    def _plain(self, text: str) -> bool:
        """Whether ``text`` consists of allow-listed words, numbers up to two digits and punctuation alone."""
        return _allowed(text, self._words)

    def _token(self, text: str) -> str:
        number = int.from_bytes(blake2b(text.encode(), key=self._key, digest_size=5).digest(), "big") % 1_000_000
        return f"x{number // 1000:03}k{number % 1000:03}"


def load_words(home: Path) -> frozenset[str]:
    """The words of ``labels.txt`` in the home folder, one a line, that labels may hold besides the built-in ones.

    Raises:
        UsageError: the file cannot be read.
    """
    path = home / "labels.txt"
    if not path.is_file():
        return frozenset()
    try:
        return frozenset(
            word for line in path.read_text(encoding="utf-8").splitlines() if (word := line.strip().lower())
        )
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


@lru_cache(maxsize=16_384)
def _allowed(text: str, words: frozenset[str]) -> bool:
    return all(
        part == "#" or (part.isdigit() and len(part) <= 2) or part.lower() in words for part in _PARTS.findall(text)
    )
