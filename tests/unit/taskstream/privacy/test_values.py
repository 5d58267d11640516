"""Values leave the endpoint without their content, yet equal values link."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskstream.events import Value
from taskstream.privacy.values import classify, describe, iban_valid, luhn_valid

KEY = b"0123456789abcdef0123456789abcdef"


def _digest(text: str, key: bytes = KEY) -> int:
    value = describe(text, key)
    assert value is not None
    return value.digest


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("1,234.00", "money"),
        ("€ 12.345,67", "money"),
        ("12345", "number"),
        ("-3.141", "number"),
        ("12,5 %", "percent"),
        ("2024-03-05", "date:iso"),
        ("2024-03-05T10:00:00Z", "date:iso"),
        ("05.03.2024", "date"),
        ("5 March 2024", "date"),
        ("März 5, 2024", "date"),
        ("09:30", "time"),
        ("anna.b@example.com", "email"),
        ("+49 30 1234567", "phone"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("5500 0000 0000 0004", "card"),
        ("INV-2024-0017", "id"),
        ("00017", "id"),
        ("https://example.com/a?b=c", "url"),
        ("C:\\data\\report.xlsx", "path"),
        ("report.xlsx", "file"),
        ("true", "boolean"),
        ("a\tb\nc\td", "table"),
        ("Anna Berg", "name"),
        ("goods were damaged", "text"),
        ("550e8400-e29b-41d4-a716-446655440000", "code"),
    ],
)
def test_form(text: str, form: str) -> None:
    assert classify(text)[0] == form


@pytest.mark.parametrize(
    ("copied", "typed"),
    [
        ("1,234.00", "1234"),
        ("1.234,50", "1234.5"),
        ("$ 1,234,567.10", "1234567.1"),
        ("2024-03-05", "5.3.2024"),
        ("March 5, 2024", "05/03/24"),
        ("Anna  Berg ", "anna berg"),
        ("ANNA@EXAMPLE.COM", "anna@example.com"),
        ("DE89370400440532013000", "DE89 3704 0044 0532 0130 00"),
        ("+49 (30) 123-4567", "0049301234567"),
        ("030 123 4567", "0301234567"),
    ],
)
def test_two_spellings_of_one_value_link(copied: str, typed: str) -> None:
    assert _digest(copied) == _digest(typed) != 0


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.234", "1.235"), ("0.125", "125"), ("00123", "123"), ("-1234", "1234"), ("2024-03-05", "2024-03-06")],
)
def test_different_values_do_not_link(one: str, other: str) -> None:
    assert _digest(one) != _digest(other)


@pytest.mark.parametrize("text", ["abc", "12%", "yes", "0000000", "1000", "Approved", "10:45", "10.00", "x"])
def test_guessable_values_have_no_digest(text: str) -> None:
    assert _digest(text) == 0


def test_white_space_is_no_value() -> None:
    assert describe(" \t\n", KEY) is None
    assert describe("", KEY) is None


def test_another_key_gives_unrelated_digests() -> None:
    assert _digest("Anna Berg") != _digest("Anna Berg", KEY[::-1])


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 65])
def test_a_useless_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="16 to 64"):
        describe("anything", key)


def test_length_is_a_bucket() -> None:
    assert [describe("x" * n, KEY) for n in (1, 2, 3, 4, 7, 8)] == [
        Value(length=bits, form="text") for bits in (1, 2, 2, 3, 3, 4)
    ]


def test_a_huge_clipboard_is_described() -> None:
    value = describe("a b\tc\n" * 1_000_000, KEY)
    assert value is not None
    assert (value.form, value.length) == ("table", 23)


@given(st.text())
def test_any_text_is_described_in_bounds_and_the_same_every_time(text: str) -> None:
    value = describe(text, KEY)
    assert value == describe(text, KEY)
    assert (value is None) == (not text.strip())
    if value is not None:
        assert 0 <= value.digest < 2**53
        assert value.length == len(text.strip()).bit_length()


@given(st.integers(min_value=1000, max_value=10**12), st.integers(min_value=0, max_value=99))
def test_amounts_link_in_every_notation(whole: int, cents: int) -> None:
    english = f"{whole:,}.{cents:02}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert len({classify(text)[1] for text in (english, german, f"{whole}.{cents:02}", f"€ {german}")}) == 1


@given(st.text(alphabet=string.digits, min_size=12, max_size=18))
def test_luhn_finds_every_wrong_digit(body: str) -> None:
    valid = [digit for digit in string.digits if luhn_valid(body + digit)]
    assert len(valid) == (0 if len(set(body + "0")) == 1 else 1)


def test_iban_checksum() -> None:
    assert iban_valid("GB82WEST12345698765432")
    assert not iban_valid("GB82WEST12345698765433")
    assert not iban_valid("GB82")
