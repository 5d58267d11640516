"""Recorded logs are dealt completely, in order, in contiguous parts."""

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.cli.replay import replay
from collectors.importers import read_logs
from collectors.importers.dealing import BETWEEN_LOGS_MS, DealtDesktop, deal, duration_ms, schedule
from taskstream.errors import InputError, UsageError
from taskstream.events import UiEvent

KEY = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """25 events of two people, one every second."""
    path = tmp_path / "log.csv"
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(
            ["timeStamp", "userID", "targetApp", "eventType", "url", "content", "target.name", "target.value"]
        )
        for number in range(25):
            time = f"2024-01-01T10:00:{number:02}.000Z"
            person = "ann" if number < 15 else "bob"
            writer.writerow(
                [time, person, "Chrome", "clickButton", "https://x.example/form", "", f"field {number}", "secret value"]
            )
    return path


def dealt_of(logs: list[Path], desktops: int) -> list[DealtDesktop]:
    with read_logs(logs, key=KEY) as read:
        return deal(read, desktops)


@pytest.fixture
def later(log: Path) -> Path:
    """The same a day later."""
    path = log.with_name("later.csv")
    path.write_text(log.read_text().replace("2024-01-01", "2024-01-02"))
    return path


def test_each_log_is_dealt_in_contiguous_parts_to_the_same_desktops(log: Path, later: Path) -> None:
    dealt = dealt_of([log, later], 4)
    assert [[(part.first, part.last) for part in desktop.parts] for desktop in dealt] == [
        [(0, 6), (0, 6)], [(7, 12), (7, 12)], [(13, 18), (13, 18)], [(19, 24), (19, 24)],
    ]  # fmt: skip
    assert sum(len(desktop.events) for desktop in dealt) == 50
    first = dealt[0].events
    assert first[7].at_ms - first[6].at_ms == BETWEEN_LOGS_MS
    assert [event.element for event in first[:7]] == [event.element for event in first[7:]]


def test_without_a_number_every_person_is_a_desktop(log: Path) -> None:
    assert [(desktop.name, len(desktop.events)) for desktop in dealt_of([log], 0)] == [
        ("person ann", 15),
        ("person bob", 10),
    ]


def test_more_desktops_than_events(log: Path) -> None:
    assert len(dealt_of([log], 100)) == 25


def test_a_missing_log_deals_nothing(log: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        dealt_of([log, log.with_name("none.csv")], 2)


@settings(max_examples=50)
@given(
    times=st.lists(st.lists(st.integers(0, 10_000), min_size=1, max_size=20), min_size=1, max_size=4),
    end=st.one_of(st.none(), st.integers(20_000, 30_000)),
    skipped=st.integers(0, 3),
)
def test_the_schedule_holds_every_event_once_in_order(times: list[list[int]], end: int | None, skipped: int) -> None:
    desktops = [
        DealtDesktop(f"d{n}", [], [UiEvent(at_ms=at, kind="click", element=str(i)) for i, at in enumerate(own)])
        for n, own in enumerate(times)
    ]
    played = list(schedule(desktops, end, [skipped] * len(desktops)))
    arrivals = [arrival for arrival, _, _ in played]
    assert arrivals == sorted(arrivals)
    for number, own in enumerate(times):
        events = [event for _, of, event in played if of == number]
        assert [event.element for event in events] == [str(i) for i in range(skipped, len(own))]
        if end is not None and skipped == 0:
            assert max(event.at_ms for event in events) == end
            assert [event.at_ms - events[0].at_ms for event in events] == [at - own[0] for at in own]
    assert duration_ms(desktops) == max(max(own) - min(own) for own in times)


def test_dry_run_tells_the_plan_and_no_value(log: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        replay, [str(log), "--desktops", "2", "--dry-run", "--json", "--home", str(tmp_path / "home")]
    )
    assert result.exit_code == 0, result.output
    assert '"events": 25' in result.output
    assert '"sent": 0' in result.output
    assert "secret" not in result.output


@pytest.mark.parametrize("bad", [["--speed", "-1"], ["--speed", "fast"], ["--run-id", "../x"], ["--desktops", "-2"]])
def test_bad_options_are_refused(log: Path, tmp_path: Path, bad: list[str]) -> None:
    result = CliRunner().invoke(replay, [str(log), "--dry-run", "--home", str(tmp_path / "home"), *bad])
    assert result.exit_code != 0 or isinstance(result.exception, UsageError)
    assert not (tmp_path / "home" / "replay").exists()
