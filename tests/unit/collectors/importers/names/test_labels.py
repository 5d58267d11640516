"""Nothing of what a log holds travels on but allow-listed words: secrets planted everywhere, and none found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.importers import ReadOptions, read_logs
from collectors.importers.dealing import deal
from collectors.importers.meaning.known_tables import SMARTRPA
from collectors.importers.meaning.vocabulary import FIELDS
from collectors.importers.names.apps import app_name
from collectors.importers.names.label_words import ClosedLabels, OpenLabels, load_words
from taskstream.activity import activity
from taskstream.errors import UsageError
from taskstream.events import UiEvent, encode
from taskstream.privacy.redact import redact_event
from tests.unit.collectors.importers.writing import KEY, events, office, read, table, write

SECRETS = (
    "Zephyrine Quarterman", "zephyrine.quarterman@wyvern-mail.example", "DE89370400440532013000", "+49 170 5550188",
    "Diagnosis: melanoma", "hunter2!", "QX-77-ZEPH", "C:\\Users\\zquarterman\\melanoma.docx", "/home/zquarterman/x",
    "https://wyvern.example/zephyrine/melanoma?token=hunter2", "زفيرين", "Quartermän", "zephyrine.exe", "ZEPHYRINE",
    "//div[@id='zephyrine']/a[text()='Melanoma']", "zephyrineQuarterman", "$4,711.88 melanoma", "'\"><melanoma>",
)  # fmt: skip
PARTS = re.compile(
    r"zeph|quart|wyvern|melanoma|hunter2|370400|5550188|4[,.]?711|qx-77|زفيرين|diagnosis|token", re.IGNORECASE
)
"""What no event may hold; every secret has one of it."""

COLUMNS = tuple(dict.fromkeys([field.columns[0] for field in FIELDS] + ["window", "xpath", "css_path", "target.id"]))
ACTIONS = ("click", "editField", "paste", "copy", "getCell", "hotkey", "navigate", "openFile", "selectTab", "focus",
           "submit", "selectWorksheet", "idle", "")  # fmt: skip


SMARTRPA_COLUMNS = ("timestamp", "user", "application", "event_type", *(name for name, _ in SMARTRPA.columns))


def sent(path: Path) -> str:
    """All that ``taskstream replay`` would put into messages, as text."""
    options = ReadOptions(labels=ClosedLabels(KEY))
    with read_logs([path], key=KEY, options=options) as logs:
        desktops = deal(logs, 0)
    return "\n".join(encode(event).decode() for desktop in desktops for event in desktop.events)


def planted_table(columns: tuple[str, ...], time: str, action: str) -> str:
    """Each secret in each column, with each action; the time is always one, the action where it is not planted."""
    rows = []
    number = 0
    for secret in SECRETS:
        for column in columns:
            for what in ACTIONS:
                number += 1
                row = {
                    time: f"2024-03-05 {8 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}",
                    action: what,
                }
                rows.append(row | {column: secret} if column != time else row)
        rows.append({time: "2024-03-05 07:00:00"} | {column: secret for column in columns if column != time})
    return table(rows, columns=columns)


def test_each_secret_has_a_part_that_is_looked_for_and_found_in_open_names(tmp_path: Path) -> None:
    assert all(PARTS.search(secret) for secret in SECRETS)
    path = write(tmp_path, "log.csv", planted_table(COLUMNS, "timestamp", "event_type"))
    text = "".join(encode(event).decode() for event in events(path))
    assert len(PARTS.findall(text)) > 500, "as they are on the owner's machine"


@pytest.mark.parametrize(
    ("columns", "time", "action"),
    [
        (COLUMNS, "timestamp", "target_app"),
        (COLUMNS, "timestamp", "event_type"),
        (SMARTRPA_COLUMNS, "timestamp", "event_type"),
        (("Case ID", "Activity", "Start timestamp", "Resource"), "Start timestamp", "Activity"),
        (("timestamp", "duration", "app", "title"), "timestamp", "app"),
    ],
)  # fmt: skip
def test_nothing_planted_in_a_table_travels_on(
    tmp_path: Path, columns: tuple[str, ...], time: str, action: str
) -> None:
    text = sent(write(tmp_path, "log.csv", planted_table(columns, time, action)))
    assert text.count("\n") > 100
    assert not PARTS.findall(text)


NAMES = ("BOB", "Eva", "kim", "JD", "MCK", "Zoë", "BOB12", "EVA7:KIM9", "$BOB$12", "Bob Kim", "jd.kim", "ABC")
NAME_WORDS = re.compile(r"(?<![^\W_])(?:bob|eva|kim|jd|mck|zoë|abc)(?![^\W\d_])", re.IGNORECASE)


@pytest.mark.parametrize("app", ["", "Excel", "Chrome"])
@pytest.mark.parametrize("columns", [COLUMNS, SMARTRPA_COLUMNS], ids=["usual", "smartrpa"])
def test_no_name_of_three_letters_travels_on(tmp_path: Path, columns: tuple[str, ...], app: str) -> None:
    """Though a spreadsheet has columns BOB and EVA, and JD."""
    time, app_column = columns[0], next(name for name in columns if name in {"target_app", "application"})
    rows = [
        {time: f"2024-03-05 {8 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}", app_column: app}
        | {"event_type": what, column: name}
        for number, (name, column, what) in enumerate(
            (name, column, what) for name in NAMES for column in columns[1:] for what in ACTIONS
        )
    ]
    path = write(tmp_path, "log.csv", table(rows, columns=columns))
    opened = [encode(event).decode() for event in events(path)]
    assert len(NAME_WORDS.findall("".join(opened))) > 100, "as they are on the owner's machine"
    assert not NAME_WORDS.findall(sent(path))
    for number, name in enumerate(NAMES):
        for make in (xes, own_lines, activitywatch, ocel):
            assert not NAME_WORDS.findall(sent(write(tmp_path, f"{number}{make.__name__}", make(name)))), name


def test_cells_stay_told_apart_by_their_columns(tmp_path: Path) -> None:
    rows = [
        {"timestamp": f"2024-03-05 08:00:{n:02}", "target_app": app, "event_type": "editCell"} | {column: text}
        for n, (app, column, text) in enumerate([
            ("Excel", "target.id", "C4"), ("Excel", "target.id", "$AB$12"), ("Excel", "target.id", "A1:AC9"),
            ("Excel", "column", "D"), ("Excel", "column", "EVA"), ("Excel", "column", "KIM"),
            ("Excel", "column", "EVA"),
        ])
    ]  # fmt: skip
    path = write(tmp_path, "log.csv", table(rows, columns=COLUMNS))
    names = [event.element for event in events(path, ReadOptions(labels=ClosedLabels(KEY)))]
    assert names[:4] == ["cell:c", "cell:ab", "range:a:ac", "cell:d"]
    assert names[4] == names[6] != names[5]
    assert all(TOKEN.fullmatch(name.removeprefix("cell:")) for name in names[4:])
    assert [event.element for event in events(path)][3:] == ["cell:d", "cell:eva", "cell:kim", "cell:eva"]


def test_own_events_keep_the_columns_of_a_spreadsheet_alone() -> None:
    labels = ClosedLabels(KEY)

    def made(app: str, element: str) -> str:
        return labels.event(UiEvent(at_ms=0, kind="click", app=app, element=element)).element

    assert made("excel", "cell:ab") == "cell:ab"
    assert made("excel", "range:a:ac") == "range:a:ac"
    assert made("chrome", "cell:c") == "cell:c"
    for app, element in (("excel", "cell:bob"), ("chrome", "cell:jd"), ("chrome", "range:a:jd")):
        assert not NAME_WORDS.findall(made(app, element))


def xes(secret: str) -> str:
    escaped = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    keys = "".join(f'<string key="{name}" value="{escaped}"/>' for name in COLUMNS if name != "timestamp")
    return (
        f'<log><trace><string key="org:resource" value="{escaped}"/><string key="concept:name" value="{escaped}"/>'
        f'<event>{keys}<date key="time:timestamp" value="2024-03-05T08:00:00Z"/></event></trace></log>'
    )


def own_lines(secret: str) -> str:
    event = {"at_ms": 1, "kind": "click", "app": secret[:64], "screen": f"{secret}/{secret}", "shortcut": secret[:32]}
    event["element"] = f"{secret}:{secret}"
    return json.dumps({"person": secret, "event": event}) + "\n"


def activitywatch(secret: str) -> str:
    def bucket(type_: str, data: dict[str, str]) -> dict[str, object]:
        made = {"timestamp": "2024-03-05T08:00:00Z", "duration": 1, "data": data}
        return {"id": secret, "type": type_, "client": secret, "hostname": secret, "events": [made]}

    window = bucket("currentwindow", {"app": secret, "title": secret})
    return json.dumps([window, bucket("web.tab.current", {"url": secret, "title": secret})])


def ocel(secret: str) -> str:
    event = {"id": secret, "type": secret, "time": "2024-03-05T08:00:00Z",
             "attributes": [{"name": name, "value": secret} for name in COLUMNS if name != "timestamp"],
             "relationships": [{"objectId": secret, "qualifier": secret}]}  # fmt: skip
    return json.dumps({"objects": [{"id": secret, "type": "resource"}], "events": [event]})


@pytest.mark.parametrize("make", [xes, own_lines, activitywatch, ocel])
def test_nothing_planted_in_other_formats_travels_on(tmp_path: Path, make: Callable[[str], str]) -> None:
    for number, secret in enumerate(SECRETS):
        assert not PARTS.findall(sent(write(tmp_path, f"log{number}", make(secret)))), secret


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["app", "label", "address", "place", "title"]))
def test_what_passes_is_words_of_the_list_or_a_token(text: str, how: str) -> None:
    labels = ClosedLabels(KEY)
    given_ = ("chrome", text) if how == "title" else ([text],) if how == "place" else (text,)
    made = getattr(labels, how)(*given_)
    assert made == getattr(labels, how)(*given_)
    assert len(made) <= 256
    assert made.isascii() or how == "place" or all(part in text.lower() for part in made.split())


def test_labels_of_programs_stay_readable() -> None:
    labels = ClosedLabels(KEY)
    for text in ("Save customer", "lastName", "address_line1", "Rechnung speichern", "Enregistrer", "Confirm (2)"):
        assert labels.label(text) == OpenLabels().label(text)
    assert labels.address("https://www.shop.example.com/orders/98123/edit?x=1") == "shop.example.com/orders/#/edit"
    assert labels.title("outlook", "Inbox - Outlook") == "inbox"
    assert labels.label("ctrl+c") == "ctrl+c"


NUMBERS = ("06 12 34 56 78", "12.03.85", "41 11 11 11 11 11 11 11", "06-12-34-56-78", "1985/03/12", "+49 30 12 34 56",
           "DE 12 34 56 78 90 12", "pin 12 34", "new password 12", "https://example.com/open/06/12/34/56/78",
           "open/06/12/34/56/78", "//a[06]/a/12/b/34", "Save" + " " * 60 + "06 12 34 56 78", "٠٦ ١٢ ٣٤ ٥٦ ٧٨",
           "a1 b2 c3 d4", "call 12 account 34")  # fmt: skip
TOKEN = re.compile(r"x\d{3}k\d{3}")


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_in_groups_travel_on_in_no_column(tmp_path: Path, number: str) -> None:
    rows = [
        {"timestamp": f"2024-03-05 08:{n // 60:02}:{n % 60:02}", "event_type": action, "target_app": "Chrome"}
        | {column: number}
        for n, (column, action) in enumerate(
            (column, action)
            for column in COLUMNS if column not in ("timestamp", "event_type")
            for action in ("click", "editField", "hotkey", "selectTab", "rareAction", "")
        )
    ]  # fmt: skip
    options = ReadOptions(labels=ClosedLabels(KEY))
    made = [
        TOKEN.sub("", name)
        for event in events(write(tmp_path, "log.csv", table(rows, columns=COLUMNS)), options)
        for name in (event.app, event.screen, event.element, event.shortcut)
    ]
    assert len(made) > 100
    assert not [name for name in made if re.search(r"\d", name)]


DIGITS = st.lists(st.text("0123456789", min_size=1, max_size=4), min_size=1, max_size=8)
SEPARATORS = st.text(" .,-/()[]+:;#_|\u00a0\u2013@\\'\"*=~", min_size=1, max_size=3)


@settings(max_examples=300, deadline=None)
@given(DIGITS, st.lists(SEPARATORS, min_size=8, max_size=8), st.sampled_from(["", "pin ", "de", "call "]), st.data())
def test_no_group_of_four_digits_and_more_survives(
    groups: list[str], separators: list[str], before: str, data: st.DataObject
) -> None:
    if sum(map(len, groups)) < 4:
        groups = ["06", *groups, "1"]
    text = before + "".join(group + between for group, between in zip(groups, separators, strict=False))
    labels = ClosedLabels(KEY)
    how = data.draw(st.sampled_from(["app", "label", "place", "address", "host", "element", "screen"]))
    if how == "place":
        made = labels.place(re.split(r"[/>]+", text.removeprefix(before)))
    elif how == "address":
        made = labels.address(f"https://example.com/{text.replace('#', '-')}")  # what follows it is dropped
    elif how == "host":
        made = labels.address(f"https://{text}")
    elif how in ("element", "screen"):
        event = labels.event(UiEvent(at_ms=0, kind="click", app="excel", screen=text, element=text))
        made = event.screen if how == "screen" else event.element
    else:
        made = getattr(labels, how)(text)
    assert not re.search(r"\d", TOKEN.sub("", made))


def test_lone_short_numbers_among_words_stay() -> None:
    labels = ClosedLabels(KEY)
    for text in ("page 2", "step 3 of 5", "column 12", "address_line1", "tab 1 of 12"):
        assert labels.label(text) == text
    assert labels.place(("table[1]", "tr[12]", "td[3]", "a:nth-child(14)")) == "table[1]/tr[12]/td[3]/a:nth-child(14)"
    assert TOKEN.fullmatch(labels.label("7"))
    assert labels.address("https://example.com/step1/page2") == "example.com/step1/page2"
    assert labels.address("https://example.com/call1/page2/step3/save") == "example.com/#/#/#/save"


def test_tokens_tell_labels_apart_and_change_with_the_key() -> None:
    labels = ClosedLabels(KEY)
    made = {labels.label(f"Zephyrine {n}") for n in "abcdefgh"}
    assert len(made) == 8
    assert all(re.fullmatch(r"x\d{3}k\d{3}", token) for token in made)
    assert ClosedLabels(b"another key of thirty-two bytes!").label("Zephyrine a") not in made
    event = UiEvent(at_ms=0, kind="click", app="excel", screen=labels.label("Zephyrine"), element=f"button:{min(made)}")
    assert redact_event(event) is event, "the second line of redaction leaves them as they are"


def test_own_words_can_be_allowed(tmp_path: Path) -> None:
    assert load_words(tmp_path) == frozenset()
    (tmp_path / "labels.txt").write_text("Contoso\n\n")
    labels = ClosedLabels(KEY, words=load_words(tmp_path))
    assert labels.label("Contoso orders") == "contoso orders"
    assert labels.address("https://contoso.example/a") == "contoso.example/a"
    (tmp_path / "labels.txt").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"labels\.txt cannot be read"):
        load_words(tmp_path)


def test_a_log_stays_as_discoverable_with_closed_names(tmp_path: Path) -> None:
    path = write(tmp_path, "log.csv", table(office()).replace("lastName", "فرع").replace("save", "Zephyr"))
    opened, closed = (
        [activity(event) for event in events(path, ReadOptions(labels=labels))]
        for labels in (OpenLabels(), ClosedLabels(KEY))
    )
    assert len(set(zip(opened, closed, strict=True))) == len(set(opened)) == len(set(closed))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("C:\\Users\\first.last\\AppData\\Local\\Google\\Chrome\\Application\\chrome.exe", "chrome"),
        ('"C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE" /dde', "excel"),
        ("/Users/ann.lee/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "chrome"),
        ("/home/ann.lee/bin/invoices", "invoices"), ("~/bin/invoices --user ann.lee", "invoices"),
        ("Microsoft Excel", "excel"), ("msedge.exe", "edge"), ("WINWORD.EXE", "word"), ("OS-Clipboard", "clipboard"),
        ("SAP GUI", "sap"), ("", ""), ("\\\\server\\ann.lee\\tool.bat", "tool"),
    ],
)  # fmt: skip
def test_applications_by_their_programs_without_folders_and_people(text: str, name: str) -> None:
    assert app_name(text) == name


def test_no_persons_name_is_in_an_application(tmp_path: Path) -> None:
    rows = [row | {"targetApp": f"C:\\Users\\{row['userID'] or 'x'}.meyer\\AppData\\Chrome\\chrome.exe"}
            if row["targetApp"] == "Chrome" else row for row in office()]  # fmt: skip
    found, _ = read(write(tmp_path, "log.csv", table(rows)))
    assert {event.app for _, event in found} == {"chrome", "excel"}
