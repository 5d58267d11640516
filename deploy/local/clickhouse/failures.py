"""Errors in the words and with the codes of a ClickHouse server, so that every client understands them."""

from __future__ import annotations

import re
from typing import Final

_CODE = re.compile(r"^Code: (\d+)\. ")

READONLY: Final = 164
BAD_ARGUMENTS: Final = 36
SYNTAX_ERROR: Final = 62
NOT_IMPLEMENTED: Final = 48
ACCESS_DENIED: Final = 497
AUTHENTICATION_FAILED: Final = 516
TOO_MANY_QUERIES: Final = 202
TIMEOUT_EXCEEDED: Final = 159
QUERY_TOO_LARGE: Final = 609
SESSION_LOCKED: Final = 373
SESSION_NOT_FOUND: Final = 372
CANNOT_DECOMPRESS: Final = 271
CANNOT_READ_ALL_DATA: Final = 33
CANCELLED: Final = 394
UNKNOWN_FORMAT: Final = 73
CANNOT_WRITE: Final = 75
SAME_ID: Final = 216

_NAMES: Final = {
    READONLY: "READONLY",
    BAD_ARGUMENTS: "BAD_ARGUMENTS",
    SYNTAX_ERROR: "SYNTAX_ERROR",
    NOT_IMPLEMENTED: "NOT_IMPLEMENTED",
    ACCESS_DENIED: "ACCESS_DENIED",
    AUTHENTICATION_FAILED: "AUTHENTICATION_FAILED",
    TOO_MANY_QUERIES: "TOO_MANY_SIMULTANEOUS_QUERIES",
    TIMEOUT_EXCEEDED: "TIMEOUT_EXCEEDED",
    QUERY_TOO_LARGE: "QUERY_IS_TOO_LARGE",
    SESSION_LOCKED: "SESSION_IS_LOCKED",
    SESSION_NOT_FOUND: "SESSION_NOT_FOUND",
    CANNOT_DECOMPRESS: "CANNOT_DECOMPRESS",
    CANNOT_READ_ALL_DATA: "CANNOT_READ_ALL_DATA",
    UNKNOWN_FORMAT: "UNKNOWN_FORMAT",
    CANNOT_WRITE: "CANNOT_WRITE_TO_FILE_DESCRIPTOR",
    CANCELLED: "QUERY_WAS_CANCELLED",
    SAME_ID: "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
}

# The HTTP status that a ClickHouse server gives for a code; 500 for all others.
_STATUS: Final[dict[int, int]] = (
    dict.fromkeys((6, 25, 26, 27, 38, 41, 53, 62, 70, 72, 117, 168, 1), 400)
    | dict.fromkeys((AUTHENTICATION_FAILED, 192, 193, ACCESS_DENIED), 403)
    | dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 115), 404)
    | {NOT_IMPLEMENTED: 501, TOO_MANY_QUERIES: 503, QUERY_TOO_LARGE: 413, 373: 500}
)


class Failure(Exception):
    """A statement failed: ClickHouse's code, and a message that begins with ``Code: N. DB::Exception:``."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def status(self) -> int:
        """The HTTP status for this failure when nothing has been sent yet."""
        return _STATUS.get(self.code, 500)


def failure(code: int, text: str) -> Failure:
    """A failure that the endpoint itself finds."""
    return Failure(code, f"Code: {code}. DB::Exception: {text}. ({_NAMES[code]})")


def from_engine(error: BaseException) -> Failure:
    """A failure that the engine reports (chDB raises RuntimeError with the server's words)."""
    if isinstance(error, UnicodeDecodeError):
        # A message that quotes data that are no text: chDB's binding fails over it.
        text = error.object.decode(errors="replace").strip()
    else:
        text = str(error).strip() or type(error).__name__
    found = _CODE.match(text)
    if found is None:
        return Failure(1001, f"Code: 1001. DB::Exception: {text}. (STD_EXCEPTION)")
    return Failure(int(found[1]), text)
