"""Words of a language, and names that no other seed has."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

from msgspec import Struct, convert

_CONSONANTS: Final = "bdfghjklmnprstvwz"
_VOWELS: Final = "aeiou"
_SYLLABLES: Final = tuple(c + v for c in _CONSONANTS for v in _VOWELS)
_LENGTH: Final = 4
_SPACE: Final = len(_SYLLABLES) ** _LENGTH
_STEP: Final = 31_415_923
"""Odd and no multiple of 5 or 17, so multiplying by it modulo (17 × 5) ** 4 is one to one: neighbours look unlike."""
PER_WORLD: Final = 64
MAX_SEED: Final = _SPACE // PER_WORLD - 1


_LETTERS: Final = str.maketrans("0123456789abcdef", "bcdfghjklmnprstv")


class Vocabulary(Struct, frozen=True):
    """Words of user interfaces: ``login`` holds the sign-in button and its two fields; ``after`` follows an end."""

    things: list[str]
    fields: list[str]
    moves: list[str]
    ends: list[str]
    after: list[str]
    login: list[str]


@lru_cache(maxsize=1)
def _languages() -> dict[str, Vocabulary]:
    text = (Path(__file__).parent / "words.json").read_text(encoding="utf-8")
    return convert(json.loads(text), dict[str, Vocabulary])


def vocabulary(language: str) -> Vocabulary:
    """The words of a language of ``words.json``."""
    return _languages()[language]


def coined(seed: int, number: int) -> str:
    """A name that stands for this seed and number and for no other.

    Raises:
        ValueError: the seed is beyond :data:`MAX_SEED` or the number beyond :data:`PER_WORLD`.
    """
    if not 0 <= seed <= MAX_SEED or not 0 <= number < PER_WORLD:
        raise ValueError(f"seeds are 0 to {MAX_SEED}, names 0 to {PER_WORLD - 1} (given: {seed}, {number})")
    code = (seed * PER_WORLD + number) * _STEP % _SPACE
    out = ""
    for _ in range(_LENGTH):
        code, syllable = divmod(code, len(_SYLLABLES))
        out += _SYLLABLES[syllable]
    return out


def hidden(text: str, seed: int) -> str:
    """The text with each word replaced by letters without meaning; equal words of one seed stay equal."""
    digests = [blake2b(f"{seed} {word}".encode(), digest_size=4).hexdigest() for word in text.split()]
    return " ".join("q" + digest.translate(_LETTERS) for digest in digests)
