"""Files that settings name: secrets and certificates."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from taskstream.errors import UsageError


def readable(file: str, name: str) -> Path:
    """The path of a file that the setting ``name`` gives.

    Raises:
        UsageError: it cannot be read.
    """
    path = Path(file).expanduser()
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise UsageError(f"{name}: {path} cannot be read: {error.strerror}") from error


def secret(value: SecretStr, file: str, name: str) -> str:
    """A secret: the setting's ``value``, or what is in ``file``, which the setting ``name`` gives.

    The file is read at each call, so that a rotated secret is found.

    Raises:
        UsageError: the file cannot be read, or holds no text.
    """
    if not file:
        return value.get_secret_value()
    path = readable(file, name)
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: {path} holds no UTF-8 text") from error
