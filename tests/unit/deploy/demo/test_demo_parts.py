"""The demo's parts: players' summaries, counts, the report and the views."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from deploy.demo import players, report
from deploy.demo.players import Player, parse
from deploy.demo.report import Freshness, PlayedSource, Report, Versions, events_of
from deploy.demo.view import Lines, Sample, render
from deploy.local.home import ComponentState, InstanceState, ServiceState
from taskstream.errors import DataLossError, ServiceError, UsageError

SUMMARY = {"events": 3, "sent": 3, "agents": [{"agent": "a1", "actor": "x"}, {"agent": "a2", "actor": "y"}]}


def _finish(player: Player) -> None:
    deadline = time.monotonic() + 10
    while not player.finished():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_players_summary_is_found_among_what_it_says() -> None:
    played = parse("team", f"note: something\n{json.dumps(SUMMARY, indent=2)}\nbye\n")
    assert (played.events, played.sent, played.agents) == (3, 3, ("a1", "a2"))


@pytest.mark.parametrize("said", ["", "{", '{"events": 1}', "Traceback", '{"events": 1, "sent": "x", "agents": []}'])
def test_a_player_without_a_summary_is_an_error(said: str) -> None:
    with pytest.raises(ServiceError, match="team ended without its summary"):
        parse("team", said)


def test_a_player_is_a_process_that_ends_with_its_summary_or_its_error(tmp_path: Path) -> None:
    says = Player("r", ["-c", f"print({json.dumps(SUMMARY)!r})"], tmp_path / "r.log", {}, program=[sys.executable])
    says.start()
    _finish(says)
    assert says.played is not None
    assert says.seconds > 0
    fails = Player(
        "r", ["-c", "import sys; sys.exit('taskstream: no such log')"], tmp_path / "f.log", {}, program=[sys.executable]
    )
    fails.start()
    with pytest.raises(ServiceError, match="r: no such log"):
        _finish(fails)


def test_the_recordings_are_here_with_their_licence() -> None:
    assert all(path.is_file() for path in players.RECORDINGS)
    assert "Apache License" in (players.RECORDINGS[0].parent / "LICENSE-RPM_Segmentator.txt").read_text()


@pytest.mark.parametrize(
    ("sent", "stored", "distinct", "lost", "duplicated"),
    [(10, 10, 10, 0, 0), (10, 9, 9, 1, 0), (10, 11, 10, 0, 1), (10, 10, 9, 1, 1), (0, 0, 0, 0, 0)],
)
def test_lost_and_duplicated_follow_from_the_counts(
    sent: int, stored: int, distinct: int, lost: int, duplicated: int
) -> None:
    events = events_of(sent, stored, distinct)
    assert (events.lost, events.duplicated) == (lost, duplicated)
    found = Report("r", events, Freshness(1, 2), {}, 0, (PlayedSource("s", 1, sent, sent),), Versions("4", "26"), ())
    if lost or duplicated:
        with pytest.raises(DataLossError, match=f"{lost} lost, {duplicated} duplicated"):
            found.check()
    else:
        found.check()


def test_the_report_has_the_promised_keys(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    report.writable(path)
    report.write(path, Report("r", events_of(1, 1, 1), Freshness(1, 2), {"total": 3}, 0, (), Versions("4", "26"), ()))
    found = json.loads(path.read_bytes())
    assert found["events"] == {"sent": 1, "stored": 1, "lost": 0, "duplicated": 0}
    assert found["freshness_ms"] == {"p50": 1, "p99": 2}
    assert found["seconds"] == {"total": 3}
    assert (found["dead_letters"], found["opportunities"]) == (0, [])
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_that_cannot_be_written_is_said_before_the_run(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere" / "out.json"):
        with pytest.raises(UsageError, match="cannot be written"):
            report.writable(path)


def test_views_show_components_flow_and_addresses() -> None:
    component = ComponentState("worker", "running", 1, 1, 0, 0, "log")
    state = InstanceState(
        1,
        1,
        "demo",
        "db",
        "p.",
        ServiceState("127.0.0.1:9", True, 1, "4.1.1"),
        None,
        "http://127.0.0.1:8",
        (component,),
    )
    sample = Sample(phase="playing", events_in=1234, stored=1200, expected=7000, lag=34)
    screen, log = io.StringIO(), io.StringIO()
    Console(file=screen, width=100).print(render(sample, state))
    text = screen.getvalue()
    for words in ("playing", "worker", "1,234", "1,200", "34", "http://127.0.0.1:8", "Apache Kafka 4.1.1"):
        assert words in text
    lines = Lines(Console(file=log, width=100))
    lines.update(sample, state)
    lines.update(sample, state)
    assert log.getvalue() == "playing\n"
    for waited_s in (4.9, 5.0, 9.9, 10.0):  # a phase that lasts says so, and how far it is
        lines.update(msgspec.structs.replace(sample, waited_s=waited_s), state)
    assert log.getvalue().splitlines()[1:] == [
        "playing (5 s): 1,200 of 7,000 events stored, 34 messages wait",
        "playing (10 s): 1,200 of 7,000 events stored, 34 messages wait",
    ]
    for stored, words in (1200, "1,200 events stored"), (0, "no events yet"):  # how many there will be is not known
        log.truncate(0)
        lines.update(
            msgspec.structs.replace(sample, expected=0, stored=stored, waited_s=15.0 if stored else 20.0), state
        )
        assert words in log.getvalue()
