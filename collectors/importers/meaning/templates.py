"""Templates of a log by number: rows with the same names share one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Final

from collectors.importers.meaning.convert import CELL, Converter, Template
from collectors.importers.meaning.vocabulary import Fields, known_action
from collectors.importers.read_report import ReadReport

MAX_TEMPLATES: Final = 262_144
"""Distinct templates of a log; beyond, rows keep kind and application alone."""
REMEMBERED: Final = 65_536
"""Distinct rows whose templates are remembered."""
_TITLES: Final = frozenset(["screen", "title"])
_ROW: Final = re.compile(r"\d+")
TOO_MANY: Final = f"more than {MAX_TEMPLATES:,} different names: rows with further ones keep kind and application alone"


Named = tuple[int, int]
"""Number of a row's template, and the digest of the business key that its screen names (0: none)."""


class _Memory(dict[tuple[str, ...], Named]):
    """Naming fields of a row → what they say."""

    def __init__(self, make: Callable[[tuple[str, ...]], Named]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: tuple[str, ...]) -> Named:
        return self._make(key)


class Templates:
    """Row (its naming fields, in the order of ``names``) → number of its template."""

    def __init__(
        self,
        names: Sequence[str],
        converter: Converter,
        digest: Callable[[str], int],
        report: ReadReport,
        *,
        actions: bool,
    ) -> None:
        self.known: list[Template] = []
        self.modes: list[int] = []
        """For each template, whether and how a value is read."""
        self._memory = _Memory(self._make)
        self.unknown: dict[int, str] = {}
        """Templates of actions that are not in the vocabulary."""
        self._names = names
        self._ids = [n for n, name in enumerate(names) if name == "id"]
        self._converter = converter
        self._digest = digest
        self._report = report
        self._actions = actions
        self._numbers: dict[Template, int] = {}

    def learn(self, rows: Iterable[Sequence[str]], places: Sequence[int]) -> None:
        """See in rows, the first of a log, what varies in titles, and which elements have a name in common."""
        times = Counter(tuple(row[n] for n in places) for row in rows)
        if not _TITLES.isdisjoint(self._names):
            self._converter.learn_titles(map(self._fields, times))
        self._converter.learn_places((self._fields(key), n) for key, n in times.items())

    def named(self, rows: Sequence[Sequence[str]], places: Sequence[int]) -> list[Named]:
        """What each row's naming fields say; ``places`` are those of the naming fields."""
        memory = self._memory
        if len(memory) >= REMEMBERED:
            memory.clear()
        if len(places) == 1:
            return [memory[(row[places[0]],)] for row in rows]
        return [memory[key] for key in map(itemgetter(*places), rows)]

    def _fields(self, key: Sequence[str]) -> Fields:
        row: Fields = {}
        for name, value in zip(self._names, key, strict=True):
            if value and name not in row:
                row[name] = value
        return row

    def _make(self, key: tuple[str, ...]) -> Named:
        cell = self._cell_column(key)
        if cell is not None and cell != key:
            return self._memory[cell]
        row = self._fields(key)
        number = self._number(self._converter.template(row))
        action = row.get("action", "")
        if self._actions and known_action(action) is None:
            self.unknown[number] = action.strip() or "(empty)"
        object_ = self._converter.key(row)
        made = self._memory[key] = number, self._digest(object_) if object_ else 0
        return made

    def _cell_column(self, key: tuple[str, ...]) -> tuple[str, ...] | None:
        """The row with the address of its cell cut to the first row of the sheet: only the column is ever used."""
        for n in self._ids:
            if CELL.fullmatch(key[n]):
                return (*key[:n], _ROW.sub("1", key[n]), *key[n + 1 :])
        return None

    def _number(self, template: Template) -> int:
        known = self._numbers.get(template)
        if known is None:
            if len(self.known) >= MAX_TEMPLATES and (template.screen or template.element):
                self._report.note(TOO_MANY)
                return self._number(Template(template.kind, template.app, "", "", template.value, template.clipboard))
            known = self._numbers[template] = len(self.known)
            self.known.append(template)
            self.modes.append(template.value)
        return known
