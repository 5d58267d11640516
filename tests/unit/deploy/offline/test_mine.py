"""``taskstream mine``: what it prints and writes, and how it answers bad input."""

from __future__ import annotations

import csv
import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli.mine import mine
from taskstream.cli.main import main
from taskstream.errors import InputError, UsageError

LOG = Path(__file__).parents[4] / "deploy" / "demo" / "StudentRecord.csv"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(mine, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_the_files_name_every_event_of_an_execution(tmp_path: Path) -> None:
    assignments, routines = tmp_path / "a.csv", tmp_path / "r.json"
    output = run(str(LOG), "--json", "--assignments", str(assignments), "--routines", str(routines))
    summary = json.loads(output)
    assert summary["events"] == 2_409
    assert summary["opportunities"][0]["executions"] == summary["executions"] == 50
    rows = list(csv.DictReader(assignments.open(newline="")))
    named = {int(row["event"]) for row in rows}
    assert named <= set(range(2_409))
    assert len(named) >= 2_400
    assert len({row["segment"] for row in rows}) == 50
    listed = json.loads(routines.read_text())
    assert {row["routine"] for row in rows} == {one["routine"] for one in listed}
    assert all(0 <= event < 2_409 for one in listed for event in one["example_events"])


def test_a_person_reads_a_table_and_that_it_is_their_own() -> None:
    output = run(str(LOG))
    assert "50 executions" in output
    assert "your own files" in output


def test_nothing_repeated_is_said_honestly(tmp_path: Path) -> None:
    log = tmp_path / "one.csv"
    log.write_text("timeStamp,targetApp,eventType,target.name\n2020-01-01T00:00:00Z,Chrome,clickButton,Save\n")
    assert "No repeated work found" in run(str(log))


def test_too_few_people_are_the_reason_where_work_recurs() -> None:
    output = " ".join(run(str(LOG), "--people", "3").split())
    assert "too few people. 50 executions are told apart, but fewer than 3 people are recorded" in output
    assert "three times or more" not in output
    assert "fewer than 3 people" in json.loads(run(str(LOG), "--people", "3", "--json"))["nothing_listed"]


def test_routines_that_people_do_not_share_are_the_reason(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(
        "time,user,app,action,label\n"
        + "".join(
            f"2024-03-05T{8 + i // 60:02}:{i % 60:02}:{10 * n:02}Z,eve,mail,click,{label}\n"
            for i in range(90)
            for n, label in enumerate(("Reply", "Attach", "Send"))
        )
    )
    output = " ".join(run(str(LOG), str(other), "--people", "2").split())
    assert "none that would be listed is shared by 2 people or more" in output


def test_what_is_not_sure_is_told_apart_from_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = json.loads(run(str(LOG), "--json"))
    (sure,) = listed["sure"].values()
    assert 0.8 < sure <= 1
    assert listed["not_sure"] == []
    monkeypatch.setattr("deploy.offline.mine.LISTED_SURE", 1.1)
    output = run(str(LOG))
    assert "Nothing certain found" in output
    assert f"Seen, but not sure: {listed['opportunities'][0]['name']}" in " ".join(output.split())


def test_what_is_left_out_since_nothing_is_done_in_it_is_told_and_can_be_listed(tmp_path: Path) -> None:
    rng = random.Random(5)
    tasks = (("Open order", "Note", "Amount", "Save"), ("Map", "Zoom", "Layer", "Measure"))
    rows, at = ["timestamp,user,application,event,name"], 1_700_000_000
    for number in range(80):
        for name in tasks[rng.random() < 0.4]:
            at += rng.randint(2, 4)
            rows.append(f"{at},u{number // 40},erp,clickButton,{name}")
        at += rng.randint(30, 90)
    log = tmp_path / "log.csv"
    log.write_text("\n".join(rows))
    plain = json.loads(run(str(log), "--json"))
    (left,) = plain["idle"]
    assert left == {"name": "Map, Zoom, Layer, Measure", "executions": 80 - plain["executions"], "people": 2}
    assert len(plain["opportunities"]) == 1
    text = " ".join(run(str(log)).split())
    assert f"Left out: {left['executions']} executions of a recurring sequence" in text
    assert f"Map, Zoom, Layer, Measure ({left['executions']} times). --idle lists them" in text
    kept = json.loads(run(str(log), "--json", "--idle"))
    assert kept["idle"] == []
    assert kept["executions"] == 80
    assert len(kept["opportunities"]) == 2
    assert json.loads(run(str(log), "--json", "--people", "3"))["idle"] == [], "too few people do it"


def test_files_are_people_only_when_asked(tmp_path: Path) -> None:
    later = tmp_path / "later.csv"
    later.write_text(LOG.read_text().replace("2019-10-21", "2019-10-22"))
    summary = json.loads(run(str(LOG), str(later), "--person-per-file", "--people", "2", "--json"))
    assert 100 <= summary["executions"] <= 102
    assert summary["opportunities"][0]["people"] == 2
    assert not json.loads(run(str(LOG), str(later), "--people", "2", "--json"))["opportunities"]


def test_it_tells_what_logs_were_taken_for() -> None:
    text = run(str(LOG), str(LOG))
    assert "StudentRecord.csv: RPA UI Logger" in text
    assert "2,409 read, 0 skipped, 0 repeated; 1 person" in text
    assert "StudentRecord.csv holds the same as StudentRecord.csv: read once" in text
    (log,) = json.loads(run(str(LOG), "--json"))["reading"]["logs"]
    assert (log["rows"], log["people"], log["columns"]["time"]) == (2_409, 1, "timeStamp")


HEAD = "timeStamp,userID,targetApp,eventType,target.name\n"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("2024-03-05T08:00:00Z,a,Excel,click,x\n", 0),
        ("2024-03-05T08:00:00Z,a,Excel,click,x\n,a,Excel,click,x\n", 6),
        (",a,Excel,click,x\n", 3),
    ],
)
def test_exit_codes_tell_all_part_and_nothing_read_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: str, code: int
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(HEAD + rows)
    for options in ([], ["--json"], ["--explain"]):
        monkeypatch.setattr("sys.argv", ["taskstream", "mine", str(path), *options])
        with pytest.raises(SystemExit) as ended:
            main()
        assert (ended.value.code or 0) == code


