"""The encoding of a text file, told by all of its bytes."""

from __future__ import annotations

import codecs
import io
from typing import Final

from taskstream.errors import InputError, UsageError

_CHUNK: Final = 1 << 20
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_CP1252: Final = frozenset(b"\x81\x8d\x8f\x90\x9d")
LABELS: Final = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8 with byte order mark", "utf-16": "UTF-16 with byte order mark",
    "utf-16-le": "UTF-16 LE", "utf-16-be": "UTF-16 BE", "utf-32": "UTF-32", "cp1252": "Windows-1252", "ascii": "ASCII",
}  # fmt: skip


CUT_OFF: Final = "taskstream-cut-off"
"""How text is decoded whose last character may be cut off: that one becomes :data:`HALF_CHARACTER`."""
HALF_CHARACTER: Final = "\udcff"
"""No text that is decoded holds it."""


def _cut_off(error: UnicodeError) -> tuple[str, int]:
    if isinstance(error, UnicodeDecodeError) and _is_cut_off(error):
        return HALF_CHARACTER, error.end
    raise error


def _is_cut_off(error: UnicodeDecodeError) -> bool:
    return error.end == len(error.object) and error.reason in ("unexpected end of data", "truncated data")


codecs.register_error(CUT_OFF, _cut_off)


def encoding_given(name: str) -> str:
    """The codec a user names.

    Raises:
        UsageError: there is none of that name.
    """
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise UsageError(
            f"there is no encoding {name!r}: give a name such as utf-8, utf-16, cp1252 or cp1250"
        ) from error


def by_start(start: bytes) -> str:
    """The encoding when the first bytes tell it, else ``""``."""
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    pairs = len(start) // 2
    if pairs >= 2:
        even, odd = start[0 : 2 * pairs : 2].count(0), start[1 : 2 * pairs : 2].count(0)
        if odd > 0.6 * pairs and not even:
            return "utf-16-le"
        if even > 0.6 * pairs and not odd:
            return "utf-16-be"
    return ""


def by_content(stream: io.BufferedReader, name: str) -> str:
    """Read all bytes: "ascii", "utf-8", or "cp1252" where every byte beyond ASCII fits that and none fits UTF-8.

    Raises:
        InputError: the bytes are of no single encoding known here; the message names the first line that is not.
    """
    line, first_bad, good, other = 1, 0, 0, False
    held = b""
    while chunk := stream.read(_CHUNK):
        data = held + chunk
        if data.isascii():
            line, held = line + data.count(b"\n"), b""
            continue
        cut = data.rfind(b"\n") + 1 or len(data)
        data, held = data[:cut], data[cut:]
        for text in data.splitlines(keepends=True):
            if not text.isascii():
                try:
                    text.decode()
                    good = good or line
                except UnicodeDecodeError:
                    first_bad = first_bad or line
                    other = other or not _NOT_CP1252.isdisjoint(text)
            line += text.endswith(b"\n")
    if held and not held.isascii():
        try:
            held.decode()
            good = good or line
        except UnicodeDecodeError as error:
            if not (good and _is_cut_off(error)):
                first_bad = first_bad or line
                other = other or not _NOT_CP1252.isdisjoint(held)
    if not first_bad:
        return "utf-8" if good else "ascii"
    if good or other:
        why = f"although line {good} is" if good else "and is not in Windows-1252 either"
        raise InputError(
            f"{name}, line {first_bad}: not in UTF-8, {why}; say how to read it with --encoding (such as cp1252)"
        )
    return "cp1252"
