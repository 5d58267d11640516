"""Rows that name nobody, put in the order of time."""

from __future__ import annotations

import pytest

from collectors.importers.order.nameless import HELD_ROWS, NAMELESS, as_by_time, as_in_file
from collectors.importers.order.runs import Row


def rows(people: list[int], values: list[int] | None = None) -> list[Row]:
    return [(n, n, who, 0, 0, value, 0) for n, (who, value) in enumerate(zip(people, values or people, strict=True))]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_the_row_before_in_time_tells(size: int) -> None:
    given = rows([NAMELESS + 9, 1, NAMELESS + 3, 2, NAMELESS, NAMELESS + 1], [0] * 6)
    blocks = [given[start : start + size] for start in range(0, 6, size)]
    out = [row[2] for block in as_by_time(blocks) for row in block]
    assert out == [9 if size == 1 else 1, 1, 1, 2, 2, 2]
    assert [row[2] for block in as_in_file(blocks) for row in block] == [9, 1, 3, 2, 0, 1]


def test_whoever_held_the_value_just_before_goes_first() -> None:
    others = [2] * (HELD_ROWS - 1)
    near = rows([1, *others, NAMELESS], [7, *others, 7])
    far = rows([1, *others, 2, NAMELESS], [7, *others, 2, 7])
    assert [block[-1][2] for given in (near, far) for block in as_by_time([given])] == [1, 2]
