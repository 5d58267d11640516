"""Importers: formats, privacy, order, truth never read, and clear errors for what cannot be read."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.importers import ReadOptions, read_log
from taskstream.errors import InputError
from taskstream.events import UiEvent, encode

KEY = b"a key for tests of thirty-two by"
ROOT = Path(__file__).parents[4]
HEADER = "timeStamp,userID,targetApp,eventType,url,content,target.sheetName,target.id,target.name,target.value\n"


def read(path: Path) -> list[UiEvent]:
    return [imported.event for imported in read_log(path, key=KEY)]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "events", "first"),
    [
        ("benchmarks/ui-logs/log1.xes.gz", 1_400, ("excel", "open", "sheet1", "file")),
        ("deploy/demo/StudentRecord.csv", 2_409, ("excel", "click", "sheet1", "cell:a")),
        ("benchmarks/ui-logs/experiment_extended_SR_RT_parallel.csv", 7_119, ("excel", "copy", "sheet1", "cell:a")),
    ],
)
def test_every_event_of_the_public_logs_is_read(name: str, events: int, first: tuple[str, ...]) -> None:
    order = ReadOptions(order="file" if "extended" in name else "time")  # two recordings put into one another
    imported = list(read_log(ROOT / name, key=KEY, options=order))
    assert sorted(one.index for one in imported) == list(range(events))
    event = imported[0].event
    assert (event.app, event.kind, event.screen, event.element) == first


def test_nothing_of_a_value_survives(tmp_path: Path) -> None:
    rows = "2020-01-01T00:00:00Z,ann,Chrome,editField,https://x.example/a?iban=DE99,,,,iban,DE44500105175407324931\n"
    (event,) = read(write(tmp_path, "a.csv", HEADER + rows))
    text = encode(event).decode()
    assert "500105" not in text
    assert "DE99" not in text
    assert event.value is not None
    assert event.value.form == "iban"
    assert event.screen == "x.example/a"


def test_a_clipboard_row_belongs_to_what_was_touched(tmp_path: Path) -> None:
    rows = (
        "2020-01-01T00:00:00Z,ann,Excel,getCell,,,Sheet1,B7,,some name\n"
        "2020-01-01T00:00:00.050Z,,OS-Clipboard,copy,,some name,,,,\n"
    )
    cell, copy = read(write(tmp_path, "a.csv", HEADER + rows))
    assert (copy.app, copy.screen, copy.element) == ("excel", "sheet1", "cell:b")
    assert cell.value == copy.value


def test_late_rows_are_put_in_order_and_keep_their_position(tmp_path: Path) -> None:
    rows = (
        "2020-01-01T00:00:05Z,ann,Chrome,paste,https://x.example,v,,,a,\n"
        "2020-01-01T00:00:01Z,ann,Excel,getCell,,,Sheet1,A1,,v\n"
    )
    imported = list(read_log(write(tmp_path, "a.csv", HEADER + rows), key=KEY))
    assert [one.index for one in imported] == [1, 0]
    assert {one.person for one in imported} == {"ann"}


def test_our_own_lines_are_read(tmp_path: Path) -> None:
    event = UiEvent(at_ms=5, kind="click", app="a", element="button:ok")
    line = b'{"person":"p1","event":' + encode(event) + b',"execution":"ignored"}\n'
    imported = list(read_log(write(tmp_path, "a.jsonl", line * 3), key=KEY))
    assert [(one.index, one.person, one.event) for one in imported] == [(n, "p1", event) for n in range(3)]


def test_trace_borders_and_case_columns_change_nothing(tmp_path: Path) -> None:
    events = [
        f'<event><string key="concept:name" value="clickButton"/><date key="time:timestamp" value="{at}"/></event>'
        for at in (f"2024-03-05T08:00:0{n}Z" for n in range(6))
    ]
    one = f"<log><trace>{''.join(events)}</trace></log>"
    many = f"<log>{''.join(f'<trace>{event}</trace>' for event in events)}</log>"
    assert read(write(tmp_path, "a.xes", one)) == read(write(tmp_path, "b.xes", many))


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><log><trace/></log>'
BAD = [
    ("empty.csv", "", "empty"),
    ("blank.csv", "\n\n", "empty"),
    ("foreign.csv", "a,b,c\n1,2,3\n", "header"),
    ("only.csv", HEADER, "no events"),
    ("bomb.xes", BOMB, "document type"),
    ("page.xes", "<html></html>", "not an XES log"),
    ("torn.xes", "<log><trace><event>", "well-formed"),
    ("deep.xes", "<log>" + "<a>" * 100, "deep"),
    ("none.xes", "<log></log>", "no events"),
    ("torn.xes.gz", gzip.compress(b"<log>" * 1000)[:-20], "damaged"),
    ("binary.bin", b"MZ\0\0\0\0", "binary"),
    ("latin.csv", HEADER.encode() + b"2020,\xff\x81", "line 2: not in UTF-8"),
    ("odd.jsonl", '{"person": 3, "event": {}}\n', "line 1"),
]


@pytest.mark.parametrize(("name", "content", "says"), BAD)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, name: str, content: str | bytes, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read(write(tmp_path, name, content))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv"):
        read(tmp_path / "nowhere.csv")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_events_or_an_input_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "log"
    path.write_bytes(data)
    try:
        read(path)
    except InputError:
        return


TITLED = "timeStamp,userID,targetApp,eventType,url,target.tagName,target.name,target.value,target.title,target.xpath\n"


def test_titles_and_addresses_name_the_screen_and_the_business_object_at_hand(tmp_path: Path) -> None:
    rows = (
        "2020-01-01T00:00:00Z,a,SAP,editField,,INPUT,street,Main Street,Order 40037,\n"
        "2020-01-01T00:00:01Z,a,SAP,editField,,INPUT,city,Springfield,order 40037,\n"
        "2020-01-01T00:00:02Z,a,Chrome,editField,https://x.example/order/40037?t=99991,INPUT,city,Springfield,,\n"
        "2020-01-01T00:00:03Z,a,SAP,editField,,INPUT,city,Springfield,Order 51112,\n"
        "2020-01-01T00:00:04Z,a,SAP,clickButton,,BUTTON,,,Save,\n"
    )
    events = read(write(tmp_path, "a.csv", TITLED + rows))
    assert [event.screen for event in events] == ["order #", "order #", "x.example/order/#", "order #", ""]
    assert events[4].element == "button:save"  # the title is its only name
    objects = [event.objects for event in events]
    assert objects[0] == objects[1] == objects[2]
    assert objects[0][0].digest
    assert objects[3] not in (objects[0], ())
    assert objects[4] == ()
    assert "40037" not in "".join(encode(event).decode() for event in events)


def test_what_a_click_on_a_field_shows_may_be_typed_elsewhere(tmp_path: Path) -> None:
    rows = (
        "2020-01-01T00:00:00Z,a,SAP,clickTextField,,INPUT,street,Main Street 5,,\n"
        "2020-01-01T00:00:01Z,a,CRM,editField,,INPUT,address,main street 5,,\n"
        "2020-01-01T00:00:02Z,a,CRM,clickButton,,BUTTON,go,Main Street 5,,\n"
    )
    shown, typed, button = read(write(tmp_path, "a.csv", TITLED + rows))
    assert shown.value is not None
    assert typed.value is not None
    assert shown.value.digest == typed.value.digest
    assert button.value is None


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(12)))
def test_fields_of_one_label_are_told_apart_by_their_place(order: list[int]) -> None:
    made = [
        f"2020-01-01T00:00:{n:02}Z,a,SAP,editField,,INPUT,amount,{n},Order,/html/body/form/div[{1 + n % 3}]/input\n"
        for n in range(12)
    ]
    with tempfile.TemporaryDirectory() as folder:
        events = read(write(Path(folder), "a.csv", TITLED + "".join(made[n] for n in order)))
    named = [event.element for event in events]
    assert named == ["field:amount", "field:amount (2)", "field:amount (3)"] * 4


def test_places_that_vary_from_case_to_case_are_no_names(tmp_path: Path) -> None:
    rows = "".join(
        f"2020-01-01T00:{n // 60:02}:{n % 60:02}Z,a,SAP,editField,,INPUT,amount,{n},Order,/body/{chr(97 + n // 26)}"
        f"{chr(97 + n % 26)}/input\n"
        for n in range(200)
    )
    assert {event.element for event in read(write(tmp_path, "a.csv", TITLED + rows))} == {"field:amount"}
