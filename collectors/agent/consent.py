"""Consent to a text and a policy: who agreed to what and when; asked for again when text or policy change."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from taskstream.errors import UNDECODABLE, TaskstreamError

VERSION: Final = 2
TEXT: Final = """\
Taskstream records how work is done on this desktop, to find work that repeats. What it may record is decided by the
policy shown above, and by nothing else.

Your name is replaced by a pseudonym before anything is stored. Nobody sees results of fewer people than the floor named
there. A notice on the screen shows that a recording runs; a click on it pauses; where it cannot be seen, nothing is
recorded. You may stop at any time (Ctrl-C). You may withdraw at any time, with `taskstream consent withdraw` or by
removing the file named below: the recording ends within a second, and what was not yet sent is erased.
"""


class Consent(Struct, frozen=True, forbid_unknown_fields=True):
    """Who agreed to what, and when.

    ``version``        of the text, with its hash
    ``policy_sha256``  hash of the policy that was shown
    ``k``              people a result covers at least, as agreed: the lower of the policy's and this desktop's setting
    ``actor``          the person's pseudonym, the one that the events carry
    ``given_ms``       milliseconds since the epoch
    ``by_machine``     given with ``--yes``, so by no person
    """

    version: int
    text_sha256: str
    policy_sha256: str
    k: int
    actor: str
    given_ms: int
    by_machine: bool


def file_of(home: Path) -> Path:
    """Where the consent is kept."""
    return home / "consent.json"


def read(home: Path) -> Consent | None:
    """The consent on file, whatever text and policy it was given to; None when there is none."""
    try:
        return msgspec.json.decode(file_of(home).read_bytes(), type=Consent)
    except (OSError, *UNDECODABLE):
        return None


def lacking(kept: Consent | None, policy_sha256: str, k: int) -> str:
    """Why consent must be asked for; empty when ``kept`` covers this text, this policy and this floor."""
    if kept is None:
        return "nobody has agreed to a recording yet"
    if (kept.version, kept.text_sha256) != (VERSION, _hash()):
        return "the text has changed since it was agreed to"
    if kept.policy_sha256 != policy_sha256:
        return "the policy has changed since it was agreed to"
    if k < kept.k:
        return f"results of {kept.k} people or more were agreed to; now they may be of {k}"
    return ""


def give(home: Path, policy_sha256: str, k: int, *, actor: str, now_ms: int, by_machine: bool) -> Consent:
    """Keep the consent to the present text and a policy.

    Raises:
        TaskstreamError: it cannot be written; then it is not given.
    """
    consent = Consent(VERSION, _hash(), policy_sha256, k, actor, now_ms, by_machine)
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


def withdraw(home: Path) -> bool:
    """Remove the consent; whether there was one.

    Raises:
        TaskstreamError: it cannot be removed, so it still holds.
    """
    path = file_of(home)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise TaskstreamError(f"{path} cannot be removed: {error.strerror}") from error
    return True


def _hash() -> str:
    return sha256(TEXT.encode()).hexdigest()
