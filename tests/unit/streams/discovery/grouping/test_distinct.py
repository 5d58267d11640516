"""Counting distinct things in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.discovery.grouping.distinct import KEPT, Distinct


def counted(items: list[str]) -> Distinct:
    made = Distinct()
    for item in items:
        made.add(item)
    return made


@given(st.lists(st.text(max_size=6), max_size=50))
def test_few_things_are_counted_exactly(items: list[str]) -> None:
    assert len(counted(items)) == len(set(items))


@given(st.lists(st.text(max_size=6), max_size=30), st.lists(st.text(max_size=6), max_size=30))
def test_joining_counts_both(left: list[str], right: list[str]) -> None:
    joined = counted(left)
    joined.merge(counted(right))
    assert len(joined) == len({*left, *right})


def test_many_things_are_estimated_in_bounded_memory() -> None:
    made = counted([f"person {n}" for n in range(20_000)])
    hashes, overflowed = made.dump()
    assert overflowed
    assert len(hashes) == KEPT
    assert abs(len(made) - 20_000) < 2_000


def test_order_does_not_matter() -> None:
    items = [f"person {n}" for n in range(3_000)]
    assert counted(items).dump() == counted(items[::-1]).dump()


def test_joining_estimates() -> None:
    joined = counted([f"a{n}" for n in range(4_000)])
    joined.merge(counted([f"b{n}" for n in range(4_000)]))
    assert abs(len(joined) - 8_000) < 800


def test_state_is_taken_back() -> None:
    for n in (10, 3_000):
        made = counted([str(i) for i in range(n)])
        hashes, overflowed = made.dump()
        again = Distinct(hashes, overflowed=overflowed)
        assert len(again) == len(made)
        made.add("another")
        again.add("another")
        assert again.dump() == made.dump()


def test_what_occurs_by_mistake_is_not_usual() -> None:
    office = [f"person {n}" for n in range(8) for _ in range(100 + 30 * n)]
    made = counted([*office, "another", "another", "a third"])
    assert (len(made), made.usual()) == (10, 8)
    again = Distinct(*made.dump()[:1], made.counts())
    assert again.usual() == 8


@given(st.lists(st.sampled_from("abcdefgh"), max_size=60))
def test_where_nobody_does_much_everybody_counts(items: list[str]) -> None:
    made = counted(items)
    assert made.usual() == len(made) or max(made.counts()) >= 20


def test_nothing_at_all_is_nobody() -> None:
    assert (len(Distinct()), Distinct().usual()) == (0, 0)