def test_no_duration_below_the_resolution_of_the_times_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    steps = "abcde"
    rows = "".join(
        f"2024-03-05 {8 + case // 6:02}:{case % 6 * 10:02},p,excel,click,{step}\n"
        for case in range(30)
        for step in steps
    )
    path.write_text(HEAD + rows)
    text = run(str(path))
    assert "resolution 1 min" in text
    assert "under 1 min" in text
    assert "0 ms" not in text
    assert "told to the minute alone" in text
    summary = json.loads(run(str(path), "--json"))
    assert summary["resolution_ms"] == 60_000
    assert {one["durations"]["active_median"] for one in summary["opportunities"]} == {"under 1 min"}


def test_explain_shows_the_first_rows_and_a_mapping_that_reads_the_same(tmp_path: Path) -> None:
    path, mapping = tmp_path / "log.csv", tmp_path / "m.toml"
    path.write_text('When it "was",userID,targetApp,eventType,target.name\n2024-03-05 08:00,a,Excel,click,x\n')
    arguments = [str(path), "--explain", "--json", "--timezone", "Europe/Berlin"]
    shown = json.loads(run(*arguments, "--map", 'time=When it "was"'))
    (row,) = shown["rows"]
    assert (row["time"], row["person"], row["activity"]) == (
        "2024-03-05 07:00:00.000+00:00",
        "a",
        "excel|click||element:x",
    )
    mapping.write_text(shown["mappings"][0])
    assert json.loads(run(str(path), "--explain", "--json", "--mapping", str(mapping)))["rows"] == [row]
    assert "a  excel|click||element:x" in run(str(path), "--explain", "--mapping", str(mapping))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["nowhere.csv"], InputError),
        ([str(LOG), str(LOG), "--assignments", "a.csv"], UsageError),
        ([str(LOG), "--routines", "/no/such/folder/r.json"], UsageError),
    ],
)
def test_bad_input_is_one_error(arguments: list[str], error: type[Exception]) -> None:
    with pytest.raises(error):
        CliRunner().invoke(mine, arguments, catch_exceptions=False, standalone_mode=False)


