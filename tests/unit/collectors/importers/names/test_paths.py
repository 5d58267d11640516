"""Elements without a label are told apart by their path; what varies from case to case is masked by seeing it vary."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.importers.names.paths import Paths, is_path
from tests.unit.collectors.importers.writing import events, office, table, write


def names(paths: list[str], *, person: str = "a") -> list[str]:
    learned = Paths()
    learned.learn((person, path) for path in paths)
    return ["/".join(learned.name(path)) for path in paths]


FORM = [f"/html/body/form/div[{n}]/input" for n in range(1, 13)]


def test_places_in_a_form_are_kept() -> None:
    found = names([path for _ in range(20) for path in FORM])
    assert len(set(found)) == len(FORM)


def test_rows_of_a_list_are_masked_and_columns_kept() -> None:
    found = names([f"/html/body/table/tr[{n}]/td[{column}]/a" for n in range(60) for column in (2, 5)])
    assert set(found) == {"html/body/table/tr[#]/td[2]/a", "html/body/table/tr[#]/td[5]/a"}


def test_a_container_made_anew_for_every_case_is_masked() -> None:
    found = names([path.replace("form", f"div[{3 + case % 23}]/form") for case in range(200) for path in FORM])
    assert len(set(found)) == len(FORM)
    assert all("div[#]/form" in name for name in found)


@pytest.mark.parametrize("make", [lambda n: f"ember{n}", lambda n: f"{n:08x}a1", lambda n: f"k{n}x{n * 7}"])
def test_generated_ids_are_masked(make: object) -> None:
    assert callable(make)
    found = names([f"//*[@id='{make(1_000 + n)}']/span[{field}]" for n in range(60) for field in (1, 2)])
    assert len(set(found)) == 2


def test_generated_words_are_masked_by_their_surroundings() -> None:
    draw = random.Random(4)
    ids = ["".join(draw.choices("bcdfghjklm", k=7)) for _ in range(80)]
    found = names([f"main > #{one} > button.save" for one in ids])
    assert set(found) == {"main/#/button.save"}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("abdiv[]123/> #", max_size=20), max_size=40))
def test_any_text_gets_a_name(paths: list[str]) -> None:
    assert len(names(paths)) == len(paths)


@pytest.mark.parametrize(
    ("text", "path"),
    [("/html/body", True), ("div[2]/span", True), ("main > a", True), ("#x > a", True), ("A4", False), ("name", False),
     ("order-12", False), ("", False)],
)  # fmt: skip
def test_paths_are_told_from_ids(text: str, path: bool) -> None:
    assert is_path(text) is path


@pytest.mark.parametrize("column", ["xpath", "css_selector", "target.id", "automation_id", "element_path"])
def test_fields_without_labels_are_told_apart_by_their_path(tmp_path: Path, column: str) -> None:
    rows = office(cases=30)
    labels = sorted({row["target.name"] for row in rows if row.get("target.name")})
    bare = []
    for number, row in enumerate(rows):
        made = {key: value for key, value in row.items() if key not in ("target.name", "target.innerText")}
        if row.get("target.name"):
            made[column] = f"/html/body/div[{number // 5 % 17}]/form/div[{labels.index(row['target.name'])}]/input"
        bare.append(made)
    columns = [name for name in bare[0] | bare[1] | bare[2] | {column: ""} if name != "target.name"]
    columns = list(dict.fromkeys([*columns, "url", "content", "target.value", "target.sheetName", "target.id"]))
    found = events(write(tmp_path, "bare.csv", table(bare, columns=columns)))
    expected = events(write(tmp_path, "plain.csv", table(rows)))
    pairs = {(one.kind, one.screen, one.element.rpartition(":")[2]) for one in expected}
    assert len({(one.kind, one.screen, one.element) for one in found}) == len(pairs)


def test_class_and_control_type_name_what_has_nothing_else(tmp_path: Path) -> None:
    text = (
        "timestamp,app,action,class_name,control_type\n2024-03-05T08:00:00Z,notes,click,TEdit,Edit\n"
        "2024-03-05T08:00:01Z,notes,click,TButton,Button\n"
    )
    assert [event.element for event in events(write(tmp_path, "log.csv", text))] == [
        "field:tedit edit", "button:tbutton button",
    ]  # fmt: skip
