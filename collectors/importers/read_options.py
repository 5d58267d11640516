"""What a user can say about a log that its content does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, tzinfo
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct, field

from collectors.importers.files.encoding import encoding_given
from collectors.importers.meaning.vocabulary import FIELD_NAMES
from collectors.importers.names.label_words import Labels, OpenLabels
from collectors.importers.times import DateOrder
from collectors.importers.times.zones import zone_given
from taskstream.errors import UsageError

_SETTINGS: Final = ("timezone", "date_order", "date", "encoding", "order", "person_per_file")
Order = Literal["time", "file"]


class ReadOptions(Struct, frozen=True, kw_only=True):
    """How logs are to be read.

    ``mapping``         field → column, before the vocabulary; "" for a field that is not to be read
    ``zone``            of times that name none (default UTC)
    ``date_order``      of dates that could be read in two ways
    ``day``             for times of day without a date
    ``encoding``        of texts, where their bytes do not tell
    ``order``           "time", or "file" for a log whose times cannot be trusted: then the rows stay as they are and
                        steps back count as none
    ``person_per_file`` each file is a person's, whatever its columns say
    ``labels``          what of the names may be shown
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo | None = None
    date_order: DateOrder | None = None
    day: str = ""
    encoding: str = ""
    order: Order = "time"
    person_per_file: bool = False
    labels: Labels = field(default_factory=OpenLabels)

    def asked(self) -> dict[str, str]:
        """The options given besides the mapping, by their names."""
        told = {
            "timezone": str(self.zone) if self.zone is not None else "", "date_order": self.date_order or "",
            "date": self.day, "encoding": self.encoding, "order": "" if self.order == "time" else self.order,
        }  # fmt: skip
        return {name: value for name, value in told.items() if value}


def options_of(
    maps: Sequence[str] = (),
    file: Path | None = None,
    *,
    timezone: str | None = None,
    date_order: str | None = None,
    day: str | None = None,
    encoding: str | None = None,
    order: str | None = None,
    person_per_file: bool = False,
    labels: Labels | None = None,
) -> ReadOptions:
    """The options of a command line and of a mapping file; the command line counts.

    Args:
        maps: ``field=column`` each.
        file: a TOML file with a table ``[columns]`` of the same, and the other options by their names.

    Raises:
        UsageError: a field, zone, encoding or value that does not exist, or a file that cannot be read.
    """
    told: dict[str, Any] = _load(file) if file else {}
    columns = _columns(told.pop("columns", {}), str(file))
    columns |= _columns(dict(_pair(text) for text in maps), "--map")
    given = {
        "timezone": timezone, "date_order": date_order, "date": day, "encoding": encoding, "order": order,
        "person_per_file": person_per_file or None,
    }  # fmt: skip
    told |= {name: value for name, value in given.items() if value is not None}
    return ReadOptions(
        mapping=columns,
        zone=zone_given(str(told["timezone"])) if told.get("timezone") else None,
        date_order=_one_of(told, "date_order", ("day-first", "month-first", "year-first")),
        day=_day(str(told.get("date", ""))),
        encoding=encoding_given(str(told["encoding"])) if told.get("encoding") else "",
        order=_one_of(told, "order", ("time", "file")) or "time",
        person_per_file=bool(told.get("person_per_file", False)),
        labels=labels or OpenLabels(),
    )


def as_toml(columns: Mapping[str, str], asked: Mapping[str, str]) -> str:
    """A mapping file: field → column, and what else was said (see :meth:`ReadOptions.asked`)."""
    rows = [f"{name} = {_quoted(value)}" for name, value in asked.items()]
    rows += ["", "[columns]"] if rows else ["[columns]"]
    return "\n".join(rows + [f"{name} = {_quoted(column)}" for name, column in columns.items()]) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'


def _load(path: Path) -> dict[str, Any]:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the mapping {path} cannot be read: {error}") from error
    unknown = sorted(told.keys() - {"columns", *_SETTINGS})
    if unknown:
        raise UsageError(f"the mapping {path} says {unknown[0]!r}, which is none of: columns, {', '.join(_SETTINGS)}")
    return told


def _pair(text: str) -> tuple[str, str]:
    name, equals, column = text.partition("=")
    if not equals:
        raise UsageError(f"--map takes FIELD=COLUMN, such as --map time=Start; not {text!r}")
    return name.strip(), column.strip()


def _columns(pairs: object, where: str) -> dict[str, str]:
    if not isinstance(pairs, dict) or not all(isinstance(column, str) for column in pairs.values()):
        raise UsageError(f'{where}: [columns] takes lines such as time = "Start"')
    for name in pairs:
        if name not in FIELD_NAMES:
            raise UsageError(f"{where}: {name!r} is no field; fields are {', '.join(FIELD_NAMES)}")
    return dict(pairs)


def _one_of(told: Mapping[str, Any], name: str, values: tuple[str, ...]) -> Any:
    value = told.get(name)
    if value is not None and value not in values:
        raise UsageError(f"{name} is one of {', '.join(values)}; not {value!r}")
    return value


def _day(text: str) -> str:
    if text:
        try:
            date.fromisoformat(text)
        except ValueError as error:
            raise UsageError(f"--date takes a day such as 2024-03-05; not {text!r}") from error
    return text
