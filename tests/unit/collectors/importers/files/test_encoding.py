"""Encodings are told by all bytes; what fits none names its line."""

from __future__ import annotations

import io
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.importers.files.encoding import by_content, by_start, encoding_given
from taskstream.errors import InputError, UsageError


def told(data: bytes) -> str:
    return by_start(data[:4096]) or by_content(cast(io.BufferedReader, io.BytesIO(data)), "log.csv")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"plain\n", "ascii"),
        ("München\n".encode(), "utf-8"),
        ("München\n".encode("cp1252"), "cp1252"),
        ("x\n" * 2_000_000 + "ü", "cp1252"),
        ("\ufeffa,b\n".encode(), "utf-8-sig"),
        ("München\nMü".encode()[:-1], "utf-8"),
        ("a,b\nc,d\n".encode("utf-16"), "utf-16"),
        ("a,b\nc,d\n".encode("utf-16-le"), "utf-16-le"),
        ("a,b\nc,d\n".encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_the_encoding_is_told_by_the_bytes(data: bytes | str, name: str) -> None:
    assert told(data.encode("cp1252") if isinstance(data, str) else data) == name


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("ok\nMünchen\n".encode() + b"M\xfcnchen\n", "line 3: not in UTF-8, although line 2 is.*--encoding"),
        (b"ok\n\xfc\x81\n", "line 2: not in UTF-8, and is not in Windows-1252 either"),
    ],
)
def test_bytes_of_no_single_encoding_are_refused_with_their_line(data: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        told(data)


@given(st.text(max_size=300))
def test_utf_8_is_never_taken_for_something_else(text: str) -> None:
    data = text.encode()
    assert by_content(cast(io.BufferedReader, io.BytesIO(data)), "log") in {"ascii", "utf-8"}


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(UsageError, match="no encoding 'klingon'"):
        encoding_given("klingon")
