"""Consent, asked once for a text: kept with the text's version and hash, asked again when the text changes."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from taskstream.errors import TaskstreamError

VERSION: Final = 1
TEXT: Final = """\
Taskstream records how work is done on this desktop, to find work that repeats.

Recorded: which application is in front; the kind of its window, where a rule knows it; when typing, clicking,
scrolling, copying and pasting happens; how many keys of which class (letters, digits, ...) were typed; the names of
common shortcuts such as ctrl+c; when nobody is there.
Never recorded: which characters are typed, what is copied, window titles as they are, pictures of the screen, where
the pointer is, the rhythm of keys; nothing is counted in password prompts.

Your name is replaced by a pseudonym before anything is stored. Nobody sees results of fewer people than the floor set
for this installation. A notice on the screen shows that a recording runs; a click on it pauses. You may stop at any
time (Ctrl-C), and withdraw by removing the file named below.
"""


class Consent(Struct, frozen=True):
    """What was agreed to, and when (milliseconds since the epoch)."""

    version: int
    text_sha256: str
    given_ms: int


def file_of(home: Path) -> Path:
    """Where the consent is kept."""
    return home / "consent.json"


def given(home: Path) -> Consent | None:
    """The consent to the present text, or None when there is none."""
    try:
        consent = msgspec.json.decode(file_of(home).read_bytes(), type=Consent)
    except (OSError, msgspec.DecodeError):
        return None
    return consent if (consent.version, consent.text_sha256) == (VERSION, _hash()) else None


def give(home: Path, now_ms: int) -> Consent:
    """Keep the consent to the present text.

    Raises:
        TaskstreamError: it cannot be written; then it is not given.
    """
    consent = Consent(VERSION, _hash(), now_ms)
    path = file_of(home)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(msgspec.json.encode(consent))
        draft.replace(path)
    except OSError as error:
        raise TaskstreamError(f"the consent cannot be kept in {path}: {error.strerror}") from error
    return consent


def _hash() -> str:
    return sha256(TEXT.encode()).hexdigest()
