"""``taskstream mine``: what it prints and writes, and how it answers bad input."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli.mine import mine
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
    assert {int(row["event"]) for row in rows} == set(range(2_409))
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


def test_several_logs_are_several_people(tmp_path: Path) -> None:
    copy = tmp_path / "copy.csv"
    copy.write_bytes(LOG.read_bytes())
    summary = json.loads(run(str(LOG), str(copy), "--people", "2", "--json"))
    assert summary["executions"] == 100
    assert summary["opportunities"][0]["people"] == 2


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
