"""Events to the steps of a whole log: which clicks on fields are steps of their own."""

from __future__ import annotations

from collections.abc import Sequence

from streams.discovery.semimarkov.recording import Recording
from taskstream.events import Kind, UiEvent

ROUNDS = 10
"""Names are as fine as what recurs."""
FORM: Sequence[tuple[Kind, str]] = [("click", "field:order"), ("click", "field:amount"), ("click", "button:save")]


def steps(events: Sequence[tuple[str, Kind, str]]) -> list[str]:
    """The steps of one person as app, kind and element."""
    recording = Recording()
    person = recording.person("ann")
    for row, (app, kind, element) in enumerate(events):
        recording.add(person, UiEvent(row * 2_000, kind, app, "s", element), row)
    folded = recording.folded()
    names = folded.model.activities.names
    made = [names[act].replace("|s|", " ").replace("|", " ") for act in folded.steps.act.tolist()]
    assert [names[step.act].replace("|s|", " ").replace("|", " ") for _, step in recording.raw_steps()] == made
    return made


def test_clicks_on_fields_are_steps_where_no_writing_is_told() -> None:
    told = [("erp", kind, element) for kind, element in FORM]
    said = [f"erp {kind} {element}" for kind, element in FORM]
    assert steps(told * ROUNDS) == said * ROUNDS
    other: list[tuple[str, Kind, str]] = [("crm", "edit", "field:name")]
    assert steps((told + other) * ROUNDS) == [*said, "crm edit field:name"] * ROUNDS, "what is written elsewhere"


def test_clicks_on_fields_lead_to_what_is_written_where_writing_is_told() -> None:
    told: list[tuple[str, Kind, str]] = [
        ("erp", "click", "field:order"), ("erp", "click", "field:amount"), ("erp", "edit", "field:amount"),
        ("erp", "click", "field:note"), ("erp", "click", "button:save"),
    ]  # fmt: skip
    assert steps(told * ROUNDS) == ["erp edit field:amount", "erp click button:save"] * ROUNDS


def test_a_click_on_a_cell_that_is_read_leads_to_what_is_written_elsewhere() -> None:
    told: list[tuple[str, Kind, str]] = [("excel", "click", "cell:b"), ("crm", "edit", "field:name")]
    more: list[tuple[str, Kind, str]] = [("crm", "click", "button:save")]
    assert steps((told + more) * ROUNDS) == ["crm edit field:name", "crm click button:save"] * ROUNDS
