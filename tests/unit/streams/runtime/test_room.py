"""Agents by memory, over what a worker owns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.room import BUSY_BYTES, REST_BYTES, busy_share, is_tight, most_agents, shares
from taskstream.settings import Settings


def test_a_company_of_100_000_desktops_fits_a_worker_that_owns_all_96_partitions() -> None:
    total = most_agents(Settings())
    agents = {partition: 1_042 + (partition % 7 - 3) * 40 for partition in range(96)}
    assert sum(agents.values()) > 99_000
    bounds = shares(agents, total)
    assert all(bounds[partition] > count for partition, count in agents.items())
    memory = total * REST_BYTES + 96 * busy_share(total, 96) * (BUSY_BYTES - REST_BYTES)
    assert memory <= Settings().agents_mb << 20


def test_an_explicit_number_counts_before_memory() -> None:
    assert most_agents(Settings(max_agents=7)) == 7


@given(st.dictionaries(st.integers(0, 99), st.integers(0, 5_000), min_size=1), st.integers(1, 200_000))
def test_shares_fit_and_take_from_nobody_while_there_is_room(agents: dict[int, int], total: int) -> None:
    bounds = shares(agents, total)
    assert sum(bounds.values()) <= total + len(agents)  # at least one each, also where none is free
    if sum(agents.values()) <= total:
        assert all(bounds[key] >= count for key, count in agents.items())


def test_who_is_near_its_bound_is_seen() -> None:
    assert not is_tight({1: 90, 2: 0}, {1: 100, 2: 1})
    assert is_tight({1: 91, 2: 0}, {1: 100, 2: 1})
