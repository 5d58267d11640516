"""Few real executions that stand for all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.discovery.grouping.execution import Execution, from_segment
from streams.discovery.grouping.variants import LIMIT, Bags, Former, carry_ids, jaccard, representatives, variants
from tests.unit.streams.discovery.routine_samples import segment


def made(paths: list[str]) -> list[Execution]:
    """One execution for each string; every character is a step."""
    return [
        from_segment(segment(list(path), actor=f"p{i % 4}", first_seq=100 * i), tuple(path), (), (), 0, 1.0)
        for i, path in enumerate(paths)
    ]


def test_jaccard_of_multisets() -> None:
    bags = Bags()
    assert jaccard(bags.mask("aab"), bags.mask("abb")) == 2 / 4
    assert jaccard(bags.mask(""), bags.mask("")) == 0.0
    assert bags.known("aaaz") == bags.mask("aa")


def test_each_way_of_doing_it_has_one_example() -> None:
    found = variants(made(["abcd"] * 6 + ["abxy"] * 3), frozenset())
    assert [("".join(v.steps), round(v.share, 3)) for v in found] == [("abcd", 0.667), ("abxy", 0.333)]
    assert [v.people for v in found] == [4, 3]


def test_what_only_one_execution_has_is_noise() -> None:
    found = variants(made(["abcd", "abcd", "abcde", "abcd", "abcdf"]), frozenset())
    assert ["".join(v.steps) for v in found] == ["abcd"]


def test_rare_activities_are_left_out_of_the_steps_but_named() -> None:
    [variant] = variants(made(["anbc"] * 4), frozenset("n"))
    assert "".join(variant.steps) == "abc"
    assert variant.noise == (variant.example.first_seq + 1,)
    assert variant.seqs == tuple(variant.example.first_seq + i for i in (0, 2, 3))


@given(st.lists(st.text("abcdef", min_size=1, max_size=8), min_size=1, max_size=30))
def test_shares_sum_to_one_and_the_order_of_executions_does_not_matter(paths: list[str]) -> None:
    executions = made(paths)
    found = variants(executions, frozenset())
    assert 1 <= len(found) <= LIMIT
    assert abs(sum(v.share for v in found) - 1) < 1e-9
    assert [v.id for v in variants(executions[::-1], frozenset())] == [v.id for v in found]


def test_the_most_frequent_bag_stands_for_its_like() -> None:
    assert representatives([0b1111, 0b1110, 0b110000], [10, 1, 9], 3) == [0, 2]


def test_of_nothing_there_is_no_representative() -> None:
    """All activities of a routine may be rarer than the floor allows to show."""
    assert representatives([], [], 3) == []
    assert variants(made(["ab", "ab"]), frozenset("ab")) == []


def test_variants_keep_their_ids_and_take_over_those_that_are_gone() -> None:
    old = [Former("v1", tuple("abcd"), ("v0",)), Former("v2", tuple("abxy"), ()), Former("v3", tuple("abxyz"), ())]
    found = carry_ids(variants(made(["abxy"] * 6 + ["abcde"] * 4 + ["pqrs"] * 4), frozenset()), old)
    by_steps = {"".join(variant.steps): variant for variant in found}
    assert (by_steps["abxy"].id, by_steps["abxy"].merged) == ("v2", ("v3",))
    assert (by_steps["abcde"].id, by_steps["abcde"].merged) == ("v1", ("v0",))
    assert by_steps["pqrs"].id not in {"v0", "v1", "v2", "v3"}


@given(st.lists(st.lists(st.text("abcdef", min_size=1, max_size=6), min_size=4, max_size=14), min_size=2, max_size=5))
def test_every_id_ever_given_leads_to_one_variant_with_steps(rounds: list[list[str]]) -> None:
    said: set[str] = set()
    former: list[Former] = []
    for paths in rounds:
        found = carry_ids(variants(made(paths), frozenset()), former)
        former = [Former(variant.id, variant.steps, variant.merged) for variant in found]
        said |= {variant.id for variant in found}
        known = [name for variant in found for name in (variant.id, *variant.merged)]
        assert sorted(known) == sorted(said)
        assert all(variant.steps for variant in found)