def test_evidence_tells_all_that_is_known_of_each_routine() -> None:
    text = run(str(LOG), "--evidence")
    for title in ("steps", "values moved", "variants", "process map"):
        assert f"\n{title}" in text
    listed = json.loads(run(str(LOG), "--evidence", "--json"))
    assert [one["id"] for one in listed["evidence"]] == [one["id"] for one in listed["opportunities"]]
    assert "evidence" not in json.loads(run(str(LOG), "--json"))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("yesterday,a,Excel,click,x\n", ("timeStamp", "yesterday", "--map time=COLUMN")),
        ("01/03/2024 08:00,a,Excel,click,x\n02/03/2024 08:00,a,Excel,click,x\n",
         ("timeStamp", "01/03/2024 08:00", "--date-order")),
    ],
)  # fmt: skip
def test_a_refusal_is_told_to_programs_too(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    row: str,
    told: tuple[str, str, str],
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(HEAD + row)
    monkeypatch.setattr("sys.argv", ["taskstream", "mine", str(path), "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert err == f"taskstream: {said['error']}\n"
    assert (said["file"], said["column"], said["sample"], said["option"]) == ("log.csv", *told)
    assert said["exit_code"] == ended.value.code == InputError.exit_code


def test_a_missing_file_is_told_to_programs_too_and_only_to_those_that_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for options in ([], ["--json"]):
        monkeypatch.setattr("sys.argv", ["taskstream", "mine", str(tmp_path / "none.csv"), *options])
        with pytest.raises(SystemExit):
            main()
        out = capsys.readouterr().out
        assert bool(out) == bool(options)
    assert json.loads(out)["file"] == "none.csv"


def test_a_wrong_option_is_told_to_programs_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["taskstream", "mine", str(LOG), "--json", "--people", "none"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = json.loads(capsys.readouterr().out)
    assert (said["exit_code"], said["option"]) == (ended.value.code, "--people")


def test_a_header_that_is_not_known_is_explained_with_the_mapping_that_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, mapping = tmp_path / "log.csv", tmp_path / "M.toml"
    rows = [
        f"2024-03-05T08:{i:02}:00Z,u1,{('Excel', 'Chrome')[i % 2]},{('getCell', 'editField')[i % 2]},secret{i}\n"
        for i in range(30)
    ]
    path.write_text("Begin,Wer,Program name,Vorgang,content\n" + "".join(rows))
    monkeypatch.setattr("sys.argv", ["taskstream", "mine", str(path), "--explain"])
    with pytest.raises(SystemExit) as ended:
        main()
    out = capsys.readouterr().out
    assert ended.value.code == InputError.exit_code
    assert "2024-03-05T08:00:00Z | 2024-03-05T08:01:00Z" in out
    assert "secret" not in out
    assert "--map time=Begin --map action=Vorgang --map app='Program name' --map person=Wer\n" in out
    mapping.write_text(out[out.index("[columns]") :])
    (log,) = json.loads(run(str(path), "--mapping", str(mapping), "--json"))["reading"]["logs"]
    assert (log["rows"], log["rows_skipped"], log["people"]) == (30, 0, 1)


def test_what_is_read_in_a_sheet_and_typed_elsewhere_begins_with_the_reading(tmp_path: Path) -> None:
    rows = ["time,user,app,action,window,sheet,cell,field,value"]
    for case in range(30):
        minute = f"2024-03-05T{8 + case // 60:02}:{case % 60:02}"
        rows += [
            f"{minute}:00Z,eve,Excel,getCell,,Open items,A{case + 2},,PO-{case:05}",
            f"{minute}:05Z,eve,SAP,editField,Create order,,,orderNo,PO-{case:05}",
            f"{minute}:10Z,eve,Excel,getCell,,Open items,D{case + 2},,{case}17.5",
            f"{minute}:15Z,eve,SAP,editField,Create order,,,amount,{case}17.5",
            f"{minute}:20Z,eve,SAP,clickButton,Create order,,,save,",
        ]
    log = tmp_path / "log.csv"
    log.write_text("\n".join(rows))
    (found,) = json.loads(run(str(log), "--json"))["opportunities"]
    assert (found["executions"], found["active_median_ms"], found["transferred_values"]) == (30, 20_000, 2.0)
    assert found["apps"] == ["excel", "sap"], "values are moved from where nothing is written"


def test_times_to_the_minute_give_the_same_hours_on_average(tmp_path: Path) -> None:
    draw = random.Random(6)
    rows = {form: ["time,user,app,action,label"] for form in ("%H:%M:%S", "%H:%M")}
    moment = datetime(2024, 3, 5, 8)
    for _ in range(90):
        for n, label in enumerate(("Number", "Amount", "Town", "Account", "Save")):
            moment += timedelta(seconds=draw.randint(6, 10) if n else draw.randint(100, 200))
            for form, lines in rows.items():
                action = "clickButton" if label == "Save" else "editField"
                lines.append(f"2024-03-05 {moment:{form}},eve,crm,{action},{label}")
    totals = []
    for number, lines in enumerate(rows.values()):
        log = tmp_path / f"{number}.csv"
        log.write_text("\n".join(lines))
        (found,) = json.loads(run(str(log), "--json"))["opportunities"]
        assert found["executions"] == 90
        totals.append(found["active_total_ms"])
    assert totals[1] == pytest.approx(totals[0], rel=0.2), "half of it, where a gap of a minute counts by 30 s"


def test_two_tasks_that_begin_with_the_same_sign_in_are_two(tmp_path: Path) -> None:
    tasks = ("menu claims", "policy no", "file claim"), ("menu address", "customer no", "store address")
    draw = random.Random(5)
    rows = ["time,user,app,action,url,label"]
    for case in range(60):
        task = draw.choice(tasks)
        steps = [
            ("login", what, label)
            for what, label in (
                ("navigateTo", ""),
                ("editField", "user"),
                ("editField", "password"),
                ("clickButton", "sign in"),
            )
        ]
        steps += [("home", "clickLink", task[0]), ("form", "editField", task[1]), ("form", "clickButton", task[2])]
        rows += [
            f"2024-03-05T{8 + case // 60:02}:{case % 60:02}:{4 * n:02}Z,eve,chrome,{what},https://x.example/{page},{label}"
            for n, (page, what, label) in enumerate(steps)
        ]
    log = tmp_path / "log.csv"
    log.write_text("\n".join(rows))
    found = json.loads(run(str(log), "--json"))["opportunities"]
    assert sum(one["executions"] for one in found) == 60
    assert [(len(one["steps"]), one["active_median_ms"]) for one in found] == [(7, 24_000)] * 2
