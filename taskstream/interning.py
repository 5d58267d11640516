"""Numbers for strings."""

from __future__ import annotations


class Interner(dict[str, int]):
    """Gives each new string the next number."""

    def __missing__(self, key: str) -> int:
        self[key] = code = len(self)
        return code
