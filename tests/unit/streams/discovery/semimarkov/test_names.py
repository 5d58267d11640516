"""Activities are named as finely as names recur."""

from __future__ import annotations

from streams.discovery.semimarkov.names import ElementKey, names_of
from streams.discovery.semimarkov.recording import Recording
from taskstream.events import UiEvent


def test_a_row_of_a_list_is_masked_and_fields_of_a_form_stay_apart() -> None:
    counts = {ElementKey("crm", "click", "list", f"link:row {row}"): 1 for row in range(60)}
    counts |= {ElementKey("crm", "edit", "form", f"field:line{field}"): 30 for field in range(8)}
    names = names_of(counts)
    assert len({names[key] for key in counts if key.screen == "list"}) == 1
    assert len({names[key] for key in counts if key.screen == "form"}) == 8


def test_screens_that_never_recur_are_left_out_of_names() -> None:
    counts = {ElementKey("crm", "click", f"customer {name}", "button:save"): 1 for name in "abcdefghij"}
    assert set(names_of(counts).values()) == {"crm|click||button:save"}


def test_a_hundred_thousand_screens_are_few_activities() -> None:
    counts = {ElementKey("web", "click", f"page{n}x", f"link:l{n}"): 1 for n in range(100_000)}
    assert len(set(names_of(counts).values())) <= 4_096


def test_fields_of_which_some_have_a_number_and_some_a_mask_get_names() -> None:
    """A long number is masked before it gets here, a short one is not."""
    recording = Recording()
    person = recording.person("p")
    for at, element in enumerate([*map(str, range(10, 22)), "#"] * 12):
        recording.add(person, UiEvent(1_000 * at, "click", "erp", "entry", f"field:{element}"), at)
    assert len(recording.folded().steps) > 0
