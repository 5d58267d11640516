"""Tables as the stream uses them say what the explanation of whole logs says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.discovery.semimarkov import asides, priors, set_aside, step_log, undecided, whole
from streams.discovery.semimarkov.served import MAX_SCORES, ServedTables, load_tables
from streams.discovery.semimarkov.step_log import Log, cuts_of
from streams.discovery.semimarkov.teaching import columns, teach
from streams.discovery.semimarkov.undecided import Undecided, explain
from tests.unit.streams.discovery.semimarkov.taught import person

PEOPLE = [person(seed)[0] for seed in range(4)]


@pytest.fixture(scope="module")
def tables() -> ServedTables:
    return load_tables(teach("t", 3, PEOPLE))


def _own_steps(log: Log, model: whole.LearnedModel) -> step_log.Floats:
    """The counts of pairs as the log numbers them."""
    counts = model.learned.counts
    own = np.zeros((len(counts.steps), log.pairs + 1))
    own[:, np.searchsorted(log.codes, model.codes)] = counts.steps[:, :-1]
    return own


def test_it_knows_whose_and_which_it_is(tables: ServedTables) -> None:
    assert (tables.tenant, tables.version) == ("t", 3)
    assert len(tables.routines) == 2


def test_scores_are_those_of_whole_logs(tables: ServedTables) -> None:
    steps, names = columns(PEOPLE)
    model, _ = whole.learn_model(steps)
    log = Log(steps, None, model.codes)
    log.share = model.share
    counts = model.learned.counts
    wanted = model.learned._replace(counts=counts._replace(steps=_own_steps(log, model))).tables(log)
    number = [tables.number(name) for name in names]
    for place in range(2, log.size):
        last, first, second = (number[log.acts[place - back]] for back in (2, 1, 0))
        if log.fresh[place] or log.fresh[place - 1]:
            continue
        found = tables.tables.step[tables.row(last, first, second)]
        assert found == pytest.approx(wanted.step[log.rows[place]], abs=0.02)
    for act, name in enumerate(names):
        here = tables.number(name)
        assert tables.tables.start[here] == pytest.approx(wanted.start[act], abs=0.02)
        assert tables.tables.end[here] == pytest.approx(wanted.end[act], abs=0.02)
        assert tables.repeats[here] == pytest.approx(model.learned.repeats[act], abs=1e-4)


def test_rows_are_bounded(tables: ServedTables) -> None:
    for last in range(tables.size):
        for first in range(tables.size):
            for second in range(tables.size):
                tables.row(last, first, second)
    made = len(tables.tables.step)
    tables.make_room()
    assert len(tables.tables.step) == (0 if made * 3 > MAX_SCORES else made)


def test_what_fails_to_be_worked_out_leaves_nothing_behind(tables: ServedTables) -> None:
    broken = load_tables(teach("t", 3, PEOPLE))
    good = broken.row(0, 1, 2)
    broken.share[3] = -1.0
    with pytest.raises(ValueError):
        broken.row(0, 1, 3)
    broken.share[3] = tables.share[3]
    assert broken.row(0, 1, 2) == good
    assert broken.tables.step[broken.row(0, 1, 3)] == pytest.approx(tables.tables.step[tables.row(0, 1, 3)])


def test_a_name_with_other_digits_is_that_of_its_group_and_a_foreign_one_is_other() -> None:
    steps = [[("a|click|s|row #", at, 0) for at in range(0, 60_000, 1_000)], *PEOPLE]
    taught = load_tables(teach("t", 1, steps))
    assert taught.number("a|click|s|row 17") == taught.number("a|click|s|row #") < taught.size - 1
    assert taught.number("never|click|seen|before") == taught.size - 1


def test_people_whose_numbers_are_apart_follow_the_most() -> None:
    fine = [("a|click|s|row 17", at, 0) for at in range(0, 5_000, 1_000)]
    rough = [("a|click|s|row #", at, 0) for at in range(0, 60_000, 1_000)]
    _, names = columns([fine, rough])
    assert names == ["a|click|s|row #"]
    _, names = columns([fine * 20, rough])
    assert names == ["a|click|s|row 17", "a|click|s|row #"]


@settings(max_examples=50)
@given(st.lists(st.integers(0, 5), max_size=120))
def test_links_are_those_of_whole_logs(values: list[int]) -> None:
    telling = [value if values.count(value) <= priors.OFTEN else 0 for value in values]
    wanted = step_log._links([value or -1 for value in telling], [0] * len(values)).tolist()
    assert undecided._links(undecided._telling(values)) == wanted


@settings(max_examples=50)
@given(st.lists(st.integers(300, 200_000), min_size=31, max_size=200))
def test_pauses_of_a_person_with_the_tenants_pace_are_those_of_whole_logs(gaps: list[int]) -> None:
    at_ms = np.cumsum([0, *gaps])
    median = float(np.median(np.array(gaps) / 1_000.0))
    wanted = [0, *step_log.gap_class(np.array(gaps) / 1_000.0, median).tolist()]
    found = undecided._gaps(at_ms.tolist(), median)
    assert all(abs(one - two) <= 1 for one, two in zip(found, wanted, strict=True))


def test_a_call_in_the_midst_is_set_aside_as_in_whole_logs(tables: ServedTables) -> None:
    """Segments fall into the same pieces by what the tables and the chains of the log say of homes."""
    steps, names = columns(PEOPLE)
    model, _ = whole.learn_model(steps)
    log = Log(steps, None, model.codes)
    log.share = model.share
    homes = asides._homes(log, model.learned.counts._replace(steps=_own_steps(log, model)))
    for act, name in enumerate(names):
        assert tables.homes[tables.number(name)] == pytest.approx(homes[:, act], abs=0.02)
    acts = [tables.number(names[act]) for act in log.acts]
    rows = [(start, min(start + 9, log.size), start // 9 % 2) for start in range(0, log.size, 9)]
    wanted = asides._pieces(log, cuts_of(rows), homes, set_aside.LEAVE)
    found = set_aside.runs_at_home(tables, acts, rows, None)
    assert [(one.routine, one.places) for one in found] == [tuple(one) for one in wanted]
    assert len(found) > len(rows)


def test_a_person_without_history_is_served_at_once(tables: ServedTables) -> None:
    steps, cases = person(99, executions=12, noise=0.0)
    found = explain(
        tables,
        Undecided(
            [tables.number(name) for name, _, _ in steps],
            [at_ms for _, at_ms, _ in steps],
            [value for _, _, value in steps],
            [0] * len(steps),
            [name.partition("|")[0] for name, _, _ in steps],
        ),
    )
    assert found.order is None
    assert [cases[start] for start, _, _ in found.segments] == list(range(12))
    assert all(len(set(cases[start:end])) == 1 for start, end, _ in found.segments)


def test_steps_that_nobody_knows_are_explained_too(tables: ServedTables) -> None:
    foreign = Undecided([tables.size - 1] * 50, list(range(0, 50_000, 1_000)), [0] * 50, [0] * 50, [""] * 50)
    found = explain(tables, foreign)
    assert [start for start, _, _ in found.segments] == [0, *[end for _, end, _ in found.segments][:-1]]
    assert found.segments[-1][1] == 50
