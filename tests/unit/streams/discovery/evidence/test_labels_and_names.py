"""Activities, places and routines in words."""

from __future__ import annotations

import pytest

from streams.discovery.evidence import patterns
from streams.discovery.evidence.naming import name_of
from streams.discovery.words.labels import app_name, label_of, noun, place_name


@pytest.mark.parametrize(
    ("activity", "words"),
    [
        ("excel|copy|sheet1|cell:a", "copy column A (Excel)"),
        ("chrome|paste|crm.example.com/customer|field:last_name", "paste into field Last name (Chrome)"),
        ("sap|click|order|button:save", "click Save (SAP)"),
        ("chrome|navigate|desk.example/ticket|", "open ticket (Chrome)"),
        ("outlook|window||", "switch to Outlook"),
        ("web|click||xpath:/html/body/div[3]/a", "click (Web)"),
        ("chrome|click|shop.example/#|link:####", "click a link in Shop (Chrome)"),
        ("chrome|click||6f1e2d3c4b", "click (Chrome)"),
        ("crm|edit|s|field:division", "fill in field Division (CRM)"),
        ("crm|edit|s|field:Dividend", "fill in field Dividend (CRM)"),
        ("crm|edit|s|field:body", "fill in field Body (CRM)"),
        ("crm|edit|s|field:body text", "fill in field Body text (CRM)"),
        ("crm|edit|s|field:decade", "fill in field Decade (CRM)"),
        ("crm|edit|s|field:html template", "fill in field Html template (CRM)"),
        ("crm|click|s|link://div[@id=x]/a", "click a link in s (CRM)"),
        ("|click||action:approve invoice", "Approve invoice"),
        ("sap|click|s|action:approve invoice", "Approve invoice (SAP)"),
    ],
)
def test_activity_in_words(activity: str, words: str) -> None:
    assert label_of(activity) == words


@pytest.mark.parametrize(
    ("app", "screen", "thing", "place"),
    [
        ("sap", "create sales order", "sales order", "SAP"),
        ("chrome", "forms.zoho.com/universityofmelbourne/form/newrecord", "record", "Zoho"),
        ("excel", "customers.xlsx/Sheet1", "customers", "Excel"),
        ("notes", "permit list 17", "permit", "Notes"),
        ("excel", "Sheet1", "", "Excel"),
        ("chrome", "", "", "Chrome"),
    ],
)
def test_what_a_screen_is_about_and_where(app: str, screen: str, thing: str, place: str) -> None:
    assert noun(app, screen) == thing
    assert place_name(app, screen) == place


def test_application_names() -> None:
    assert [app_name(name) for name in ("excel", "EXCEL", "my_tool.exe", "SAP", "")] == [
        "Excel", "Excel", "My Tool", "SAP", "application",
    ]  # fmt: skip


def test_a_routine_without_any_place_is_named_by_the_logs_own_words() -> None:
    order = ("|click||action:open ledger", "|click||action:look at totals")
    for pattern in (patterns.REVIEW, patterns.NAVIGATION, patterns.LOOK_UP):
        assert named(pattern, *order) == "Open ledger"
    assert named(patterns.NAVIGATION, "|click||button:next page") == "Use Next page"


def named(pattern: str, *order: str) -> str:
    return name_of(pattern, dict.fromkeys(order, 1.0), order)


def test_routine_names_say_what_from_where_to_where() -> None:
    rows = [f"excel|copy|customers.xlsx/sheet1|cell:{letter}" for letter in "abc"]
    form = [f"chrome|paste|crm.example/customer|field:{name}" for name in ("name", "city", "mail")]
    submit = "chrome|click|crm.example/customer|button:submit"
    assert named(patterns.COPY_BRIDGE, *rows, *form, submit) == "Copy customer row from Excel to CRM and submit"
    read = "acrobat|click|invoice|text:vendor"
    typed = "dynamics|edit|vendor invoice|field:vendor"
    assert named(patterns.RE_KEYING, read, typed) == "Re-key vendor invoice from Acrobat to Dynamics"
    assert named(patterns.FORM_FILLING, "sap|edit|create order|field:a", "sap|save||") == (
        "Enter order in SAP and save"
    )
    assert named(patterns.REVIEW, "sap|click|claim|button:approve") == "Review claim in SAP and approve"
    assert named(patterns.NAVIGATION, "x|click||xpath:/html/body") == "Go through X"


def test_steps_that_name_no_application_give_the_words_that_end_them() -> None:
    """As in logs of process mining, whose activities are phrases."""
    assert named(patterns.NAVIGATION, "|click||action:open list", "|click||action:submit order") == "Submit order"
    long = "|click||action:chrome click button {} customer record now"
    assert named(patterns.NAVIGATION, long.format("open"), long.format("save")) == "Save customer record"
    assert named(patterns.NAVIGATION, long.format("open"), "|click||action:chrome click button confirm") == "Confirm"


def test_names_of_unlabelled_screens_hold_no_ids_and_no_masks() -> None:
    text = named(
        patterns.COPY_BRIDGE,
        "app|copy|#/####|xpath:/div[2]",
        "web|paste|10.0.0.1/#/a8f9e0d1|id:0012345",
        "web|submit||",
    )
    assert text == "Copy values from App to Web and submit"
    assert not set(text) & set("#/0123456789[]")


@pytest.mark.parametrize(
    ("activities", "moved", "across", "pattern"),
    [
        (["excel|copy|s|cell:a", "web|paste|f|field:a", "web|submit|f|"], 1.0, 1.0, patterns.COPY_BRIDGE),
        (["pdf|click|s|text:a", "web|edit|f|field:a", "web|edit|f|field:b"], 2.0, 1.0, patterns.RE_KEYING),
        (["web|edit|f|field:a", "web|edit|f|field:b", "web|submit|f|"], 0.0, 0.0, patterns.FORM_FILLING),
        (["crm|keys|c|field:search", "crm|click|c|button:search", "crm|click|c|row:hit"], 0.0, 0.0, patterns.LOOK_UP),
        (["excel|click|s|column:a", "excel|click|s|menu:sort", "excel|click|s|menu:x"], 0.0, 0.0, patterns.REFORMAT),
        (["a|window|w|", "b|window|x|", "c|open|y|", "d|click|z|tab:sum"], 0.0, 0.0, patterns.REPORT_ROUND),
        (["sap|click|claim|row:one", "sap|click|claim|button:approve"], 0.0, 0.0, patterns.REVIEW),
        (["teams|keys|chat|field:message"], 0.0, 0.0, patterns.MESSAGING),
        (["news|click|page|link:article"], 0.0, 0.0, patterns.NAVIGATION),
    ],
)  # fmt: skip
def test_pattern_classes(activities: list[str], moved: float, across: float, pattern: str) -> None:
    from streams.discovery.evidence.naming import is_completion

    presence = dict.fromkeys(activities, 1.0)
    completes = any(map(is_completion, activities))
    found = patterns.profile(presence, dict.fromkeys(activities, 1.0), moved, across, completes=completes)
    assert patterns.pattern_of(found) == pattern


def test_without_applications_a_routine_is_called_by_its_own_words_alone() -> None:
    order = ["|click||Check amount", "|click||button:submit order"]
    assert name_of(patterns.REVIEW, dict.fromkeys(order, 1.0), order) == "Submit order"
