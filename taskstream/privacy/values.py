"""What may be known of a value without its content: its form, a length bucket, and a keyed hash for equality.

Two spellings of one value are to link (a price copied as ``1,200.00`` and typed as ``1200.00``), so the hash covers a
canonical spelling:

- text: outer white space removed, inner white space runs to one blank, case folded;
- numbers, money, percentages: currency, thousands separators, trailing zeros and a plus sign removed, ``.`` as
  the decimal sign. One separator followed by exactly three digits groups thousands (``1.200`` is 1200), unless the
  number begins with 0;
- dates: year, then day and month in ascending order, because ``05/03`` is 5 March here and 3 May there. The price is
  that such a pair of dates counts as equal;
- e-mail addresses, IBANs, cards, phone numbers: without separators.

Values that are easily guessed from a hash or link by chance get none: fewer than four characters or fewer than three
different ones in canonical spelling, booleans, times of day, and a list of everyday words.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from taskstream.events import Form, Value

MAX_FORM_CHARS: Final = 512
"""Longer values are text or a table; their form is not looked into."""
DIGEST_BITS: Final = 53

_BOOLEAN: Final = frozenset(
    ["true", "false", "yes", "no", "on", "off", "ja", "nein", "oui", "non", "si", "sí", "checked", "unchecked"]
)
_EVERYDAY: Final = frozenset([
    "none", "null", "open", "done", "male", "female", "monday", "tuesday", "wednesday", "thursday", "friday",
    "saturday", "sunday", "january", "february", "march", "april", "june", "july", "august", "september", "october",
    "november", "december", "unknown", "other", "please select", "approved", "rejected", "pending", "closed", "high",
    "medium", "undefined", "normal", "standard", "default", "test", "n.a.", "total", "germany", "deutschland",
    "united states", "united kingdom", "france", "australia", "offen", "erledigt", "männlich", "weiblich",
])  # fmt: skip
_MONTHS: Final = {
    name: number + 1
    for number, names in enumerate([
        "jan january januar janvier enero", "feb february februar février febrero", "mar march märz mars marzo",
        "apr april avril abril", "may mai mayo", "jun june juni juin junio", "jul july juli juillet julio",
        "aug august août agosto", "sep sept september septembre septiembre", "oct october okt oktober octobre octubre",
        "nov november novembre noviembre", "dec december dez dezember décembre diciembre",
    ])
    for name in names.split()
}  # fmt: skip

_CURRENCIES: Final = (
    "eur", "usd", "gbp", "chf", "aud", "jpy", "cad", "sek", "nok", "dkk", "pln", "inr", "fr.",
)  # fmt: skip
_CURRENCY = rf"(?:[$€£¥₹]|{'|'.join(map(re.escape, _CURRENCIES))})"
_BEFORE_NUMBERS: Final = frozenset("-+−$€£¥₹")
_LEAST_IBAN: Final = 15
_NUMBER = re.compile(
    rf"(?P<sign>[-+−]?)\s*(?P<pre>{_CURRENCY})?\s*(?P<sign2>[-+−]?)"
    r"(?P<digits>\d+(?:[.,'’\u00a0\u202f ]\d+)*)(?:[,.]--?)?\s*"
    rf"(?P<post>{_CURRENCY}|%)?",
    re.IGNORECASE,
)
_GROUPED = re.compile(r"\d{1,3}(?:([.,'’\u00a0\u202f ])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")
_PLAIN = re.compile(r"\d+(?:[.,]\d+)?")
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
_DATE = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{2,4})")
_WORD_DATE = re.compile(
    r"(?:(\d{1,2})\.?\s+([^\W\d]{3,10})\.?,?|([^\W\d]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?)\s+(\d{4})", re.I
)
_TIME = re.compile(r"[012]?\d:[0-5]\d(?::[0-5]\d)?(?:\s?[ap]\.?m\.?)?", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>\"',;]+@[^\s@<>\"',;]+\.[^\s@<>\"',;.]{2,}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.IGNORECASE)
_CARD = re.compile(r"\d{4}(?:([ -])?\d{4})(?:\1?\d{4})(?:\1?\d{1,7})")
_PHONE = re.compile(r"(?:\+|00)?[\d(][\d ()./-]{5,22}\d")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.)\S+", re.IGNORECASE)
_PATH = re.compile(r"(?:[A-Za-z]:[\\/]|\\\\|/|~/)[^\n\t*?\"<>|]+")
_FILE = re.compile(r"[^\\/:*?\"<>|\n\t]{1,120}\.[A-Za-z][A-Za-z0-9]{1,4}")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{16,}", re.IGNORECASE)
_ID = re.compile(r"(?=.*\d)[A-Za-z0-9#][A-Za-z0-9_./#-]{1,39}")
_NAME = re.compile(r"[A-ZÀ-ÖØ-Þ][\w'’.-]*(?:\s+(?:(?:de|van|von|der|la|di|da)\s+)*[A-ZÀ-ÖØ-Þ][\w'’.-]*){1,3}")
_DIGIT = re.compile(r"\d")
_SEPARATORS = re.compile(r"[\s.()/-]+")


def describe(text: str, key: bytes) -> Value | None:
    """What may be known of ``text``; None when it holds nothing but white space.

    Args:
        text: the value as it stood in a cell, field or clipboard. It is not kept.
        key: secret of this tenant's desktops for one epoch; 16 to 64 bytes.

    Raises:
        ValueError: the key is too short to protect anything, or too long for the hash.
    """
    if not 16 <= len(key) <= 64:
        raise ValueError("the key must have 16 to 64 bytes")
    trimmed = text.strip()
    if not trimmed:
        return None
    form, canonical = classify(trimmed)
    length = len(trimmed).bit_length()
    return Value(digest=0 if _guessable(form, canonical) else _digest(canonical, key), length=length, form=form)


def _digest(canonical: str, key: bytes) -> int:
    hashing = _keyed(key).copy()
    hashing.update(canonical.encode("utf-8", "surrogatepass"))
    return (int.from_bytes(hashing.digest(), "big") >> (64 - DIGEST_BITS)) or 1  # 0 stands for "none"


@lru_cache(maxsize=4)
def _keyed(key: bytes) -> blake2b:
    """A hash that has taken in the key: copying it is cheaper than making it."""
    return blake2b(key=key, digest_size=8, person=b"ts.value")


def _guessable(form: Form, canonical: str) -> bool:
    if len(canonical) < 4 or form in ("boolean", "time"):
        return True
    return canonical in _EVERYDAY or len(set(canonical[:64])) < 3


def classify(trimmed: str) -> tuple[Form, str]:
    """The form class of a value and its canonical spelling (see the module's text)."""
    folded = " ".join(trimmed.split()).casefold()
    if len(trimmed) > MAX_FORM_CHARS or "\n" in trimmed or "\t" in trimmed:
        return ("table" if "\t" in trimmed else "text"), folded
    if folded in _BOOLEAN:
        return "boolean", folded
    return (_with_digits(trimmed, folded) if _DIGIT.search(trimmed) else None) or _words(trimmed, folded)


def _with_digits(text: str, folded: str) -> tuple[Form, str] | None:
    """Forms that hold digits, the most telling first; None when it is none of them.

    Cheap tests of what an expression cannot do without stand before it: most values fail most of them.
    """
    number_first = text[0].isdecimal()
    if date := _date(text):
        return date
    if number_first and _TIME.fullmatch(text):
        return "time", folded
    if "@" in text and _EMAIL.fullmatch(text):
        return "email", folded
    bare = _SEPARATORS.sub("", folded) if number_first or text[0] in "+(" or len(text) >= _LEAST_IBAN else ""
    if bare[2:4].isdecimal() and _IBAN.fullmatch(bare) and iban_valid(bare):
        return "iban", bare
    if number_first and _CARD.fullmatch(text) and luhn_valid(bare):
        return "card", bare
    if (number_first or text[0] in _BEFORE_NUMBERS or folded[:3] in _CURRENCIES) and (number := _number(text)):
        return number
    if (number_first or text[0] in "+(") and _PHONE.fullmatch(text) and 7 <= sum(c.isdigit() for c in text) <= 15:
        digits = bare.replace("+", "00", 1)
        return ("phone" if not text.isdigit() else "id"), digits
    if len(text) >= 16 and (_UUID.fullmatch(text) or _HEX.fullmatch(text)):
        return "code", folded
    return None


def _words(text: str, folded: str) -> tuple[Form, str]:
    """Forms told by their shape alone."""
    if ("://" in text or "." in text) and _URL.fullmatch(text):
        return "url", folded
    if "@" in text and _EMAIL.fullmatch(text):
        return "email", folded
    if ("/" in text or "\\" in text) and _PATH.fullmatch(text) and len(text) > 2:
        return "path", folded
    if "." in text and _FILE.fullmatch(text) and not text.endswith("."):
        return "file", folded
    if _ID.fullmatch(text):
        return "id", folded
    if _NAME.fullmatch(text):
        return "name", folded
    if text[-1] in ";{}" or text.startswith(("<", "{", "=")):
        return "code", folded
    return "text", folded


def _date(text: str) -> tuple[Form, str] | None:
    if not text[-4:].isdecimal() and not text[0].isdecimal():
        return None
    if match := _ISO_DATE.fullmatch(text):
        year, month, day = (int(part) for part in match.groups())
        form: Form = "date:iso"
    elif match := _DATE.fullmatch(text):
        first, _, second, third = match.groups()
        if len(first) > 2:
            if len(first) != 4 or len(third) > 2:
                return None
            year, month, day = int(first), int(second), int(third)
        elif len(third) in (2, 4):
            year, month, day = int(third), int(second), int(first)
            year += 0 if len(third) == 4 else 2000 if year < 70 else 1900
        else:
            return None
        form = "date"
    elif match := _WORD_DATE.fullmatch(text):
        month = _MONTHS.get((match[2] or match[3]).casefold(), 0)
        day, year, form = int(match[1] or match[4]), int(match[5]), "date"
    else:
        return None
    low, high = sorted((month, day))
    if not (1 <= low <= 12 and high <= 31 and 1000 <= year <= 2999):
        return None
    return form, f"{year:04}:{low:02}:{high:02}"


def _number(text: str) -> tuple[Form, str] | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    digits = match["digits"]
    unit = match["pre"] or match["post"]
    if digits[0] == "0" and len(digits) > 1 and digits.isdigit():
        return None  # leading zeros make it an identifier: 00010 is not 10
    canonical = _canonical_number(digits)
    if canonical is None:
        return None
    if "-" in (match["sign"], match["sign2"]) or "−" in (match["sign"], match["sign2"]):
        canonical = f"-{canonical}"
    form: Form = "percent" if unit == "%" else "money" if unit else "number"
    if form == "number" and re.search(r"[.,]\d\d$", digits):
        form = "money"  # two decimals are an amount far more often than not
    return form, canonical


def _canonical_number(digits: str) -> str | None:
    """``1.200,50`` and ``1,200.5`` as ``1200.5``; None when the separators are not those of a number."""
    if (match := _GROUPED.fullmatch(digits)) and not digits.startswith("0"):
        separator = match[1]
        whole, _, fraction = digits.replace(separator, "").replace(",", ".").partition(".")
    elif _PLAIN.fullmatch(digits):
        whole, _, fraction = digits.replace(",", ".").partition(".")
    else:
        return None
    fraction = fraction.rstrip("0")
    return f"{whole.lstrip('0') or '0'}.{fraction}" if fraction else whole.lstrip("0") or "0"


def luhn_valid(digits: str) -> bool:
    """Whether a card number's check digit is right. ``digits`` holds digits alone, 13 to 19 of them."""
    if not (13 <= len(digits) <= 19 and digits.isascii() and digits.isdigit()):
        return False
    total = 0
    for index, char in enumerate(reversed(digits)):
        number = int(char) * (1 + index % 2)
        total += number - 9 if number > 9 else number
    return total % 10 == 0 and len(set(digits)) > 1


def iban_valid(bare: str) -> bool:
    """Whether an IBAN's check digits are right. ``bare`` holds letters and digits alone."""
    if not (15 <= len(bare) <= 34 and bare.isascii() and bare.isalnum()):
        return False
    return int("".join(str(int(char, 36)) for char in bare[4:] + bare[:4])) % 97 == 1
