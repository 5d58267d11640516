"""Which names of a log may be shown: all on the owner's machine, only allow-listed words in what is sent on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol

from msgspec.structs import replace

from collectors.agent.screens import Screens
from collectors.importers.names.allowed_words import HOST_WORDS, WORDS
from collectors.importers.names.apps import KNOWN, SPREADSHEETS, app_name
from taskstream.activity import MAX_LABEL, mask, page_path
from taskstream.errors import UsageError
from taskstream.events import UiEvent
from taskstream.privacy.personal import SCREENS
from taskstream.privacy.redact import redact_text
from taskstream.privacy.screen_rules import ScreenRule
from taskstream.privacy.shortcuts import allowed

_ADDRESS: Final = re.compile(r"[a-z][a-z0-9+.\-]*://", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:[a-z][a-z-]{0,30}\.){1,4}[a-z]{2,12}")
_COLUMN: Final = re.compile(r"[A-Z]{1,2}|[A-W][A-Z]{2}|X[A-E][A-Z]|XF[A-D]", re.IGNORECASE)
_CELL: Final = re.compile(r"cell:([a-z]{1,3})|range:([a-z]{1,3}):([a-z]{1,3})")
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+|#")
_POSITION: Final = re.compile(
    r"(?<=[^\W\d_])(?:\[(?:0|[1-9]\d?)\]|:nth-(?:last-)?(?:child|of-type)\([1-9]\d?\))", re.IGNORECASE
)
"""Where an element stands among its like in XPath and CSS, such as ``tr[12]``: says nothing of a case."""
_SECRETS: Final = frozenset(["password", "pin", "passwort", "kennwort", "passe", "contraseña"])
"""Words beside which a number, however short, may be the secret itself."""
_MAX_SCREEN: Final = 200
_MAX_NUMBERS: Final = 2
_MAX_DIGITS: Final = 3
"""Numbers and digits of a label at most: "step 3 of 12" tells of a program, four digits may be a part of a case."""


class Labels(Protocol):
    """How the texts of a row become names."""

    def app(self, text: str) -> str:
        """The application."""

    def label(self, text: str) -> str:
        """A label, sheet, column or key."""

    def column(self, text: str, *, address: bool) -> str:
        """The letters of a column; ``address``: of the address of a cell, with its row, in what is a spreadsheet."""

    def title(self, app: str, text: str) -> str:
        """The title of a window as the name of a screen."""

    def address(self, text: str) -> str:
        """The address of a page as the name of a screen."""

    def place(self, steps: Sequence[str]) -> str:
        """The steps of an element's path."""

    def event(self, event: UiEvent) -> UiEvent:
        """One of our own events, whose names are made already."""


class OpenLabels:
    """For people's own files on their own machine: everything but ids and long numbers is shown."""

    def app(self, text: str) -> str:
        return app_name(text)

    def label(self, text: str) -> str:
        return mask(text)

    def column(self, text: str, *, address: bool) -> str:
        return text.lower()

    def title(self, app: str, text: str) -> str:
        return page_path(text)[:_MAX_SCREEN] if _ADDRESS.match(text) else mask(text)

    def address(self, text: str) -> str:
        return page_path(text)

    def place(self, steps: Sequence[str]) -> str:
        return "/".join(map(mask, steps))

    def event(self, event: UiEvent) -> UiEvent:
        return event


