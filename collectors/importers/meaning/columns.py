"""Which column is read for what: by the user's mapping, by the kind of table, by the vocabulary, in this order."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from collectors.importers.meaning.guess import GUESSED, guess
from collectors.importers.meaning.known_tables import known_table
from collectors.importers.meaning.unknown_header import UnknownHeader
from collectors.importers.meaning.vocabulary import FIELD_NAMES, field_of, plain
from taskstream.errors import InputError

LEFT_OUT_SHOWN: Final = 60
_MULTIPLE: Final = frozenset({"value", "id"})
"""Fields that are filled, row by row, from the first of several columns that holds something."""


class Columns(Struct):
    """Field → positions of its columns (one, or several of which the first that is not empty counts)."""

    format: str
    of: dict[str, list[int]]
    names: list[str]

    def told(self) -> dict[str, str]:
        """Field → names of its columns, for the report."""
        return {
            field: " or ".join(self.names[position] for position in self.of[field])
            for field in FIELD_NAMES
            if field in self.of
        }

    def left_out(self) -> list[str]:
        """Columns that are not read."""
        used = {position for positions in self.of.values() for position in positions}
        return [name or f"(column {n + 1})" for n, name in enumerate(self.names) if n not in used]


def assign(
    format_: str, names: Sequence[str], sample: Sequence[Sequence[str]], mapping: Mapping[str, str], log: str
) -> Columns:
    """Decide which columns are read.

    Args:
        format_: kind of file.
        names: of the columns.
        sample: rows; a column that is empty in all of them gives way to another for the same field.
        mapping: field → column, as the user says; "" for a field that is not to be read.
        log: what the file is called in errors.

    Raises:
        InputError: the mapping names a column that is not there, or times or actions have no column.
    """
    known = known_table(list(names))
    filled = [any(row[n].strip() for row in sample) for n in range(len(names))]
    found: dict[str, list[tuple[int, int]]] = {}
    special = (
        {plain(column): (field, rank - 1000) for rank, (column, field) in enumerate(known.columns)} if known else {}
    )
    seen: set[str] = set()
    shared = _shared_prefix(names)
    for position, name in enumerate(names):
        short = plain(name)
        match = special.get(short) or field_of(name.removeprefix(shared))
        if match and match[0] and short not in seen:
            found.setdefault(match[0], []).append((match[1] + (0 if filled[position] else 10_000), position))
        if filled[position]:
            seen.add(short)
    of = {
        field: [position for rank, position in sorted(ranked)][: None if known and field in _MULTIPLE else 1]
        for field, ranked in found.items()
    }
    for field, column in mapping.items():
        of.pop(field, None)
        if column:
            of[field] = [_position(column, names, filled, log)]
    taken = {position for field in mapping for position in of.get(field, ())}
    of = {
        field: kept
        for field, positions in of.items()
        if (kept := positions if field in mapping else [one for one in positions if one not in taken])
    }
    if "time" not in of and "date" in of:
        of["time"] = of.pop("date")  # a column called "date" often holds the time too; the clock will tell
    columns = Columns(_format(format_, known.name if known else ""), of, list(names))
    _check(columns, sample, log)
    return columns


def _shared_prefix(names: Sequence[str]) -> str:
    """What all columns begin with, up to a dot: events that are nested in an object of their own."""
    prefix = names[0].partition(".")[0] + "." if names and "." in names[0] else ""
    return prefix if prefix and all(name.startswith(prefix) for name in names) else ""


def _format(file: str, table: str) -> str:
    if not table:
        return "table of UI events" if file == "table" else file
    return table if file == "table" else f"{file}, {table}"


def _position(column: str, names: Sequence[str], filled: Sequence[bool], log: str) -> int:
    exact = [n for n, name in enumerate(names) if name == column]
    similar = [n for n, name in enumerate(names) if plain(name) == plain(column)]
    if not (exact or similar):
        raise InputError(
            f"{log} has no column {column!r}; it has: {_listed(names)}", file=log, column=column, option="--map"
        )
    found = exact or similar
    return next((n for n in found if filled[n]), found[0])


def _check(columns: Columns, sample: Sequence[Sequence[str]], log: str) -> None:
    of = columns.of
    missing = [] if "time" in of else [("time", "the times")]
    if "action" not in of and not ("app" in of and "screen" in of):
        missing.append(("action", "the actions"))
    if missing:
        known = {field: columns.names[positions[0]] for field, positions in of.items()}
        guesses = guess(columns.names, sample, known)
        guessed = [field for field in GUESSED if field in guesses and field not in known]
        asked = [*dict.fromkeys([field for field, _ in missing] + guessed)]
        options = " ".join(f"--map {field}={shlex.quote(guesses.get(field, 'COLUMN'))}" for field in asked)
        raise UnknownHeader(
            f"{log} is not a log that can be read as it is: no column of its header is known to hold "
            f"{' and '.join(f'{what} ({field})' for field, what in missing)}. "
            f"Its columns: {_listed(columns.names)}. Say which: {options}",
            log, columns.names, sample, guesses, guessed,
        )  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    shown = [repr(name[:40]) for name in names[:LEFT_OUT_SHOWN]]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")
