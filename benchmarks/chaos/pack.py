"""The faults, how often each is in the pack, and how they are dealt."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

QUICK: Final = {
    "kill worker": 8,
    "kill sink": 6,
    "kill catalogue": 4,
    "kill broker": 4,
    "kill clickhouse": 3,
    "pause worker (zombie)": 2,
    "refuse clickhouse": 1,
    "delay clickhouse": 1,
    "refuse kafka": 2,
    "delay kafka": 1,
}
"""What takes seconds."""

FOREIGN: Final = tuple(
    f"foreign message in {topic}"
    for topic in (
        "ui-events", "ui-events.clean", "sessions", "segments", "steps", "transfers", "activity.partial",
        "activity", "assignments", "routines", "opportunities", "tables", "state", "catalogue.state", "dead-letter",
    )
)  # fmt: skip
"""A message that its readers did not expect, in each topic."""

SECOND_DAY: Final = {
    "clock jumps": 4,
    "idle for 2 minutes": 1,
    "machine sleeps": 1,
    "kafka away 75 s": 1,
    "kafka away 5 minutes": 1,
    "re-create input": 1,
    "re-create derived": 2,
    "re-create state": 1,
    "partitions added": 1,
    "retention passes input": 1,
    "retention passes derived": 2,
}
"""Faults of days and nights: sleep, clocks, outages; some take minutes."""

FAULTS: Final[Mapping[str, int]] = QUICK | dict.fromkeys(FOREIGN, 1) | SECOND_DAY
"""Faults and how often each is in the pack."""


def deal(draw: random.Random, pack: Mapping[str, int] = FAULTS) -> Iterator[str]:
    """Faults in random order, without end: a pack is dealt out before the next, so each strikes in any long run."""
    while True:
        left = list(Counter(pack).elements())
        draw.shuffle(left)
        yield from left


def chosen(words: str) -> dict[str, int]:
    """The part of the pack whose names hold one of ``words`` (with commas between them); empty: the whole pack.

    Raises:
        ValueError: no fault has such a name.
    """
    wanted = [word.strip() for word in words.split(",") if word.strip()]
    found = {name: times for name, times in FAULTS.items() if not wanted or any(word in name for word in wanted)}
    if not found:
        raise ValueError(f"no fault is called {words}; there are: {', '.join(FAULTS)}")
    return found
