"""Properties of the generated worlds: the seed decides everything, the truth holds, traits do what they say."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations, groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from benchmarks.worlds.logs import Log, drawn, read, recorded, seeds_in, write
from benchmarks.worlds.names import MAX_SEED, PER_WORLD, coined, vocabulary
from benchmarks.worlds.recording import Row
from benchmarks.worlds.rendering import rendered
from benchmarks.worlds.screens import SHEETS
from benchmarks.worlds.traits import SHARES, draw
from taskstream.privacy.values import describe

SMALL = {"people": "1", "kinds": "2", "length": "short", "loops": "none", "detours": "0", "focus": "no"}
SEEDS = st.integers(0, MAX_SEED)


def rows(seed: int, **traits: str) -> list[Row]:
    return recorded(seed, SMALL | traits, 12)[1]


def log(seed: int, **traits: str) -> Log:
    return drawn(seed, SMALL | traits, 12)


@given(SEEDS)
@settings(max_examples=15, deadline=None)
def test_a_seed_gives_the_same_bytes(seed: int) -> None:
    assert rendered(*recorded(seed, executions=5)) == rendered(*recorded(seed, executions=5))


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_the_truth_is_one_of_execution_task_and_person(seed: int) -> None:
    found = recorded(seed, executions=5)[1]
    owners = {(row.execution, row.task, row.person, row.key) for row in found if row.execution}
    assert len({execution for execution, *_ in owners}) == len(owners)
    assert all(bool(row.task) == bool(row.execution) for row in found)
    tasks = {task for _, task, *_ in owners}
    traits = draw(seed)
    assert len(tasks) == int(traits.kinds)
    assert len({row.person for row in found}) == int(traits.people)


@given(SEEDS)
@settings(max_examples=15, deadline=None)
def test_the_importer_reads_every_row_in_its_place(seed: int) -> None:
    one = drawn(seed, executions=5)
    assert sorted(event.index for event in one.events) == list(range(len(one.truth)))


@given(st.sets(SEEDS, min_size=2, max_size=4))
@settings(max_examples=15, deadline=None)
def test_no_two_seeds_share_an_application_a_sheet_or_a_code(seeds: set[int]) -> None:
    seen = {}
    for seed in seeds:
        elements = recorded(seed, SMALL, 4)[0].desk.elements
        places = {(e.screen.app, e.screen.title if e.screen.app == SHEETS else "") for e in elements}
        seen[seed] = places | {(coined(seed, 63), "")}
    assert all(not seen[a] & seen[b] for a, b in combinations(seeds, 2))


@given(st.sets(st.tuples(SEEDS, st.integers(0, PER_WORLD - 1)), max_size=50))
def test_coined_names_are_unique(given_: set[tuple[int, int]]) -> None:
    assert len({coined(seed, number) for seed, number in given_}) == len(given_)


@pytest.mark.parametrize(("seed", "number"), [(-1, 0), (MAX_SEED + 1, 0), (0, PER_WORLD)])
def test_names_beyond_the_bound_are_refused(seed: int, number: int) -> None:
    with pytest.raises(ValueError, match="seeds are 0 to"):
        coined(seed, number)


@pytest.mark.parametrize("fixed", [{"noise": "much"}, {"colour": "red"}])
def test_unknown_traits_are_refused(fixed: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="there is no trait"):
        draw(1, fixed)


@pytest.mark.parametrize("language", SHARES["language"])
def test_every_language_has_words_enough(language: str) -> None:
    words = vocabulary(language)
    assert min(len(words.things), len(words.fields), len(words.moves)) >= 10
    assert min(len(words.ends), len(words.after)) >= 4
    assert len(words.login) == 3
    assert not set(words.ends) & set(words.moves)


def test_a_fixed_trait_changes_no_other() -> None:
    for seed in range(20):
        free, fixed = draw(seed), draw(seed, {"noise": "0.3"})
        assert asdict(fixed) == asdict(free) | {"noise": "0.3"}


def test_noise_changes_no_task() -> None:
    quiet, noisy = recorded(5, SMALL | {"noise": "0"}, 5)[0], recorded(5, SMALL | {"noise": "0.3"}, 5)[0]
    assert quiet.tasks == noisy.tasks


@pytest.mark.parametrize(("trait", "value"), [(trait, value) for trait, shares in SHARES.items() for value in shares])
def test_each_value_of_each_trait_makes_a_log(trait: str, value: str) -> None:
    one = drawn(3, SMALL | {"kinds": "2"} | {trait: value}, 4)
    assert one.traits[trait] == value
    assert len({truth.execution for truth in one.truth}) >= 5


def _pieces(found: list[Row]) -> Counter[str]:
    """Execution → in how many pieces it lies."""
    return Counter(name for name, _ in groupby(row.execution for row in found if row.execution))


def test_mixing_is_as_told() -> None:
    quiet = {"noise": "0", "chatter": "0", "strolls": "no"}

    def torn(mixing: str) -> int:
        found = [_pieces(rows(seed, mixing=mixing, length="middle", **quiet)) for seed in range(8, 12)]
        return sum(count > 1 for pieces in found for count in pieces.values())

    assert torn("none") == 0
    assert min(torn(mixing) for mixing in ("aside", "nested", "shuffle", "pairs")) >= 12


def test_side_by_side_are_two_of_one_task_with_keys_of_their_own() -> None:
    found = [row for row in rows(9, mixing="pairs", length="long", noise="0") if row.execution]
    ends = {row.execution: place for place, row in enumerate(found)}
    begins: dict[str, int] = {}
    for place, row in enumerate(found):
        begins.setdefault(row.execution, place)
    of = {row.execution: (row.task, row.key) for row in found}
    together = [(a, b) for a, b in combinations(ends, 2) if begins[a] < begins[b] < ends[a]]
    assert len(together) > 5
    assert all(of[a][0] == of[b][0] and of[a][1] != of[b][1] for a, b in together)


def test_nothing_foreign_without_noise_or_chatter() -> None:
    found = rows(10, noise="0", chatter="0", strolls="no", sessions="one")
    assert all(row.execution for row in found)
    assert any(not row.execution for row in rows(10, noise="0.3", chatter="0", strolls="no", sessions="one"))


def test_orders() -> None:
    def turns(order: str) -> list[str]:
        first = {row.execution: row.task for row in rows(11, order=order, mixing="none", kinds="3") if row.task}
        return list(first.values())

    assert len(list(groupby(turns("blocks")))) == 3
    cycle = turns("cycle")[:9]
    assert len(set(cycle[:3])) == 3
    assert cycle == cycle[:3] * 3


def test_clocks_and_pauses() -> None:
    def times(**traits: str) -> list[int]:
        return [row.at_ms for row in rows(12, sessions="one", **traits)]

    assert {b - a for a, b in pairwise(times(pauses="even", clock="exact"))} == {1_000}
    assert all(at_ms % 60_000 == 0 for at_ms in times(clock="minutes"))
    assert all(at_ms % 1_000 == 0 for at_ms in times(clock="seconds"))
    equal = times(clock="equal")
    assert equal == sorted(equal)
    assert sum(a == b for a, b in pairwise(equal)) > len(equal) / 4


def test_pauses_between_executions_are_longer_for_people_alone() -> None:
    def ratio(pauses: str) -> float:
        quiet = {"mixing": "none", "noise": "0", "chatter": "0", "strolls": "no"}
        found = rows(13, pauses=pauses, sessions="one", clock="exact", **quiet)
        gaps: dict[bool, list[int]] = defaultdict(list)
        for a, b in pairwise(found):
            gaps[a.execution != b.execution].append(b.at_ms - a.at_ms)
        return sorted(gaps[True])[len(gaps[True]) // 2] / sorted(gaps[False])[len(gaps[False]) // 2]

    assert ratio("human") > 3
    assert 0.4 < ratio("steady") < 2.5


def test_values_and_keys() -> None:
    def digests(**traits: str) -> list[int]:
        one = log(14, length="middle", recorder="cells", labels="words", **traits)
        return [event.event.value.digest for event in one.events if event.event.value and event.event.value.digest]

    assert not digests(values="none")
    assert len(set(digests(values="constant"))) <= 18 < len(set(digests(values="linked")))
    keyed = log(14, keys="own", recorder="agent", labels="words", noise="0", chatter="0", strolls="no")
    named = {keyed.truth[one.index].execution: one.event.objects for one in keyed.events if one.event.objects}
    assert len(set(named.values())) == len(named) > 10
    handed = rows(14, keys="handed", mixing="none")
    keys = list({row.execution: row.key for row in handed if row.execution}.values())
    assert 0.2 < sum(a == b for a, b in pairwise(keys)) / len(keys) < 0.8


def test_labels() -> None:
    def shown(labels: str, recorder: str) -> str:
        traits = SMALL | {"labels": labels, "recorder": recorder, "language": "en", "chatter": "0", "noise": "0"}
        text = rendered(*recorded(15, traits | {"strolls": "no", "ending": "final", "sessions": "one"}, 8))
        return text.decode()

    ends = vocabulary("en").ends
    for recorder in SHARES["recorder"]:
        assert any(f'"{end}"' in text or f",{end}," in text or f":{end}" in text
                   for text in [shown("words", recorder)] for end in ends)  # fmt: skip
        for labels in ("masked", "path", "code", "automation", "titles"):
            text = shown(labels, recorder)
            assert not any(f",{end}," in text or f":{end}" in text for end in ends), (labels, recorder)


def test_equal_labels_differ_in_their_place() -> None:
    desk = recorded(16, SMALL | {"equal": "some", "length": "middle"}, 4)[0].desk
    fields = [one for one in desk.elements if one.role == "field" and one.screen.app != SHEETS]
    same = [(a, b) for a, b in combinations(fields, 2) if (a.screen, a.label) == (b.screen, b.label)]
    assert same
    assert all(a.path != b.path and a.automation != b.automation for a, b in same)


def test_another_spelling_is_the_same_value() -> None:
    found = rows(24, values="reformatted", length="middle", noise="0", recorder="cells")
    pairs = [(a.value, b.value) for a, b in pairwise(r for r in found if r.element) if b.action == "paste" and a.value]
    assert len(pairs) > 5
    digests = [[value and value.digest for value in (describe(a, b"k" * 32), describe(b, b"k" * 32))] for a, b in pairs]
    assert all(a != b for a, b in pairs)
    assert all(first and first == second for first, second in digests)


def test_content_in_labels_and_a_new_release() -> None:
    def shown(**traits: str) -> list[set[str]]:
        one = log(25, labels="words", recorder="agent", noise="0", length="middle", **traits)
        seen: dict[str, set[str]] = defaultdict(set)
        for event in one.events:
            seen[one.truth[event.index].act].add(event.event.element)
        return list(seen.values())

    assert all(len(names) == 1 for names in shown(volatile="no", release="no"))
    assert max(len(names) for names in shown(volatile="some", release="no")) > 2
    assert {len(names) for names in shown(volatile="no", release="half")} == {1, 2}


def test_turning_to_another_window_is_told_once() -> None:
    found = [row for row in rows(26, focus="yes", noise="0", length="middle", mixing="none") if row.element]
    assert any(row.action == "scroll" for row in found)
    apps = [row.element.screen.app for row in found if row.element and row.execution]
    turns = sum(a != b for a, b in pairwise(apps))
    assert 0 < turns <= sum(row.action == "window" for row in found) <= turns + 1


def test_detours_belong_to_the_execution_and_come_back() -> None:
    straight, winding = (
        Counter(row.execution for row in rows(27, detours=detours, noise="0", length="long"))
        for detours in ("0", "0.03")
    )
    assert sum(winding.values()) > sum(straight.values())


def test_loops_repeat_within_an_execution() -> None:
    def repeats(loops: str) -> int:
        found = rows(17, loops=loops, noise="0", shared="nothing")
        counts = Counter((row.execution, row.act) for row in found if row.execution)
        return sum(count > 2 for count in counts.values())

    assert repeats("none") == 0
    assert repeats("items") > 10


def test_written_worlds_are_read_as_drawn(tmp_path: Path) -> None:
    for seed, recorder in ((18, "cells"), (19, "agent"), (20, "plain")):
        told = write(tmp_path, seed, SMALL | {"recorder": recorder}, 6)
        assert told.startswith(f"{seed}: ")
        one, other = read(tmp_path, seed), drawn(seed, SMALL | {"recorder": recorder}, 6)
        assert one.events == other.events
        assert one.traits == other.traits
        assert [(t.task, t.execution) for t in one.truth] == [(t.task, t.execution) for t in other.truth]
    assert seeds_in(tmp_path) == [18, 19, 20]


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no truth"):
        seeds_in(tmp_path)
    write(tmp_path, 21, SMALL, 6)
    with pytest.raises(FileNotFoundError, match="input/22"):
        read(tmp_path, 22)
    truth = tmp_path / "truth" / "21.csv"
    truth.write_text("event,type,case\n0,a,b\n")
    with pytest.raises(ValueError, match="its truth 1 rows"):
        read(tmp_path, 21)
