"""Names of activities, ``app | kind | screen | element``: one function for live events and for imported logs.

Numbers of records must not split an activity into thousands, but the digits in ``address_line1`` tell two fields of a
form apart. :class:`Activities` settles that by what it sees: the fine name is used while few distinct ones exist.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from taskstream.events import UiEvent

MAX_LABEL: Final = 48
"""Characters of a label at most; longer visible texts are sentences, not labels."""

FINE_BASE: Final = 8
FINE_SHARE: Final = 0.1
"""A coarse name seen n times may have FINE_BASE + FINE_SHARE × n distinct fine forms and still keep them apart."""

_SPACE: Final = re.compile(r"\s+")
_ID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?<![a-z0-9])(?=[a-f]*\d)[0-9a-f]{8,}(?![a-z0-9])|\d{4,}"
)
_DIGITS: Final = re.compile(r"\d+")
_EDGE: Final = " .:;,!?*…"


def mask(text: str) -> str:
    """A label in lower case, blanks folded, ids (4 digits and more, long hex, UUIDs) replaced by ``#``, cut short."""
    text = _SPACE.sub(" ", text[: 4 * MAX_LABEL]).strip(_EDGE).lower()
    return _ID.sub("#", text)[:MAX_LABEL].rstrip()


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


class Activities:
    """Adaptive names of one agent's or one log's activities; bounded, deterministic, its state is plain data.

    State: coarse name → ``[times seen, fine element, ...]``, or ``[times seen]`` once the coarse name has won. It never
    changes back, so that a name is stable from then on.
    """

    __slots__ = ("_max_names", "_seen")

    def __init__(self, max_names: int = 512) -> None:
        self._seen: dict[str, list[int | str]] = {}
        self._max_names = max_names

    def name(self, event: UiEvent) -> str:
        """The activity of an event."""
        element = event.element
        prefix = f"{event.app}|{event.kind}|{event.screen}|"
        rough = coarse(element)
        if rough == element:
            return prefix + element
        seen = self._seen.get(prefix + rough)
        if seen is None:
            if len(self._seen) >= self._max_names:
                return prefix + rough
            self._seen[prefix + rough] = [1, element]
            return prefix + element
        count = seen[0] = int(seen[0]) + 1
        if len(seen) == 1:
            return prefix + rough
        if element not in seen:
            seen.append(element)
            if len(seen) - 1 > FINE_BASE + FINE_SHARE * count:
                del seen[1:]
                return prefix + rough
        return prefix + element

    def dump(self) -> dict[str, list[int | str]]:
        """The complete state."""
        return {name: list(seen) for name, seen in self._seen.items()}

    @classmethod
    def load(cls, state: dict[str, list[int | str]], max_names: int = 512) -> Activities:
        """The inverse of :meth:`dump`."""
        made = cls(max_names)
        made._seen = {name: list(seen) for name, seen in state.items()}
        return made
