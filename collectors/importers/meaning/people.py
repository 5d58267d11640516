"""Tells whose row it is: names become numbers; a row that names nobody belongs to the person of the row before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MAX_NAME: Final = 128
NOBODY: Final = 0
"""Number of rows before the first that names somebody, and of logs that name nobody."""
_NO_NAMES: Final = frozenset([
    "", "-", "null", "(null)", "<null>", "\\n", "nil", "nan", "none", "n/a", "#n/a", "undefined",
])  # fmt: skip
"""What exports write where nobody is named, in lower case."""


def names_nobody(name: str) -> bool:
    """Whether a cell is empty or holds what stands for an empty one."""
    return name.strip().lower() in _NO_NAMES


class _Numbers(dict[str, int]):
    """Name as the file writes it → number; an unknown name gets the next. Names differ by more than their case."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self._names = names
        self._known: dict[str, int] = {}

    def __missing__(self, name: str) -> int:
        short = name.strip()[:MAX_NAME]
        if names_nobody(short):
            number = NOBODY
        else:
            number = self._known.setdefault(short.casefold(), len(self._names))
            if number == len(self._names):
                self._names.append(short)
        self[name] = number
        return number


class LogPeople:
    """The people of one log, numbered in the order of their first row."""

    def __init__(self, fixed: str = "") -> None:
        """``fixed``: whose all rows are, whatever they say."""
        self.fixed = bool(fixed)
        self.names: list[str] = [fixed]
        self.numbers: dict[str, int] = _Fixed() if fixed else _Numbers(self.names)
        self._read: set[int] = set()

    def read(self, numbers: Iterable[int]) -> None:
        """Take in whose rows are read; who stands in skipped rows alone does not count."""
        self._read.update(numbers)

    def name(self, number: int) -> str:
        """The person's name; rows before the first that names somebody are that person's."""
        return self.names[min(self._read - {NOBODY}, default=NOBODY) if number == NOBODY else number]

    @property
    def named(self) -> int:
        """How many people the rows name."""
        return 1 if self.fixed else len(self._read - {NOBODY})

    @property
    def count(self) -> int:
        """How many people there are: one where nobody is named."""
        return max(1, self.named)


class _Fixed(dict[str, int]):
    def __missing__(self, name: str) -> int:
        return NOBODY
