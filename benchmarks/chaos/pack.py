"""The faults, how often each is in the pack, and how they are dealt."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Final

FAULTS: Final = {
    "kill worker": 8,
    "kill sink": 6,
    "kill broker": 4,
    "kill clickhouse": 3,
    "pause worker (zombie)": 2,
    "refuse clickhouse": 1,
    "delay clickhouse": 1,
    "refuse kafka": 2,
    "delay kafka": 1,
}
"""Faults and how often each is in the pack from which they are dealt."""


def deal(draw: random.Random) -> Iterator[str]:
    """Faults in random order, without end: a pack is dealt out before the next, so each strikes in any long run."""
    while True:
        pack = list(Counter(FAULTS).elements())
        draw.shuffle(pack)
        yield from pack
