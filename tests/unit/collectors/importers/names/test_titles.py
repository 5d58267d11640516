"""What tells the case in a window's title is masked by seeing that the same is done under each of its values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.importers import ReadOptions
from collectors.importers.names.label_words import ClosedLabels
from collectors.importers.names.titles import Titles
from tests.unit.collectors.importers.writing import KEY, events, table, write

PEOPLE = ("ana torres", "ben olsen", "chidi obi", "dana lis", "emre kaya", "fay wong", "gus moe van dyk")
FORM = ("field:number", "field:amount", "button:post")


def names(touched: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    titles = Titles()
    for title, elements in touched.items():
        for element in elements:
            titles.add("erp", title, element)
    titles.settle()
    return {title: titles.name("erp", title) for title in touched}


@pytest.mark.parametrize(
    ("form", "masked"),
    [
        ("receipt - {} - erp", "receipt - # - erp"),
        ("request of {} | portal", "request of # | portal"),
        ("{} (changed) - file", "# (changed) - file"),
        ("order of {}, open – erp", "order of #, open – erp"),
    ],
)
def test_the_case_in_a_title_is_masked(form: str, masked: str) -> None:
    found = names({form.format(person): FORM for person in PEOPLE} | {"inbox - erp": ("item:mail",)})
    assert set(found.values()) == {masked, "inbox - erp"}


def test_screens_on_which_other_things_are_done_are_kept() -> None:
    screens = {f"{name} - erp": (f"field:{name}", f"button:{name}", "menu:file") for name in PEOPLE}
    assert names(screens) == {title: title for title in screens}


def test_few_titles_and_titles_under_which_nothing_is_touched_are_kept() -> None:
    few = {f"receipt - {person} - erp": FORM for person in PEOPLE[:4]}
    assert names(few) == {title: title for title in few}
    windows = {f"receipt - {person} - erp": ("",) for person in PEOPLE}
    assert names(windows) == {title: title for title in windows}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text("ab -|(),:", max_size=12), st.sampled_from(FORM)), max_size=60))
def test_any_title_gets_a_name(touched: list[tuple[str, str]]) -> None:
    titles = Titles()
    for title, element in touched:
        titles.add("erp", title, element)
    titles.settle()
    assert all(titles.name("erp", title) or not title for title, _ in touched)


def test_one_task_whose_titles_name_customers_has_one_name_a_step(tmp_path: Path) -> None:
    rows = [
        {"time": f"2024-03-05T08:{case:02}:{10 * n:02}Z", "app": "erp", "action": "click", "label": label,
         "window": f"Goods receipt - {PEOPLE[case % len(PEOPLE)].title()} - ERP"}
        for case in range(40)
        for n, label in enumerate(("New", "Check", "Post"))
    ]  # fmt: skip
    path = write(tmp_path, "log.csv", table(rows, columns=("time", "app", "action", "label", "window")))
    assert {event.screen for event in events(path)} == {"goods receipt - # - erp"}
    sent = events(path, ReadOptions(labels=ClosedLabels(KEY)))
    assert {event.screen for event in sent} == {"other"}, "what is sent on goes by the rules for screens alone"
