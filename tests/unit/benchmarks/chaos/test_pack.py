"""The pack of faults, and how it is dealt."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice

from benchmarks.chaos.pack import FAULTS, deal


def test_each_pack_is_dealt_out_before_the_next() -> None:
    size = sum(FAULTS.values())
    dealt = list(islice(deal(random.Random(1)), 3 * size))
    packs = [dealt[n : n + size] for n in range(0, len(dealt), size)]
    assert all(Counter(pack) == Counter(FAULTS) for pack in packs)
    assert packs[0] != packs[1]


def test_the_same_seed_deals_the_same() -> None:
    assert list(islice(deal(random.Random(5)), 40)) == list(islice(deal(random.Random(5)), 40))
