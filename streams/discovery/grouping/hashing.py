"""Hashes that are the same in every process and on every machine, unlike Python's own."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b


def hash64_once(text: str) -> int:
    """64 bits of ``text``, evenly spread; for texts that do not come again."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


@lru_cache(maxsize=65_536)
def hash64(text: str) -> int:
    """64 bits of ``text``, evenly spread; remembered for those that come again."""
    return hash64_once(text)


def short_id(*parts: str) -> str:
    """12 hexadecimal digits that name the sequence ``parts``."""
    return blake2b("\x1f".join(parts).encode(), digest_size=6).hexdigest()
