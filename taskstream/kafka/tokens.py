"""Access tokens for OAUTHBEARER: printed by a command of the user's own, asked again before they end."""

from __future__ import annotations

import base64
import binascii
import shlex
import subprocess
import time
from typing import Final

import msgspec
from msgspec import Struct

from taskstream.errors import ServiceError

COMMAND_S: Final = 8.0
"""How long the command may take (seconds)."""
UNKNOWN_LIFE_S: Final = 300.0
"""A token that does not say when it ends is asked for again after this (seconds)."""


class Token(Struct, frozen=True):
    """``ends_s``: seconds since the epoch."""

    value: str
    ends_s: float
    subject: str


class _Answer(Struct):
    """What a token endpoint answers (RFC 6749, 5.1)."""

    access_token: str
    expires_in: float = UNKNOWN_LIFE_S


class _Claims(Struct):
    """The claims of a JWT (RFC 7519, 4.1) that matter here."""

    exp: float = 0.0
    sub: str = ""


def fetch(command: str) -> Token:
    """Run ``command`` (no shell) and read the token that it prints: the token itself, or a token endpoint's JSON.

    Raises:
        ServiceError: it fails, takes long, or prints neither. What it printed is never repeated.
    """
    try:
        said = subprocess.run(shlex.split(command), capture_output=True, timeout=COMMAND_S, check=False)
    except (OSError, ValueError) as error:
        raise ServiceError(f"kafka_token_command cannot be run: {error}") from error
    except subprocess.TimeoutExpired:
        raise ServiceError(f"kafka_token_command gave no login token within {COMMAND_S:.0f} s") from None
    if said.returncode:
        last = said.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise ServiceError(f"kafka_token_command gave no login token (exit {said.returncode}): {''.join(last)[:200]}")
    text = said.stdout.decode(errors="replace").strip()
    life_s = UNKNOWN_LIFE_S
    if text.startswith("{"):
        try:
            answer = msgspec.json.decode(text, type=_Answer)
        except msgspec.DecodeError:
            raise ServiceError("kafka_token_command printed JSON without an access_token") from None
        text, life_s = answer.access_token, answer.expires_in
    if not text or any(character.isspace() for character in text):
        raise ServiceError("kafka_token_command printed no login token")
    claims = _claims(text)
    return Token(text, claims.exp or time.time() + life_s, claims.sub)


def _claims(token: str) -> _Claims:
    """The claims of a token that is a JWT. They are read without being verified: that is Kafka's task."""
    parts = token.split(".")
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=="), type=_Claims)
    except (IndexError, binascii.Error, msgspec.DecodeError, ValueError):
        return _Claims()
