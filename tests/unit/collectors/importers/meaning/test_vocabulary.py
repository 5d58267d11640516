"""The words that logs use for what people do."""

from __future__ import annotations

import pytest

from collectors.importers.meaning.vocabulary import is_of_screens, known_action
from taskstream.events import KINDS

OF_THE_PROGRAM = {"gap", "health"}
"""What the collectors tell of themselves."""


@pytest.mark.parametrize("kind", sorted({*KINDS} - OF_THE_PROGRAM))
def test_every_kind_of_event_is_known_by_its_own_name(kind: str) -> None:
    assert known_action(kind) is not None


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("Edit", "edit"), ("Enter text", "edit"), ("value_changed", "edit"), ("Klick", "click"), ("KOPIEREN", "copy"),
        ("Einfügen", "paste"), ("einfuegen", "paste"), ("Speichern", "save"), ("Coller", "paste"), ("pegar", "paste"),
        ("Öffnen", "open"), ("Bearbeiten", "edit"),
    ],
)  # fmt: skip
def test_common_words_are_known_in_any_writing(action: str, kind: str) -> None:
    known = known_action(action)
    assert known is not None
    assert known[0] == kind


def test_steps_of_a_business_process_are_no_actions_on_screens() -> None:
    assert not any(map(is_of_screens, ("Enter order", "Saved", "Request submitted", "Approve invoice")))
    assert all(map(is_of_screens, ("Click Save", "paste customer number", "Type amount")))