class ClosedLabels:
    """For what is sent on: the rules of a live collector, denying by default.

    Titles pass through the rules for screens. Of labels, sheets, addresses and paths only words of the allow-list
    (:mod:`collectors.importers.names.allowed_words`) are kept; any other becomes a token such as ``x482k913``: a
    keyed hash that tells two labels apart and nothing else. ``key`` must be forgotten with the run. Of numbers, only a
    short one or two among words are kept: a phone number or a birthday is also made of short numbers.
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
        if not label or self._plain(text[: 4 * MAX_LABEL]):  # as much as the label was made of
            return label
        shortcut = allowed(label)
        return shortcut if shortcut == label else self._token(label)

    def column(self, text: str, *, address: bool) -> str:
        """Three letters are a name as likely as a column, two are initials where no cell is addressed."""
        return text.lower() if len(text) <= (2 if address else 1) else self._token(text.lower())

    def title(self, app: str, text: str) -> str:
        if not text:
            return ""
        return self.address(text) if _ADDRESS.match(text) else self._screens.screen(app, text)

    def address(self, text: str) -> str:
        if not _ADDRESS.match(text):
            return self._token(mask(text)) if text else ""
        host, *parts = page_path(text).split("/")
        return redact_text("/".join([self._host(host), *self._steps(parts)]))[:_MAX_SCREEN]

    def place(self, steps: Sequence[str]) -> str:
        bare = [_POSITION.sub("", step) for step in steps]
        kept = zip(steps, self._together(bare), strict=True)
        return "/".join(step if plain else self._token(step) for step, plain in kept)

    def event(self, event: UiEvent) -> UiEvent:
        role, colon, label = event.element.partition(":")
        if colon:
            role = self._token(role) if _numbers(role) else self.label(role)  # no role has a number
            element = f"{role}:{self._made_cell(event) or self.label(label)}"
        else:
            element = self.label(role)
        screen = self._made_screen(event.screen)
        changed = (self.app(event.app), screen, element, allowed(event.shortcut))
        if changed == (event.app, event.screen, event.element, event.shortcut):
            return event
        return replace(event, app=changed[0], screen=screen, element=element[:256], shortcut=changed[3])

    def _made_cell(self, event: UiEvent) -> str:
        """The columns of a cell or range that was named before; "" where the event names none."""
        found = _CELL.fullmatch(event.element)
        address = event.app in SPREADSHEETS
        return ":".join(self.column(part, address=address) for part in found.groups() if part) if found else ""

    def _made_screen(self, screen: str) -> str:
        """A screen that was made from a title or an address before."""
        first, *rest = self._steps(parts := screen.split("/"))
        if _HOST.fullmatch(parts[0]):
            first = self._host(parts[0])
        elif first != parts[0] and self._plain(parts[0]):  # only with the numbers of the rest is it too much
            first = self._token(parts[0])
        else:
            first = self.label(parts[0])
        return "/".join([first, *rest])[:_MAX_SCREEN]

    def _steps(self, parts: Sequence[str]) -> list[str]:
        """Steps of an address; what may not be told is the number of a record as likely as not."""
        return [part if plain else "#" for part, plain in zip(parts, self._together(parts), strict=True)]

    def _host(self, host: str) -> str:
        """A host with the parts that are no allow-listed words, or have a number, as tokens."""
        parts = host.split(".") if host else []
        kept = [part in HOST_WORDS or (self._plain(part) and not _numbers(part)) for part in parts]
        return ".".join(part if plain else self._token(part) for part, plain in zip(parts, kept, strict=True))

    def _plain(self, text: str) -> bool:
        """Whether ``text`` consists of allow-listed words, few short numbers among them, and punctuation alone."""
        return _allowed(text, self._words)

    def _together(self, parts: Sequence[str]) -> list[bool]:
        """Of each part of a text whether it is plain; if all have too many numbers together, none with a number is."""
        numbers = [_numbers(part) for part in parts]
        few = _few([number for found in numbers for number in found])
        return [self._plain(part) and (few or not found) for part, found in zip(parts, numbers, strict=True)]

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


def is_column(text: str) -> bool:
    """Whether a spreadsheet has a column of these letters: the last is XFD."""
    return _COLUMN.fullmatch(text) is not None


def _few(numbers: Sequence[str]) -> bool:
    return len(numbers) <= _MAX_NUMBERS and sum(map(len, numbers)) <= _MAX_DIGITS


def _numbers(text: str) -> list[str]:
    return [part for part in _PARTS.findall(text) if part.isdigit()]


@lru_cache(maxsize=16_384)
def _allowed(text: str, words: frozenset[str]) -> bool:
    """Denies by default: of the digits, what is no lone short number among words is not told.

    Numbers next to each other are groups of one: of a phone, a card, an account or a date. ``#`` stands for a number.
    """
    parts = _PARTS.findall(text)
    known = [part.lower() in words for part in parts]
    numbers = [part for part, word in zip(parts, known, strict=True) if part.isdigit() and not word]
    if not all(word or part == "#" or part.isdigit() for part, word in zip(parts, known, strict=True)):
        return False
    if not numbers:
        return True
    grouped = any(not one and not other for one, other in pairwise(known))
    secret = any(part.lower() in _SECRETS for part in parts)
    return any(known) and not grouped and not secret and _few(numbers) and max(map(len, numbers)) < _MAX_DIGITS
