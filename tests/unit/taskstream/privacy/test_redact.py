"""Personal data of known form does not pass in strings."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskstream.events import EventBatch, ObjectRef, UiEvent
from taskstream.privacy import redact
from taskstream.privacy.redact import apply_rules, redact_batch, redact_event, redact_text

pieces = st.one_of(
    st.text(max_size=12),
    st.sampled_from([
        "a.b@example.com", "+49 30 1234567", "/home/max/", "C:\\Users\\Max\\", "~max", "?q=1&name=Max", "https://u:p@h/",
        "DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111", "550e8400-e29b-41d4-a716-446655440000",
        "98123", "{n}", "{email}",
        "12.03.2024", "0 () 1 () 2 () 3 () 4 () 5 () 6 () 7", " - ", "/", "@max", "deadbeef99", "#", "=",
        "HOME/x", "uSERs\\y",
    ]),
)  # fmt: skip
texts = st.lists(pieces, max_size=6).map("".join)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Inbox - a.b@example.com - Outlook", "Inbox - {email} - Outlook"),
        ("/home/max/report.xlsx", "/home/{user}/report.xlsx"),
        ("C:\\Users\\Max\\report.xlsx", "C:\\Users\\{user}\\report.xlsx"),
        ("https://user:secret@host/crm/98123/edit?name=Max#x", "https://host/crm/{n}/edit"),
        ("/search?name=Max%20Berg", "/search"),
        ("Call +49 30 1234567", "Call {phone}"),
        ("DE89 3704 0044 0532 0130 00", "{iban}"),
        ("card 4111-1111-1111-1111", "card {card}"),
        ("doc 550e8400-e29b-41d4-a716-446655440000", "doc {uuid}"),
        ("born 05.03.1980", "born {date}"),
        ("order 200477494954062", "order {n}"),
        ("commit deadbeef99", "commit {hex}"),
        ("~max/x", "{user}/x"),
    ],
)
def test_personal_data_is_masked(text: str, redacted: str) -> None:
    assert redact_text(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Sheet1",
        "button:submit",
        "q12_reimbursementDetails[0][]",
        "input_12_0_2",
        "Really? Yes",
        "cell:c",
        "Q3 2024",
    ],
)
def test_ordinary_strings_stay_the_same_object(text: str) -> None:
    assert redact_text(text) is text


@given(texts)
def test_redaction_is_idempotent(text: str) -> None:
    once = apply_rules(text)
    assert apply_rules(once) == once


@given(texts)
def test_what_the_quick_look_lets_pass_holds_nothing(text: str) -> None:
    if not redact._SUSPICIOUS.search(text):
        assert apply_rules(text) == text


@given(texts)
def test_an_event_stays_within_the_contract(text: str) -> None:
    event = UiEvent(at_ms=1, kind="click", app=text[:64], screen=(text * 8)[:256], element=text[:256])
    redacted = redact_event(event)
    assert len(redacted.app) <= 64
    assert len(redacted.screen) <= 256
    assert redact_event(redacted) == redacted


def test_nothing_to_change_gives_the_same_objects() -> None:
    event = UiEvent(at_ms=1, kind="shortcut", app="excel", screen="sheet", shortcut="ctrl+c")
    batch = EventBatch(schema=1, tenant="t", team="t", actor="a", agent="a", first_seq=0, events=(event, event))
    assert redact_event(event) is event
    assert redact_batch(batch) is batch


def test_a_batch_keeps_its_order_and_its_clean_events() -> None:
    clean = UiEvent(at_ms=1, kind="click", screen="sheet")
    dirty = UiEvent(at_ms=2, kind="click", screen="a@b.com")
    batch = EventBatch(schema=1, tenant="t", team="t", actor="a", agent="a", first_seq=7, events=(clean, dirty, clean))
    redacted = redact_batch(batch)
    assert [event.screen for event in redacted.events] == ["sheet", "{email}", "sheet"]
    assert redacted.events[0] is clean
    assert redacted.first_seq == 7


def test_undeclared_shortcuts_and_object_kinds_carry_no_text() -> None:
    event = UiEvent(
        at_ms=1, kind="shortcut", shortcut="ctrl+alt+s,e,c", objects=(ObjectRef(kind="Max Berg", digest=5),)
    )
    redacted = redact_event(event)
    assert redacted.shortcut == "other"
    assert redacted.objects == (ObjectRef(kind="other", digest=5),)


def test_the_memory_is_bounded() -> None:
    for number in range(redact.MEMO_STRINGS + 100):
        redact_text(f"screen {number}")
    assert len(redact._changes) <= redact.MEMO_STRINGS


def test_long_hostile_strings_take_bounded_time() -> None:
    hostile = ["1 " * 128, "a." * 128, "a@" * 128, "(0" * 128, "/home/" * 40, "x-" * 128, "0()" * 85, "ab12" * 64]
    started = time.process_time()
    for text in hostile:
        apply_rules(text)
    assert time.process_time() - started < 1
