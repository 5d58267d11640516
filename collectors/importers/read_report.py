"""The report on a log, in words and in JSON: how it was understood, and what of it was read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct, field

Progress = Callable[[int], None]
"""Called with the number of rows read so far."""

_MOST: Final = 50
"""Unknown actions that are named at most; the others are counted together."""


_NAMED: Final = 8
"""Unknown actions that are named in words."""


class Skipped(Struct):
    """Rows that were left out for one reason. ``first_line`` is where the first of them begins in its file."""

    reason: str
    rows: int
    first_line: int
    sample: str = ""


class Times(Struct):
    """How the times were read. ``resolution_ms``: no difference below it can be told."""

    form: str = ""
    zone: str = ""
    resolution_ms: int = 1
    first: str = ""
    last: str = ""


class ReadReport(Struct):
    """What one log was taken for. ``columns`` maps what is read to the column's name in the file,
    ``asked`` holds the options that were given. ``people`` is 1 where nobody is named,
    ``unread`` names sheets that look like logs but are not read."""

    log: str
    asked: dict[str, str] = field(default_factory=dict)
    format: str = ""
    container: str = ""
    encoding: str = ""
    separator: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    times: Times = field(default_factory=Times)
    people: int = 0
    people_named: int = 0
    rows: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    repeated: int = 0
    unknown_actions: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def rows_skipped(self) -> int:
        """Rows left out for any reason."""
        return sum(skipped.rows for skipped in self.skipped)

    @property
    def partly(self) -> bool:
        """Whether something in the file was not read."""
        return bool(self.skipped or self.unread)

    def skip(self, reason: str, line: int, sample: str = "") -> None:
        """Count a row that is left out."""
        for skipped in self.skipped:
            if skipped.reason == reason:
                skipped.rows += 1
                return
        self.skipped.append(Skipped(reason, 1, line, sample[:60]))

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)

    def unknown_action(self, action: str, rows: int) -> None:
        """Count rows of an action that is not in the vocabulary."""
        name = action if action in self.unknown_actions or len(self.unknown_actions) < _MOST else "(others)"
        self.unknown_actions[name] = self.unknown_actions.get(name, 0) + rows

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told | {"rows_skipped": self.rows_skipped}

    def lines(self) -> list[str]:
        """The report in words, a line each."""
        made_of = ", ".join(part for part in (self.container, self.encoding, self._separator()) if part)
        out = [f"{self.log}: {self.format}" + (f" ({made_of})" if made_of else "")]
        if self.columns:
            out.append("  columns   " + ", ".join(f"{name}={column}" for name, column in self.columns.items()))
        if self.left_out:
            out.append("  left out  " + ", ".join(self.left_out))
        if self.times.first:
            out.append(
                f"  times     {self.times.form}; zone: {self.times.zone}; "
                f"resolution {resolution(self.times.resolution_ms)}; {self.times.first} to {self.times.last}"
            )
        out.append(
            f"  rows      {self.rows:,} read, {self.rows_skipped:,} skipped, {self.repeated:,} repeated; "
            + (f"{self.people:,} {'person' if self.people == 1 else 'people'}" if self.people_named else "nobody named")
        )
        for skipped in self.skipped:
            sample = f" ({skipped.sample!r})" if skipped.sample else ""
            out.append(f"  skipped   {skipped.rows:,}: {skipped.reason}, first in line {skipped.first_line:,}{sample}")
        out += [f"  not read  {part}" for part in self.unread]
        if self.unknown_actions:
            counted = sorted(self.unknown_actions.items(), key=lambda item: (-item[1], item[0]))
            named = ", ".join(f"{action} ({rows:,})" for action, rows in counted[:_NAMED])
            named += f" and {len(counted) - _NAMED} more" if len(counted) > _NAMED else ""
            out.append(f"  actions   not known, taken as steps of their own: {named}")
        return out + [f"  note      {note}" for note in self.notes]

    def _separator(self) -> str:
        return {"": "", "\t": "tab"}.get(self.separator, repr(self.separator)) and (
            "separated by " + {"\t": "tabs"}.get(self.separator, repr(self.separator))
        )


def resolution(ms: int) -> str:
    """A resolution in words."""
    for size, unit in ((60_000, "min"), (1_000, "s")):
        if ms >= size:
            return f"{ms / size:g} {unit}"
    return f"{ms} ms"


def moment(at_ms: int) -> str:
    """A time in UTC to the second."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
