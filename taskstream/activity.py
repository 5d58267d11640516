"""Names of activities, ``app | kind | screen | element``: one function for live events and for imported logs.

Numbers of records must not split an activity into thousands, but the digits in ``address_line1`` tell two fields of a
form apart. :class:`Activities` settles that by what it sees: fine names are used while few were seen but once.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from taskstream.events import UiEvent

MAX_LABEL: Final = 48
"""Characters of a label at most; longer visible texts are sentences, not labels."""

MAX_SHARED: Final = 65_536
"""Strings, and keys of activities, kept once for all at most; about 10 MB each."""

REMEMBERED: Final = 16_384
"""Labels and addresses whose short forms are remembered at most: a desktop shows few distinct ones."""

FINE_BASE: Final = 8
FINE_SHARE: Final = 0.1
"""In a whole log a coarse name seen n times may have FINE_BASE + FINE_SHARE × n distinct fine forms and still keep them
apart."""
ONCE_BASE: Final = 32
"""While work goes on, ONCE_BASE + FINE_SHARE × n fine forms that were seen no more than once: a long form whose fields
are numbered shows all of them before any comes again, and the numbers of records never do. On worlds with such fields
32 find .93 of the executions, 16 find .65, and counting all forms as above .24; on others it makes no difference."""

CHARACTERS: Final = 32_768
"""Characters of all names of one :class:`Activities` together."""
OTHER: Final = "other|||"
"""Activity of everything beyond the bound on distinct activities."""

_SPACE: Final = re.compile(r"\s+")
_ID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?<![a-z0-9])(?=[a-f]*\d)[0-9a-f]{8,}(?![a-z0-9])|\d{4,}"
)
_DIGITS: Final = re.compile(r"\d+")
_EDGE: Final = " .:;,!?*…"


@lru_cache(maxsize=REMEMBERED)
def mask(text: str) -> str:
    """A label in lower case, blanks folded, ids (4 digits and more, long hex, UUIDs) replaced by ``#``, cut short."""
    text = _SPACE.sub(" ", text[: 4 * MAX_LABEL]).strip(_EDGE).lower()
    return _ID.sub("#", text)[:MAX_LABEL].rstrip()


def ids(text: str) -> list[str]:
    """What :func:`mask` replaces: the numbers of records that a title or an address names."""
    return _ID.findall(text.lower())


@lru_cache(maxsize=REMEMBERED)
def page_path(url: str) -> str:
    """Host and path of a URL with ids masked; no query, no fragment, no user info, no port."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    path = "/".join(_ID.sub("#", part[:MAX_LABEL]) for part in parts.path.lower().rstrip("/").split("/")[:8])
    return f"{host}{path}"[:200]


def coarse(element: str) -> str:
    """An element with all its digits masked."""
    return _DIGITS.sub("#", element)


def activity(event: UiEvent) -> str:
    """The fine name of an event's activity."""
    return f"{event.app}|{event.kind}|{event.screen}|{event.element}"


class _Shared(dict[str, str]):
    """Each string once, whoever keeps it: people of one company see the same screens. A full memory starts afresh."""

    def __missing__(self, text: str) -> str:
        if len(self) >= MAX_SHARED:
            self.clear()
        self[text] = text
        return text


_shared = _Shared()


def shared(text: str) -> str:
    """``text`` as the one object that all keep of it."""
    return _shared[text]


Key = tuple[str, str, str, str]
"""application, kind, screen, element"""


class _SharedKeys(dict[Key, Key]):
    """Each key once, as :class:`_Shared` keeps strings."""

    def __missing__(self, key: Key) -> Key:
        if len(self) >= MAX_SHARED:
            self.clear()
        app, kind, screen, element = key
        one = (_shared[app], kind, _shared[screen], _shared[element])
        self[one] = one
        return one


_shared_keys = _SharedKeys()


