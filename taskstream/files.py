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
        UsageError: the file cannot be read.
    """
    return readable(file, name).read_text().rstrip("\r\n") if file else value.get_secret_value()
