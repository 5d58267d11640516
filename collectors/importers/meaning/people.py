"""Tells whose row it is: names become numbers; a row that names nobody belongs to the person of the row before."""

from __future__ import annotations

from typing import Final

MAX_NAME: Final = 128
NOBODY: Final = 0
"""Number of rows before the first that names somebody, and of logs that name nobody."""


class _Numbers(dict[str, int]):
    """Name as the file writes it → number; an unknown name gets the next."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self._names = names

    def __missing__(self, name: str) -> int:
        short = name.strip()[:MAX_NAME]
        if name != short:
            number = self[short]
        else:
            number = len(self._names)
            self._names.append(short)
        self[name] = number
        return number


class LogPeople:
    """The people of one log, numbered in the order of their first row."""

    def __init__(self, fixed: str = "") -> None:
        """``fixed``: whose all rows are, whatever they say."""
        self.names: list[str] = [fixed]
        self.numbers: dict[str, int] = _Fixed() if fixed else _Numbers(self.names)

    def name(self, number: int) -> str:
        """The person's name; rows before the first that names somebody are that person's."""
        return self.names[1] if number == NOBODY and len(self.names) > 1 else self.names[number]

    @property
    def count(self) -> int:
        """How many people there are."""
        return max(1, len(self.names) - 1)


class _Fixed(dict[str, int]):
    def __missing__(self, name: str) -> int:
        return NOBODY
