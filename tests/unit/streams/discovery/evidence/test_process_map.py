"""The usual order of steps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.discovery.evidence.process_map import process_map
from streams.discovery.grouping.execution import Execution, from_segment
from tests.unit.streams.discovery.routine_samples import segment


def made(paths: list[list[str]]) -> list[Execution]:
    return [from_segment(segment(path, first_seq=100 * i), tuple(path), (), (), 0, 1.0) for i, path in enumerate(paths)]


def order(paths: list[list[str]]) -> str:
    steps, _ = process_map(made(paths), frozenset())
    return "".join(step.activity for step in steps)


def test_a_tail_that_few_executions_have_comes_last() -> None:
    assert order([list("abcdS")] * 6 + [list("abcdSwxyz")] * 4) == "abcdSwxyz"


def test_a_long_beginning_that_few_have_comes_first() -> None:
    assert order([list("abcd")] * 6 + [list("pqrstuabcd")] * 4) == "pqrstuabcd"


@given(st.integers(2, 9), st.lists(st.sets(st.integers(0, 8), min_size=1), min_size=5, max_size=30))
def test_executions_that_agree_on_an_order_give_it(size: int, kept: list[set[int]]) -> None:
    whole = [f"a|click|s|button:{chr(97 + i)}" for i in range(size)]
    paths = [whole, *([step for i, step in enumerate(whole) if i in some] for some in kept)]
    paths = [path for path in paths if path] + [whole] * len(paths)
    steps, _ = process_map(made(paths), frozenset())
    assert [step.activity for step in steps] == whole
