"""The refusal of a table whose header is not known: its first rows, and the mapping that would probably read it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from taskstream.errors import InputError

ROWS: Final = 5
"""Rows that are shown."""
HELD: Final = "[value]"
_CONTENT: Final = ("content", "value")
WIDTH: Final = 60
"""Letters of a value that are shown."""


class UnknownHeader(InputError):
    """No column is known to hold the times or the actions.

    ``rows``     the first rows, column → value, without what is empty; what was typed or copied is not shown
    ``mapping``  field → column, known by its name or guessed by its values
    ``guessed``  the fields of ``mapping`` that are guessed
    """

    def __init__(
        self,
        message: str,
        log: str,
        names: Sequence[str],
        sample: Sequence[Sequence[str]],
        mapping: Mapping[str, str],
        guessed: Sequence[str],
    ) -> None:
        super().__init__(message)
        self.log = log
        held = {mapping[field] for field in _CONTENT if field in mapping}
        self.rows = [
            {name: HELD if name in held else text[:WIDTH] for name, text in zip(names, row, strict=False) if text}
            for row in sample[:ROWS]
        ]
        self.mapping = dict(mapping)
        self.guessed = tuple(guessed)
        self.told |= {"file": log, "option": self.options, "rows": self.rows, "mapping": self.mapping}

    @property
    def options(self) -> str:
        """The guesses as options of the command."""
        return " ".join(f"--map {field}={shlex.quote(self.mapping[field])}" for field in self.guessed)

    def lines(self) -> list[str]:
        """The first rows under their columns, and what each field could be read from."""
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        wide = max((len(name) for name in columns), default=0)
        out = [f"{self.log}, the first rows under their columns:"]
        out += [f"  {name:<{wide}}  " + " | ".join(row.get(name, "") for row in self.rows) for name in columns]
        out += ["", "what its columns could be read as:"]
        out += [
            f"  {field}={column}" + (" (a guess by its values)" if field in self.guessed else "")
            for field, column in self.mapping.items()
        ]
        out += [f"  {field}: no column looks like it" for field in ("time", "action") if field not in self.mapping]
        return [*out, "", f"to read it so: {self.options}"] if self.guessed else out
