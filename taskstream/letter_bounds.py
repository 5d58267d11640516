"""Keeps dead letters within the bound of their topic, whatever the input brought: all who write letters use it."""

from __future__ import annotations

import base64
from typing import Final

from msgspec import structs

from taskstream.records import DeadLetter

MAX_TEXT: Final = 1_000
"""Characters of a text in a letter at most. In JSON a control character takes six bytes: seven texts take 42 kB."""
MAX_PAYLOAD: Final = 64 << 10
"""Bytes of refused input in a letter at most (88 kB in base64)."""

_TEXTS: Final = tuple(
    [field.name for field in structs.fields(DeadLetter) if field.type is str and field.name != "payload"]
)


def bounded(letter: DeadLetter) -> DeadLetter:
    """``letter`` with no text longer than :data:`MAX_TEXT`; its writer has bounded the payload."""
    long = {name: text[:MAX_TEXT] for name in _TEXTS if len(text := getattr(letter, name)) > MAX_TEXT}
    return structs.replace(letter, **long) if long else letter


def key_text(key: bytes | None) -> str:
    """The key of refused input, as far as a letter has room for it."""
    return (key or b"")[: 4 * MAX_TEXT].decode("utf-8", "replace")[:MAX_TEXT]


def payload_text(payload: bytes, most: int = MAX_PAYLOAD) -> str:
    """The beginning of refused input in base64."""
    return base64.b64encode(payload[:most]).decode()
