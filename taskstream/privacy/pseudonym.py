"""Keyed pseudonyms of people and desktops, and the keys they need.

A pseudonym is HMAC-SHA256(key, epoch and name), cut to 128 bits. Without the key nobody can go from a login to a
pseudonym; another epoch gives unrelated pseudonyms, so that stretches of time cannot be joined. An unkeyed hash of a
login would be reversible by trying all logins.
"""

from __future__ import annotations

import hmac
import os
from hashlib import sha256
from pathlib import Path
from typing import Final

from taskstream.errors import TaskstreamError

KEY_BYTES: Final = 32


def pseudonym(key: bytes, epoch: str, name: str) -> str:
    """The pseudonym of ``name`` in ``epoch``: 32 hexadecimal digits.

    Raises:
        ValueError: the key has fewer than 16 bytes.
    """
    if len(key) < 16:
        raise ValueError("the key must have at least 16 bytes")
    # The length prefix keeps ("a", "bc") and ("ab", "c") apart.
    message = b"%d:%s%s" % (len(epoch.encode()), epoch.encode(), name.encode("utf-8", "surrogatepass"))
    return hmac.digest(key, message, sha256).hex()[:32]


def derive(master: bytes, purpose: str, epoch: str) -> bytes:
    """A key of 32 bytes for one purpose (such as ``value`` or ``actor``) and one rotation epoch."""
    return hmac.digest(master, f"taskstream:{purpose}:{epoch}".encode(), sha256)


def local_master_key(home: Path) -> bytes:
    """This installation's secret, made at first use (mode 0600). Whoever removes the file ends all links to the past.

    Raises:
        TaskstreamError: the file cannot be made or read, or holds something else.
    """
    path = home / "keys" / "master.key"
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = path.with_name(f"master.{os.getpid()}.new")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
                handle.write(os.urandom(KEY_BYTES))
            try:
                os.link(draft, path)  # fails if another process was faster: then its key counts
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        key = path.read_bytes()
    except OSError as error:
        raise TaskstreamError(f"the key file {path} cannot be used: {error.strerror}") from error
    if len(key) != KEY_BYTES:
        raise TaskstreamError(f"the key file {path} is damaged: move it away, a new one is made at the next start")
    return key
