"""Each number once, whatever is sent again and in whatever cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.deduplicate import MAX_HOLES, Numbering


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        ([(0, 3), (3, 2)], [[(0, 3)], [(0, 2)]]),
        ([(7, 3)], [[(0, 3)]]),  # the first seen is where it begins
        ([(0, 3), (0, 3)], [[(0, 3)], []]),
        ([(0, 3), (1, 4)], [[(0, 3)], [(2, 4)]]),  # sent again with more: cut
        ([(0, 2), (5, 2), (2, 3)], [[(0, 2)], [(0, 2)], [(0, 3)]]),  # a hole that is filled later
        ([(0, 2), (5, 2), (1, 6)], [[(0, 2)], [(0, 2)], [(1, 4)]]),
        ([(0, 2), (5, 2), (3, 1), (2, 5)], [[(0, 2)], [(0, 2)], [(0, 1)], [(0, 1), (2, 3)]]),
    ],
)
def test_ranges(batches: list[tuple[int, int]], expected: list[list[tuple[int, int]]]) -> None:
    numbering = Numbering()
    assert [list(numbering.admit(first, count).ranges) for first, count in batches] == expected


def test_hole_is_reported_once() -> None:
    numbering = Numbering()
    assert numbering.admit(0, 2).missing is None
    assert numbering.admit(5, 2).missing == (2, 4)
    assert numbering.admit(5, 2).missing is None
    assert numbering.admit(7, 1).missing is None


def test_holes_are_bounded() -> None:
    numbering = Numbering()
    for number in range(0, 10 * MAX_HOLES, 2):
        numbering.admit(number, 1)
    assert len(numbering.holes) <= MAX_HOLES


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=40))
def test_no_number_twice(batches: list[tuple[int, int]]) -> None:
    numbering = Numbering()
    seen: set[int] = set()
    for first, count in batches:
        admitted = numbering.admit(first, count)
        numbers = [first + index for start, end in admitted.ranges for index in range(start, end)]
        assert len(numbers) + admitted.duplicates == count
        assert not seen.intersection(numbers)
        assert len(set(numbers)) == len(numbers)
        seen.update(numbers)
