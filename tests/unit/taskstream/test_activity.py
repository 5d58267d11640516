"""Names of activities: ids masked, detail kept while it means something, bounded."""

from __future__ import annotations

import pytest

from taskstream.activity import OTHER, Activities, mask, page_path
from taskstream.events import UiEvent


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("  Submit… ", "submit"),
        ("Order 4711234", "order #"),
        ("item 3f2504e0-4f89-11d3-9a0c-0305e82c3301", "item #"),
        ("address_line1", "address_line1"),
        ("Add another\n response.", "add another response"),
    ],
)
def test_labels_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_page_is_host_and_path_without_ids_and_query() -> None:
    assert (
        page_path("https://user:pw@www.Shop.example:8443/order/99812/edit?card=4111#x") == "shop.example/order/#/edit"
    )
    assert page_path("http://[broken") == ""


def event(element: str) -> UiEvent:
    return UiEvent(at_ms=0, kind="click", app="a", screen="s", element=element)


def count(activities: Activities, element: str, times: int = 1) -> int:
    known = activities.id_of(event(element))
    activities.counts[known] += times
    return known


def test_few_numbered_fields_stay_apart() -> None:
    activities = Activities()
    assert len({count(activities, f"field:line{n}") for n in range(6)}) == 6


def test_many_numbered_rows_become_one() -> None:
    activities = Activities()
    last = [count(activities, f"row:{n}") for n in range(100)][-10:]
    assert len(set(last)) == 1
    assert activities.names[last[0]] == "a|click|s|row:#"


def test_a_hundred_thousand_screens_stay_bounded() -> None:
    activities = Activities()
    for n in range(100_000):
        word = "".join(chr(97 + (n >> 4 * k) % 16) for k in range(5))
        activities.counts[activities.id_of(UiEvent(0, "click", "a", word, "b"))] += 1
    assert len(activities.names) <= 600
    assert sum(activities.counts) == 100_000
    assert OTHER in activities.names or "a|click||" in activities.names


def test_a_loaded_copy_goes_on_as_the_original() -> None:
    one = Activities()
    for n in range(300):
        count(one, f"row:{n % 40} x{n % 3}")
    names, counts, folded = one.dump()
    two = Activities.load(list(names), list(counts), list(folded))
    after = [f"row:{n % 60} x{n % 5}" for n in range(300)]
    assert [count(one, element) for element in after] == [count(two, element) for element in after]
    assert one.dump() == two.dump()


def test_the_numbered_fields_of_a_long_form_stay_apart_and_the_numbers_of_records_do_not() -> None:
    form, records = Activities(), Activities()
    for _ in range(20):
        for field in range(30):
            number = form.id_of(UiEvent(0, "edit", "erp", "entry", f"field:f{field}"))
            form.counts[number] += 1
    for record in range(600):
        number = records.id_of(UiEvent(0, "click", "erp", "list", f"row {record}"))
        records.counts[number] += 1
    assert len(form.names) == 30
    assert records.names[-1] == "erp|click|list|row #"
    assert len(records.names) < 40
