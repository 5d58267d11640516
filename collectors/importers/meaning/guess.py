"""Guesses by content which column of a header that is not known holds what; never reads one unasked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from collectors.importers.meaning.proposal import propose
from collectors.importers.meaning.vocabulary import field_of, words
from collectors.importers.times import LogClock

GUESSED: Final[tuple[str, ...]] = ("time", "action", "app", "person")
"""Fields that are guessed where no column is known for them: the essential ones, and those that tell people apart."""
_ROWS: Final = 500
_WORD: Final = re.compile(r"[^\W\d_]+")
_FEW: Final = 50
"""Different values of a column of people or applications, at most."""
_STAYS: Final = 0.1
"""Share of rows at which the person changes, at most: people work longer than one row."""


def guess(names: Sequence[str], sample: Sequence[Sequence[str]], known: Mapping[str, str]) -> dict[str, str]:
    """Field → column: ``known``, and what the values of the other columns look like."""
    found = dict(known)
    rows = sample[:_ROWS]
    for field in GUESSED:
        if field in found:
            continue
        free = [n for n, name in enumerate(names) if name and name not in found.values()]
        taken = [names[n] for n in free], [[row[n] for n in free] for row in rows]
        column = propose(field, *taken) if field in ("time", "action") else _named_so(field, taken[0])
        column = column or (_repeating(*taken) if field == "action" else _steady(*taken) if field == "person" else "")
        if column:
            found[field] = column
    return found


def telling_people(names: Sequence[str], sample: Sequence[Sequence[str]]) -> str:
    """The column that is named as if it told who did it, and holds a few names that come again and again."""
    columns = [name for name, texts in _columns(names, sample[:_ROWS]).items() if len(set(texts)) > 1]
    return _named_so("person", columns)


def _named_so(field: str, names: Sequence[str]) -> str:
    """The column one of whose words is a name of the field: ``Program name`` of the application."""
    for name in names:
        if any((match := field_of(word)) is not None and match[0] == field for word in _WORD.findall(words(name))):
            return name
    return ""


def _columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """The values of each column that are no times and no numbers, where it has any and few different ones."""
    out = {}
    for n, name in enumerate(names):
        texts = [text for row in rows if (text := row[n].strip())]
        usual = texts and 2 * sum(any(letter.isalpha() for letter in text) for text in texts) > len(texts)
        if usual and len(set(texts)) <= min(_FEW, max(1, len(texts) // 2)) and not LogClock(name).has_dates(texts):
            out[name] = texts
    return out


def _repeating(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The column that fills most rows with the most different of few values: what was done differs row by row."""
    columns = {name: texts for name, texts in _columns(names, rows).items() if len(set(texts)) > 1}
    return max(columns, key=lambda name: (len(columns[name]), len(set(columns[name]))), default="")


def _steady(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The column that says nearly the same from row to row, in most of the rows: who it was."""
    columns = {
        name: changes
        for name, texts in _columns(names, rows).items()
        if 2 * len(texts) > len(rows) and all(len(text) <= 60 and "/" not in text for text in texts)
        if (changes := sum(a != b for a, b in pairwise(texts))) <= max(_STAYS * len(texts), len(set(texts)) - 1)
    }
    return min(columns, key=lambda name: columns[name], default="")
