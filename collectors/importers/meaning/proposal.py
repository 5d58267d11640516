"""Proposes, by its values, a column that could hold what a log seems to lack; never reads it unasked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from collectors.importers.meaning.vocabulary import known_action
from collectors.importers.times import LogClock

_ROWS: Final = 500
"""Rows that are looked at."""
_MAX_ACTIONS: Final = 60
"""Different values of a column that could hold actions, at most."""


def propose(field: str, names: Sequence[str], sample: Sequence[Sequence[str]]) -> str:
    """The name of the column that could be read as ``field`` ("time" or "action"), or ""."""
    rows = sample[:_ROWS]
    columns = {name: [text for row in rows if (text := row[n].strip())] for n, name in enumerate(names)}
    if field == "time":
        return next((name for name, texts in columns.items() if texts and LogClock(name).has_dates(texts)), "")
    best, share = "", 0.0
    for name, texts in columns.items():
        if not texts or not 1 < len(set(texts)) <= _MAX_ACTIONS or LogClock(name).has_dates(texts):
            continue
        known = sum(known_action(text) is not None for text in texts) / len(texts)
        if known > share:
            best, share = name, known
    return best
