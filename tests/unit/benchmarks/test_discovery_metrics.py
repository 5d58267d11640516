"""Published figures of segmentation and grouping, on cases small enough to reckon by hand."""

from __future__ import annotations

import pytest

from benchmarks.discovery_metrics import (
    boundary_f1,
    edit_distance,
    jaccard,
    mean_edit_distance,
    routine_f,
    type_f1,
)


def test_boundaries_exact_and_near() -> None:
    true, late = "aaabbbccc", "aaaabbbbc"
    assert boundary_f1(true, true) == 1.0
    assert boundary_f1(late, true) == 0.0
    assert boundary_f1(late, true, tolerance=1) == pytest.approx(0.5)
    assert boundary_f1(late, true, tolerance=2) == 1.0
    assert boundary_f1("abc", "aab", tolerance=2) == pytest.approx(2 * 0.5 / 1.5)


def test_edit_distances() -> None:
    assert edit_distance(tuple("kitten"), tuple("sitting")) == 3
    acts = list("xyzxyz")
    assert mean_edit_distance(acts, list("aaabbb"), list("aaabbb")) == 0.0
    assert mean_edit_distance(acts, list("aaaaaa"), list("aaabbb")) == pytest.approx(0.5)
    assert mean_edit_distance(acts, [None] * 6, list("aaabbb")) == 1.0


def test_task_types_go_to_the_majority() -> None:
    assert type_f1(list("rrrsss"), list("xxxyyy")) == 1.0
    assert type_f1(list("rrsttt"), list("xxxyyy")) == 1.0
    assert type_f1(list("rrrrrr"), list("xxxxyy")) == pytest.approx(4 / 6 * 0.8)


def test_routines_by_their_multisets() -> None:
    assert jaccard(tuple("aab"), tuple("abb")) == pytest.approx(0.5)
    acts, true = list("abcabcxy"), [*list("111222"), None, None]
    assert routine_f([tuple("abc")], acts, true) == 1.0
    assert routine_f([tuple("abc"), tuple("xyz")], acts, true) == pytest.approx(2 * 0.5 / 1.5)