class _Groups(dict[str, str]):
    """Of each name the group of names that differ from it in digits alone; empty for a name without digits."""

    def __missing__(self, name: str) -> str:
        if len(self) >= MAX_SHARED:
            self.clear()
        prefix, _, element = name.rpartition("|")
        rough = coarse(element)
        group = self[name] = "" if rough == element else _shared[f"{prefix}|{rough}"]
        return group


_groups = _Groups()


class Activities:
    """Activities of one agent as small integers, with adaptive names and counts; bounded and deterministic.

    A name without digits is its own activity. Names that differ in digits alone form a group and stay apart while few
    were seen but once; a group with too many of these is folded into its coarse name for ever. When ``limit`` names or
    CHARACTERS of names are known, new ones fall back to their application and kind.
    """

    __slots__ = ("_groups", "_ids", "_memo", "_room", "counts", "limit", "names")

    def __init__(self, limit: int = 512) -> None:
        self.names: list[str] = []
        self.counts: list[int] = []
        self.limit = limit
        self._room = CHARACTERS
        self._ids: dict[str, int] = {}
        self._groups: dict[str, list[int] | None] = {}
        self._memo: dict[tuple[str, str, str, str], int] = {}

    @classmethod
    def given(cls, names: list[str], known: dict[Key, int]) -> Activities:
        """Names settled beforehand: ``known`` maps what events say to the number of a name."""
        made = cls(len(names) + len(known) + 1)
        made._room += sum(map(len, names))
        for name in names:
            made._ids[name] = len(made.names)
            made.names.append(name)
            made.counts.append(0)
        made._memo = known
        return made

    def id_of(self, event: UiEvent) -> int:
        """The activity of an event. Whoever keeps it counts it in ``counts``."""
        key = (event.app, event.kind, event.screen, event.element)
        known = self._memo.get(key)
        if known is None:
            known = self._find(*key)
            if len(self._memo) >= 2 * self.limit:
                self._memo.clear()
            self._memo[_shared_keys[key]] = known
        return known

    def _find(self, app: str, kind: str, screen: str, element: str) -> int:
        prefix = f"{app}|{kind}|{screen}|"
        rough = coarse(element)
        if rough == element:
            return self._intern(prefix + element, app, kind)
        group = self._groups.get(prefix + rough, [])
        if group is None:
            return self._intern(prefix + rough, app, kind)
        known = self._ids.get(prefix + element)
        if known is not None:
            return known
        seen = once = 0
        for member in group:
            seen += self.counts[member]
            once += self.counts[member] <= 1
        if once >= ONCE_BASE + FINE_SHARE * seen:
            self._groups[prefix + rough] = None
            self._memo.clear()
            return self._intern(prefix + rough, app, kind)
        made = self._intern(prefix + element, app, kind)
        if self.names[made] == prefix + element:
            self._groups[prefix + rough] = [*group, made]
        return made

    def _intern(self, name: str, app: str, kind: str) -> int:
        known = self._ids.get(name)
        if known is not None:
            return known
        if len(self.names) >= self.limit or self._room < len(name):
            name = f"{app}|{kind}||" if len(self.names) < self.limit + self.limit // 8 else OTHER
            known = self._ids.get(name)
            if known is not None:
                return known
        name = _shared[name]
        self._ids[name] = len(self.names)
        self._room -= len(name)
        self.names.append(name)
        self.counts.append(0)
        return len(self.names) - 1

    def dump(self) -> tuple[list[str], list[int], list[str]]:
        """Names, counts and the coarse names whose groups were folded: the complete state."""
        return self.names, self.counts, [name for name, group in self._groups.items() if group is None]

    @classmethod
    def load(cls, names: list[str], counts: list[int], folded: list[str], limit: int = 512) -> Activities:
        """The inverse of :meth:`dump`."""
        made = cls(limit)
        made.names, made.counts = [_shared[name] for name in names], counts
        made._ids = {name: number for number, name in enumerate(made.names)}
        made._room -= sum(map(len, names))
        for number, name in enumerate(made.names):
            rough = _groups[name]
            if rough:
                group = made._groups.setdefault(rough, [])
                if group is not None:
                    group.append(number)
        for name in folded:
            made._groups[name] = None
        return made
