"""Each format and container, written here, gives the same events as the plain table, or says what is wrong."""

from __future__ import annotations

import gzip
import io
import json
import re
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pytest
from pyarrow import parquet

from collectors.importers import ReadOptions, options_of, read_logs
from collectors.importers.formats.json_records import flat
from collectors.importers.formats.workbook import cell_text
from collectors.importers.row_log import NO_UI_EVENTS
from taskstream.errors import InputError
from taskstream.events import UiEvent
from tests.unit.collectors.importers.writing import COLUMNS, KEY, events, office, read, table, write

Log = list[tuple[str, UiEvent]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """What the plain form gives."""
    return read(write(tmp_path_factory.mktemp("plain"), "plain.csv", table(office())))[0]


def people_of(path: Path) -> Counter[str]:
    return Counter(person for person, _ in read(path)[0])


def test_all_files_of_an_archive_are_read_and_others_told(tmp_path: Path) -> None:
    path = tmp_path / "logs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for person in "ab":
            archive.writestr(f"{person}.csv", table(office((person,))))
        archive.writestr("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\0")
        archive.writestr("__MACOSX/._a.csv", b"\0\0")
    with read_logs([path], key=KEY) as logs:
        assert {one.person for one in logs} == {"a", "b"}
        assert [report.log for report in logs.reports] == ["logs.zip/a.csv", "logs.zip/b.csv"]
        assert len(logs.passed_over) == 1
        assert "picture.png is a binary file" in logs.passed_over[0]
        assert logs.partly


def test_a_workbook(tmp_path: Path, plain: Log) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "empty"
    sheet = book.create_sheet("log")
    sheet.append(["Recorded on 5 March"])
    sheet.append(list(COLUMNS))
    for row in office():
        moment = datetime.fromisoformat(row["timeStamp"]).replace(tzinfo=None)
        sheet.append([moment if name == "timeStamp" else row.get(name) for name in COLUMNS])
    book.create_sheet("other").append(["x", "y"])
    path = tmp_path / "log.xlsx"
    book.save(path)
    found, report = read(path)
    assert found == plain
    assert report.format == "workbook, RPA UI Logger"
    assert report.notes == ["sheet 'log' is read; not read: empty, other"]


@pytest.mark.parametrize("unit", ["us", "ns", "text"])
def test_parquet(tmp_path: Path, plain: Log, unit: str) -> None:
    columns: dict[str, Any] = {name: [row.get(name, "") for row in office()] for name in COLUMNS}
    if unit != "text":
        moments = [datetime.fromisoformat(text) for text in columns["timeStamp"]]
        columns["timeStamp"] = pyarrow.array(moments, pyarrow.timestamp(unit, tz="UTC"))
    path = tmp_path / "log.parquet"
    parquet.write_table(pyarrow.table(columns), path, row_group_size=20)
    found, report = read(path)
    assert found == plain
    assert report.format == "Parquet, RPA UI Logger"


def test_objects_within_the_columns_of_parquet(tmp_path: Path, plain: Log) -> None:
    columns: dict[str, Any] = {name: [row.get(name) for row in office()] for name in COLUMNS}
    within = [name for name in COLUMNS if name.startswith("target.")]
    columns["target"] = [{name.removeprefix("target."): row.get(name) for name in within} for row in office()]
    path = tmp_path / "log.parquet"
    parquet.write_table(pyarrow.table({name: columns[name] for name in columns if name not in within}), path)
    found, report = read(path)
    assert found == plain
    assert "target.name" in report.columns.values()


def test_foreign_json_lines(tmp_path: Path, plain: Log) -> None:
    lines = []
    for row in office():
        flat = {key: value for key, value in row.items() if "." not in key}
        target = {key.removeprefix("target."): value for key, value in row.items() if "." in key}
        lines.append(json.dumps(flat | {"target": target}))
    path = write(tmp_path, "log.jsonl", "\n".join([*lines[:5], "{not json", *lines[5:]]))
    found, report = read(path)
    assert found == plain
    assert [(one.reason, one.first_line) for one in report.skipped] == [("a line that is no JSON object", 6)]
    assert events(write(tmp_path, "log.json", f"[{','.join(lines)}]")) == [event for _, event in plain]


WRAPPED: dict[str, Callable[[list[dict[str, str]]], str]] = {
    "in one line": lambda rows: json.dumps({"created_at": "2024-03-05", "events": rows}),
    "indented": lambda rows: json.dumps({"events": rows}, indent=1),
    "deep, beside others": lambda rows: json.dumps({"people": [{"n": 1}] * 500, "data": {"log": {"items": rows}}}),
    "one after another": lambda rows: "\n".join(json.dumps(row, indent=1) for row in rows),
}


@pytest.mark.parametrize("form", WRAPPED)
def test_events_within_a_document(tmp_path: Path, plain: Log, form: str) -> None:
    found, report = read(write(tmp_path, "log.json", WRAPPED[form](office())))
    assert found == plain
    assert len(report.notes) == (form != "one after another"), "which list is read is told"


def test_an_event_that_holds_a_list_is_no_document(tmp_path: Path) -> None:
    row = office()[0] | {"tags": [{"name": "a"}, {"name": "b"}]}
    found, report = read(write(tmp_path, "log.json", json.dumps(row)))
    assert (len(found), report.notes) == (1, [])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_our_own_lines_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    text = "".join(
        json.dumps({"person": f"p{n % 2}", "event": {"at_ms": 1_000 * n, "kind": "click", "app": "excel"}}) + "\n"
        for n in range(9)
    )
    expected = events(write(tmp_path, "plain.jsonl", text))
    assert len(expected) == 9
    assert events(write(tmp_path, "log.jsonl", text.encode(encoding))) == expected


SMARTRPA = {
    "timestamp": "timeStamp", "user": "userID", "application": "targetApp", "event_type": "eventType",
    "browser_url": "url", "clipboard_content": "content", "current_worksheet": "target.sheetName",
    "cell_range": "target.id", "tag_category": "target.tagName", "tag_type": "target.type", "tag_name": "target.name",
    "tag_innerText": "target.innerText",
}  # fmt: skip


def test_smartrpa(tmp_path: Path, plain: Log) -> None:
    """There ``tag_name`` is the field's name and ``tag_category`` the tag; cells and fields have columns for values."""
    rows = []
    for row in office():
        made = {name: row.get(source, "") for name, source in SMARTRPA.items()}
        value = "cell_content" if row["targetApp"] == "Excel" else "tag_value"
        made |= {value: row.get("target.value", ""), "category": "Browser", "xpath": "/html/body/form[1]/div[2]"}
        made["application"] = {"Excel": "Microsoft Excel", "OS-Clipboard": "Clipboard"}.get(row["targetApp"], "Chrome")
        made["event_type"] = {"editField": "changeField", "clickCheckbox": "clickCheckboxButton"}.get(
            row["eventType"], row["eventType"]
        )
        rows.append(made)
    columns = ("category", *SMARTRPA, "cell_content", "tag_value", "xpath")
    found, report = read(write(tmp_path, "log.csv", table(rows, columns=columns)))
    assert report.format == "SmartRPA"
    assert found == plain


def test_files_and_keys_of_smartrpa(tmp_path: Path) -> None:
    text = (
        "timestamp,user,category,application,event_type,event_src_path,hotkey,clipboard_content\n"
        "2024-03-05 08:00:00:000,a,OperatingSystem,Explorer,openFile,C:\\Users\\a\\Report of May.xlsx,,\n"
        "2024-03-05 08:00:01:000,a,OperatingSystem,Explorer,deleted,C:\\Users\\a\\Report of May.txt,,\n"
        "2024-03-05 08:00:02:000,a,OperatingSystem,Explorer,hotkey,,ctrl+s,\n"
    )
    found, report = read(write(tmp_path, "log.csv", text))
    assert [(event.kind, event.element) for _, event in found] == [
        ("open", "file:*.xlsx"), ("click", "file:*.txt"), ("keys", "key:ctrl+s"),
    ]  # fmt: skip
    assert (report.format, report.unknown_actions) == ("SmartRPA", {})


def xes(rows: list[dict[str, str]], on_trace: bool, timed: bool = True) -> str:
    out = ['<?xml version="1.0"?><log xmlns="http://www.xes-standard.org/">']
    for person in dict.fromkeys(row["userID"] for row in rows):
        who = f'<string key="org:resource" value="{person}"/>'
        out.append(f"<trace>{who if on_trace else ''}")
        for row in rows:
            if row["userID"] == person:
                at = f'<date key="time:timestamp" value="{row["timeStamp"]}"/>' if timed else ""
                name = f'<string key="concept:name" value="{row["eventType"]} {row.get("target.name", "")}"/>'
                out.append(f"<event>{name}{at}{'' if on_trace else who}</event>")
        out.append("</trace>")
    return "".join([*out, "</log>"])


@pytest.mark.parametrize("on_trace", [False, True])
def test_people_of_xes_may_stand_on_the_trace(tmp_path: Path, on_trace: bool) -> None:
    rows = [row for row in office(("a", "b", "c")) if row["userID"]]
    path = write(tmp_path, "log.xes", xes(rows, on_trace))
    assert set(people_of(path).values()) == {len(rows) // 3}
    assert read(path)[1].unknown_actions["clickButton confirm"] == 9


def test_xes_without_times_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the times"):
        read(write(tmp_path, "log.xes", xes(office(), True, timed=False)))


def ocel_events() -> list[tuple[str, str, str, str]]:
    return [
        (f"e{n}", f"{row['eventType']} {row.get('target.name', '')}".strip(), row["timeStamp"], row["userID"])
        for n, row in enumerate(office(("a", "b"))) if row["userID"]
    ]  # fmt: skip


def ocel_json() -> bytes:
    made = ocel_events()
    return json.dumps({
        "objectTypes": [], "eventTypes": [],
        "objects": [{"id": "a", "type": "resource"}, {"id": "b", "type": "resource"}, {"id": "c1", "type": "case"}],
        "events": [{"id": one, "type": type_, "time": at, "attributes": [],
                    "relationships": [{"objectId": "c1", "qualifier": ""}, {"objectId": who, "qualifier": "by"}]}
                   for one, type_, at, who in made],
    }).encode()  # fmt: skip


def ocel_xml(*, behind: bool = False) -> bytes:
    body = "".join(
        f'<event id="{one}" type="{type_}" time="{at}"><attributes/><objects>'
        f'<relationship object-id="{who}" qualifier="by"/></objects></event>'
        for one, type_, at, who in ocel_events()
    )
    people = "".join(f'<object id="{who}" type="resource"><attributes/></object>' for who in "ab")
    parts = [f"<objects>{people}</objects>", f"<events>{body}</events>"][:: -1 if behind else 1]
    return f'<?xml version="1.0"?><log><object-types/>{"".join(parts)}</log>'.encode()


def ocel_xml_with_objects_behind() -> bytes:
    return ocel_xml(behind=True)


def ocel_sqlite() -> bytes:
    with closing(sqlite3.connect(":memory:")) as made:
        made.executescript(
            "CREATE TABLE event (ocel_id, ocel_type); CREATE TABLE object (ocel_id, ocel_type);"
            "CREATE TABLE event_map_type (ocel_type, ocel_type_map); CREATE TABLE event_object (ocel_event_id,"
            " ocel_object_id, ocel_qualifier); INSERT INTO object VALUES ('a', 'resource'), ('b', 'resource');"
        )
        for one, type_, at, who in ocel_events():
            short = type_.replace(" ", "")
            made.execute(f'CREATE TABLE IF NOT EXISTS "event_{short}" (ocel_id, ocel_time)')
            if not made.execute("SELECT 1 FROM event_map_type WHERE ocel_type = ?", (type_,)).fetchone():
                made.execute("INSERT INTO event_map_type VALUES (?, ?)", (type_, short))
            made.execute("INSERT INTO event VALUES (?, ?)", (one, type_))
            made.execute(f'INSERT INTO "event_{short}" VALUES (?, ?)', (one, at))
            made.execute("INSERT INTO event_object VALUES (?, ?, 'by')", (one, who))
        made.commit()
        return made.serialize()


@pytest.mark.parametrize(
    ("form", "make"),
    [("JSON", ocel_json), ("XML", ocel_xml), ("XML", ocel_xml_with_objects_behind), ("SQLite", ocel_sqlite)],
)
@pytest.mark.parametrize("packed", [False, True])
def test_object_centric_logs(tmp_path: Path, form: str, make: Callable[[], bytes], packed: bool) -> None:
    data = make()
    found, report = read(write(tmp_path, "log", gzip.compress(data) if packed else data))
    assert report.format == f"OCEL 2.0 in {form}"
    assert report.people == 2
    assert [event.at_ms for _, event in found] == [
        round(datetime.fromisoformat(at).timestamp() * 1000) for _, _, at, _ in ocel_events()
    ]


PROCESS_TABLES = {
    "process-mining table": "_CASE_KEY,ACTIVITY_EN,EVENTTIME,USER_NAME",
    "UiPath process mining": "Case_ID,Activity,Event_end,User",
    "Power Automate process mining": "Case ID,Activity,Start timestamp,Resource",
}


@pytest.mark.parametrize("name", PROCESS_TABLES)
def test_tables_of_process_mining_are_read_as_steps(tmp_path: Path, name: str) -> None:
    rows = [
        f"c1,{row['eventType']} {row.get('target.name', '')},{row['timeStamp']},{row['userID']}" for row in office()
    ]
    found, report = read(write(tmp_path, "log.csv", "\n".join([PROCESS_TABLES[name], *rows])))
    assert report.format == name
    assert {person for person, _ in found} == {"ann", "bob"}
    assert found[0][1].element == "action:edit field invoice no"


def activitywatch(newest_first: bool = True) -> dict[str, Any]:
    start = datetime(2024, 3, 5, 8, tzinfo=UTC)

    def bucket(type_: str, rows: list[tuple[int, dict[str, Any]]]) -> dict[str, Any]:
        made = [
            {"timestamp": (start + timedelta(seconds=s)).isoformat(), "duration": 3.0, "data": data} for s, data in rows
        ]
        return {
            "id": type_,
            "type": type_,
            "client": "aw",
            "hostname": "h",
            "events": made[:: -1 if newest_first else 1],
        }

    return {
        "w": bucket(
            "currentwindow",
            [(0, {"app": "chrome.exe", "title": "Inbox"}), (9, {"app": "EXCEL.EXE", "title": "a.xlsx"})],
        ),
        "a": bucket("afkstatus", [(0, {"status": "not-afk"}), (20, {"status": "afk"})]),
        "b": bucket("web.tab.current", [(4, {"url": "https://x.example/a?q=1"}), (12, {"url": "https://x.example/b"})]),
    }


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("form", ["object", "array", "server", "by id", "bucket", "lone bucket"])
def test_activitywatch_joins_its_watchers(tmp_path: Path, form: str, indent: int | None) -> None:
    buckets = activitywatch()
    document: Any = {"object": {"buckets": buckets}, "array": {"buckets": list(buckets.values())},
                     "server": list(buckets.values()), "bucket": buckets["w"]["events"], "by id": buckets,
                     "lone bucket": buckets["w"]}[form]  # fmt: skip
    found = events(write(tmp_path, "aw.json", json.dumps(document, indent=indent)))
    expected = [
        ("window", "chrome", "inbox"),
        ("navigate", "chrome", "x.example/a"),
        ("window", "excel", "a.xlsx"),
        ("idle", "", ""),
    ]
    if form.endswith("bucket"):
        expected = [one for one in expected if one[0] == "window"]
    assert [(event.kind, event.app, event.screen) for event in found] == expected
    windows_alone = "the log tells windows alone, not what was done in them"
    assert (windows_alone in read(tmp_path / "aw.json")[1].notes) is form.endswith("bucket")


@pytest.mark.parametrize("wrap", [lambda buckets: {"buckets": buckets}, lambda buckets: buckets])
def test_buckets_without_events_are_said_to_be_that(tmp_path: Path, wrap: Callable[[Any], Any]) -> None:
    listed = {name: {key: bucket[key] for key in bucket if key != "events"} for name, bucket in activitywatch().items()}
    with pytest.raises(InputError, match="without their events"):
        read(write(tmp_path, "aw.json", json.dumps(wrap(listed))))


def test_windows_alone_are_windows(tmp_path: Path) -> None:
    text = "timestamp,duration,app,title\n" + "".join(
        f"2024-03-05T08:00:0{n}Z,3.0,chrome.exe,Inbox\n" for n in range(5)
    )
    found, report = read(write(tmp_path, "log.csv", text))
    assert {(event.kind, event.screen, event.element) for _, event in found} == {("window", "inbox", "")}
    assert report.notes == ["the log tells windows alone, not what was done in them"]


def test_changes_of_window_are_screens(tmp_path: Path) -> None:
    text = "timeStamp,userID,targetApp,eventType,window\n2024-03-05T08:00:00Z,a,chrome.exe,focus,Search - Billing\n"
    (event,) = events(write(tmp_path, "log.csv", text))
    assert (event.kind, event.screen, event.element) == ("window", "search - billing", "")


def test_unknown_actions_are_named_with_their_rows(tmp_path: Path) -> None:
    text = table(office()).replace("clickCheckbox", "frobnicate")
    assert read(write(tmp_path, "log.csv", text))[1].unknown_actions == {"frobnicate": 6}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", r"old format \(.xls\).*\.xlsx or CSV"),
        (b"PK\x03\x04 torn", "damaged"),
        (b"PAR1 torn", "not a Parquet file"),
        (b"SQLite format 3\0 torn", "not an OCEL 2.0 log"),
        (b'{"a": [1, 2', "not JSON that can be read"),
        (b'{"settings": {\n"x": 1}}', r"JSON of no kind known here \(settings\)"),
        (b'{"buckets": {"w": {"type": "currentwindow", "events": [{"x": 1}]}}}', "not laid out as its exports"),
        (b'{"objects": [], "events": [{"x": 1}]}', "not laid out as the standard"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read(write(tmp_path, "log", content))


def test_an_encrypted_archive_is_said(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("log.csv", table(office()))
    data = bytearray(buffer.getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    with pytest.raises(InputError, match="is encrypted"):
        read(write(tmp_path, "log.zip", bytes(data)))


@pytest.mark.parametrize(
    "other", [{"events": 3, "schema": "v1"}, {"event": {"source": "recorder"}, "person": "x", "buckets": 2}]
)
def test_columns_that_are_called_as_ours_make_no_log_of_ours(tmp_path: Path, other: dict[str, object]) -> None:
    expected = [event for _, event in read(write(tmp_path, "plain.csv", table(office())))[0]]
    lines = "".join(json.dumps(row | other) + "\n" for row in office())
    found, report = read(write(tmp_path, "log.jsonl", lines))
    assert report.format == "JSON lines, RPA UI Logger"
    assert [event for _, event in found] == expected


def test_a_column_called_event_is_the_action(tmp_path: Path) -> None:
    rows = [
        {"time": f"2024-03-04 08:00:0{n}", "app": "sap", "event": "click", "element": f"step {n}"} for n in range(6)
    ]
    found, report = read(write(tmp_path, "log.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert (len(found), report.columns["action"]) == (6, "event")


def test_a_number_that_is_none_is_an_empty_cell(tmp_path: Path) -> None:
    def log(value: object) -> str:
        rows = [
            {"time": f"2024-03-04 08:00:0{n}", "app": "sap", "action": "edit", "value": value if n else 7.5}
            for n in range(6)
        ]
        return "".join(json.dumps(row) + "\n" for row in rows)

    expected = read(write(tmp_path, "plain.jsonl", log("")))[0]
    for text in (log(float("nan")), log(float("-inf")), "[" + log(float("nan")).replace("\n", ",\n")[:-2] + "]"):
        found, report = read(write(tmp_path, "log.jsonl", text))
        assert (found, report.rows_skipped) == (expected, 0)


def test_whole_numbers_are_written_without_a_fraction() -> None:
    assert flat({"a": 1.7095392e18, "b": 1.0, "c": 1, "d": True, "e": 0.5, "f": None}) == {
        "a": "1709539200000000000", "b": "1", "c": "1", "d": "true", "e": "0.5",
    }  # fmt: skip
    assert cell_text(float("nan")) == ""


NO_LOGS: dict[str, tuple[bytes, str]] = {
    "README.txt": (b"Export of the recorder\nsee the manual\n", "no column of its header is known"),
    "users.csv": (b"id,name\n1,anna\n", "no column of its header is known"),
    "meta.json": (b'{"version":\n3}', "JSON of no kind known here"),
    "z.csv": (b"", "is empty"),
    "head.csv": (table([]).encode(), "holds no events"),
    "book.xlsx": (b"PK\3\4 cut off", "not a workbook|damaged"),
}


@pytest.mark.parametrize("name", [*NO_LOGS, "inner.zip"])
def test_what_is_no_log_in_an_archive_is_passed_over_and_told(tmp_path: Path, name: str) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("log.csv", table(office()))
    content, why = NO_LOGS.get(name, (inner.getvalue(), "an archive within an archive"))
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("log.csv", table(office()))
        archive.writestr(name, content)
    with read_logs([path], key=KEY) as logs:
        assert len(list(logs)) == len(office())
        assert len(logs.passed_over) == 1
        assert re.search(why, logs.passed_over[0])
        assert logs.partly
    with pytest.raises(InputError, match=why):
        read(write(tmp_path, name, content) if name != "inner.zip" else write(tmp_path, "a.zip", _packed(content)))


def _packed(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("inner.zip", content)
    return out.getvalue()


def book(*sheets: tuple[str, list[list[str]]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for title, rows in sheets:
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("before", [[["Export", "5 March"]], [["Log"], ["made by", "host 3"], [], ["a", "b", "c"]]])
def test_titles_of_several_values_before_the_column_names_of_a_workbook(
    tmp_path: Path, plain: Log, before: list[list[str]]
) -> None:
    rows = [list(COLUMNS), *([row.get(name, "") for name in COLUMNS] for row in office())]
    path = write(tmp_path, "log.xlsx", book(("log", [*before, *rows])))
    assert read(path)[0] == plain
    path = write(tmp_path, "other.xlsx", book(("log", [["Wann", "Was getan"], ["2024-03-05 08:00", "click"]])))
    options = ReadOptions(mapping={"time": "Wann", "action": "Was getan"})
    assert len(read(path, options)[0]) == 1, "where no row has known names the first of several values is taken"


def test_all_sheets_of_a_log_are_read(tmp_path: Path) -> None:
    def sheet(rows: list[dict[str, str]]) -> list[list[str]]:
        return [list(COLUMNS), *([row.get(name, "") for name in COLUMNS] for row in rows)]

    rows = office()
    expected = events(write(tmp_path, "plain.csv", table(rows)))
    parts = ("Info", [["made", "by"], ["a", "b"]]), ("May", sheet(rows[:30])), ("June", sheet(rows[30:]))
    path = tmp_path / "log.xlsx"
    path.write_bytes(book(*parts))
    found, report = read(path)
    assert [event for _, event in found] == expected
    assert report.notes == ["sheets 'May', 'June' are read; not read: Info"]
    assert not report.partly
    other = [["time", "action"], ["2024-03-05 08:00:00", "click"]]
    path.write_bytes(book(*parts, ("July", other)))
    found, report = read(path)
    assert [event for _, event in found] == expected
    assert report.partly
    assert "sheet 'July'" in report.unread[0]


def test_names_in_an_encoding_that_was_guessed_wrong_are_told_of(tmp_path: Path) -> None:
    text = table(office()).replace("timeStamp", "Время", 1).replace("eventType", "Действие", 1)
    path = write(tmp_path, "log.csv", text.encode("cp1251"))
    with pytest.raises(InputError, match=r"read as Windows-1252.*--encoding \(such as cp1251"):
        read(path)
    found, _ = read(path, options_of(["time=Время", "action=Действие"], encoding="cp1251"))
    assert len(found) == len(office())


def test_business_events_are_told_to_be_no_ui_events(tmp_path: Path) -> None:
    def log(types: tuple[str, str], attributes: list[dict[str, str]]) -> str:
        events = [
            {"id": f"e{n}", "type": types[n % 2], "time": f"2024-03-05T{n:02}:00:00Z", "attributes": attributes}
            for n in range(20)
        ]
        return json.dumps({"objectTypes": [], "eventTypes": [], "objects": [], "events": events})

    amount, app = [{"name": "amount", "value": "5"}], [{"name": "app", "value": "sap"}]
    business = ("Place Order", "Ship Order")
    notes = [
        read(write(tmp_path, "log.json", log(types, attributes)))[1].notes
        for types, attributes in ((business, amount), (business, app), (("click", "edit"), amount))
    ]
    assert notes == [[NO_UI_EVENTS], [], []]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_of_json_that_is_not_in_its_encoding_is_left_out(tmp_path: Path, encoding: str) -> None:
    text = "".join(json.dumps(row | {"content": "ü"}, ensure_ascii=False) + "\n" for row in office())
    whole = text + text.splitlines()[0].partition("ü")[0] + "ü"
    found, report = read(write(tmp_path, "log.jsonl", whole.encode(encoding)[:-1]))
    assert len(found) == len(office())
    assert [(one.rows, one.first_line) for one in report.skipped] == [(1, len(office()) + 1)]
