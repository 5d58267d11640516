"""The pack of faults, and how it is dealt."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice

import pytest

from benchmarks.chaos.pack import FAULTS, FOREIGN, QUICK, chosen, deal
from benchmarks.chaos.strikes import STRIKES
from taskstream.topics import ALL


def test_each_pack_is_dealt_out_before_the_next() -> None:
    size = sum(FAULTS.values())
    dealt = list(islice(deal(random.Random(1)), 3 * size))
    packs = [dealt[n : n + size] for n in range(0, len(dealt), size)]
    assert all(Counter(pack) == Counter(FAULTS) for pack in packs)
    assert packs[0] != packs[1]


def test_the_same_seed_deals_the_same() -> None:
    assert list(islice(deal(random.Random(5)), 40)) == list(islice(deal(random.Random(5)), 40))


def test_every_fault_can_strike() -> None:
    assert set(STRIKES) == set(FAULTS)


def test_a_foreign_message_falls_into_each_topic() -> None:
    assert {fault.split()[-1] for fault in FOREIGN} == {topic.name for topic in ALL}


def test_a_part_of_the_pack_is_chosen_by_words() -> None:
    assert chosen("") == FAULTS
    assert set(chosen("kafka, sleeps")) == {
        "refuse kafka", "delay kafka", "kafka away 75 s", "kafka away 5 minutes", "machine sleeps",
    }  # fmt: skip
    assert chosen("kill")["kill worker"] == QUICK["kill worker"]
    with pytest.raises(ValueError, match="no fault is called sabotage"):
        chosen("sabotage")
