"""Logs as people bring them: each kind of file gives what its plain form gives, or says what is missing."""

from __future__ import annotations

import gzip
import json
import random
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.importers import ReadOptions, options_of, read_logs
from collectors.importers.log import ONE_MORE
from collectors.importers.row_log import NAMES_AGAIN, NO_EVENT
from taskstream.errors import InputError
from taskstream.events import UiEvent
from tests.unit.collectors.importers.writing import COLUMNS, KEY, events, office, read, retimed, table, write

Log = list[tuple[str, UiEvent]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """The plain form."""
    found, report = read(write(tmp_path_factory.mktemp("plain"), "plain.csv", table(office())))
    assert report.people == 2
    assert not report.partly
    return found


def whole_seconds(log: Log, size: int = 1_000) -> list[tuple[str, int, UiEvent]]:
    """A log with its times cut to ``size`` milliseconds."""
    return [
        (person, event.at_ms // size, UiEvent(at_ms=0, kind=event.kind, app=event.app, screen=event.screen,
                                              element=event.element, value=event.value))
        for person, event in log
    ]  # fmt: skip


def epoch(moment: datetime) -> float:
    return moment.timestamp()


WRITINGS: dict[str, tuple[Callable[[datetime], str], int]] = {
    "german spreadsheet": (lambda m: f"{m:%d.%m.%Y %H:%M:%S}", 1_000),
    "american spreadsheet": (lambda m: f"{m.month}/{m.day}/{m.year} {m:%I:%M:%S %p}", 1_000),
    "minutes": (lambda m: f"{m:%d/%m/%Y %H:%M}", 60_000),
    "iso minutes": (lambda m: f"{m:%Y-%m-%dT%H:%M}", 60_000),
    "iso, no leading zeros": (lambda m: f"{m.year}-{m.month}-{m.day} {m.hour}:{m:%M:%S.%f}", 1),
    "slashes": (lambda m: f"{m:%Y/%m/%d %H:%M:%S.%f}"[:-3] + " UTC", 1),
    "other zone": (lambda m: (m + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "+02:00", 1),
    "smartrpa": (lambda m: f"{m:%Y-%m-%d %H:%M:%S}:{m.microsecond // 1000:03}", 1),
    "epoch seconds": (lambda m: f"{int(epoch(m))}", 1_000),
    "epoch with fraction": (lambda m: f"{epoch(m):.3f}", 1),
    "epoch milliseconds": (lambda m: f"{round(epoch(m) * 1000)}", 1),
    "epoch microseconds": (lambda m: f"{round(epoch(m) * 1000)}000", 1),
    "epoch nanoseconds": (lambda m: f"{round(epoch(m) * 1000)}000000", 1),
    "ticks of .NET": (lambda m: f"{round(epoch(m) * 1000) * 10_000 + 621_355_968_000_000_000}", 1),
    "times of Windows files": (lambda m: f"{round(epoch(m) * 1000) * 10_000 + 116_444_736_000_000_000}", 1),
    "microseconds since 1601": (lambda m: f"{round(epoch(m) * 1000) * 1_000 + 11_644_473_600_000_000}", 1),
    "time before date": (lambda m: f"{m:%H:%M:%S %d.%m.%Y}", 1_000),
    "database": (lambda m: f"{m:%Y-%m-%d-%H.%M.%S.%f}", 1),
    "underscore": (lambda m: f"{m:%Y-%m-%d_%H:%M:%S.%f}", 1),
    "serial days": (lambda m: f"{25569 + epoch(m) / 86400:.9f}", 1),
    "serial days, comma": (lambda m: f"{25569 + epoch(m) / 86400:.9f}".replace(".", ","), 1),
    "names of months": (lambda m: f"{m:%d %b %Y %H:%M:%S}", 1_000),
    "digits": (lambda m: f"{m:%Y%m%d%H%M%S}", 1_000),
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_times_however_they_are_written(tmp_path: Path, plain: Log, writing: str) -> None:
    write_time, resolution = WRITINGS[writing]
    path = write(tmp_path, "log.csv", table(retimed(office(), write_time), ";"))
    found, report = read(path)
    assert report.times.resolution_ms == resolution
    if resolution < 60_000:
        assert whole_seconds(found, resolution) == whole_seconds(plain, resolution)
    else:  # within a minute the order of the file counts
        assert Counter(whole_seconds(found, resolution)) == Counter(whole_seconds(plain, resolution))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    separator=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
    writing=st.sampled_from([name for name, (_, resolution) in WRITINGS.items() if resolution == 1]),
    order=st.sampled_from(["time", "newest first", "shuffled", "person by person"]),
    packed=st.sampled_from(["", "gz", "zip"]),
    told=st.booleans(),
    seed=st.integers(0, 9),
)
def test_separator_encoding_times_and_order_change_nothing(
    tmp_path: Path, separator: str, encoding: str, writing: str, order: str, packed: str, told: bool, seed: int
) -> None:
    rows = [row | {"userID": row["userID"] or "?"} for row in office(("änne", "bob"))]
    for number, row in enumerate(rows):  # nobody's rows: here each row names its person, so that any order will do
        if row["userID"] == "?":
            value = row["content"]
            row["userID"] = next(
                one["userID"] for one in rows[number - 3 : number][::-1] if one.get("target.value") == value
            )
    expected, _ = read(write(tmp_path, "plain.csv", table(rows)))
    made = retimed(rows, WRITINGS[writing][0])
    if order == "newest first":
        made.reverse()
    elif order == "shuffled":
        random.Random(seed).shuffle(made)
    elif order == "person by person":
        made.sort(key=lambda row: row["userID"])
    text = (f"sep={separator}\r\n" if told else "") + table(made, separator)
    data = text.encode(encoding)
    path = tmp_path / "log"
    if packed == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inner/log.csv", data)
    else:
        path.write_bytes(gzip.compress(data) if packed else data)
    found, report = read(path)
    assert found == expected
    assert (report.rows, report.separator, report.rows_skipped) == (len(rows), separator, 0)


def test_header_names_in_any_case_and_spelling(tmp_path: Path, plain: Log) -> None:
    text = table(office())
    for name, other in (("timeStamp", "Time Stamp"), ("userID", "USER_ID"), ("targetApp", "target.app"),
                        ("eventType", "Event-Type"), ("target.name", "Target Name")):  # fmt: skip
        text = text.replace(name, other, 1)
    found, report = read(write(tmp_path, "log.csv", text))
    assert found == plain
    assert report.columns["person"] == "USER_ID"


@pytest.mark.parametrize("before", ["Export of our recorder\r\n", "# a\r\n\r\n# b, c\r\n"])
def test_lines_before_the_column_names_are_passed_over_and_told(tmp_path: Path, plain: Log, before: str) -> None:
    found, report = read(write(tmp_path, "log.csv", before + table(office())))
    assert found == plain
    assert f"passed over before the column names: {before.count(chr(10))} lines" in report.notes[0]


def test_events_that_lie_in_an_object_of_their_own(tmp_path: Path, plain: Log) -> None:
    rows = office()
    lines = "\n".join(json.dumps({"data": {name: row.get(name, "") for name in COLUMNS}}) for row in rows)
    found, report = read(write(tmp_path, "log.jsonl", lines))
    assert found == plain
    assert report.columns["time"] == "data.timeStamp"


def test_a_mapping_names_columns_that_no_vocabulary_knows(tmp_path: Path, plain: Log) -> None:
    text = (
        table(office())
        .replace("timeStamp", "Start of it", 1)
        .replace("eventType", "Was", 1)
        .replace("targetApp", "Wo", 1)
    )
    path = write(tmp_path, "log.csv", text)
    with pytest.raises(InputError, match=r"--map time='?Start of it'? .*--map action='?Was'?"):
        read(path)
    maps = ["time=Start of it", "action=Was", "app=Wo"]
    found, report = read(path, options_of(maps))
    assert found == plain
    assert "Start of it" not in report.left_out
    with pytest.raises(InputError, match="no column 'Nowhere'; it has: 'Start of it'"):
        read(path, options_of([*maps[1:], "time=Nowhere"]))


def test_date_and_time_in_two_columns(tmp_path: Path, plain: Log) -> None:
    rows = office()
    for row in rows:
        row["Date"], row["Time"] = row.pop("timeStamp")[:-1].split("T")
    path = write(tmp_path, "log.csv", table(rows, columns=("Date", "Time", *COLUMNS[1:])))
    found, report = read(path)
    assert found == plain
    assert (report.columns["time"], report.columns["date"]) == ("Time", "Date")


def test_times_of_day_are_read_with_the_day_given(tmp_path: Path, plain: Log) -> None:
    path = write(tmp_path, "log.csv", table(retimed(office(), lambda m: f"{m:%H:%M:%S.%f}")))
    with pytest.raises(InputError, match="without a date"):
        read(path)
    found, _ = read(path, options_of(day="2024-03-05"))
    assert found == plain


def test_local_times_with_the_zone_given(tmp_path: Path, plain: Log) -> None:
    path = write(
        tmp_path, "log.csv", table(retimed(office(), lambda m: f"{m + timedelta(hours=1):%Y-%m-%d %H:%M:%S.%f}"))
    )
    found, report = read(path, options_of(timezone="Europe/Berlin"))
    assert found == plain
    assert report.times.zone == "Europe/Berlin"


def test_rows_without_times_are_counted_and_told(tmp_path: Path) -> None:
    rows = office()
    for row in rows[::5]:
        row["timeStamp"] = ""
    rows[3]["timeStamp"] = "soon"
    found, report = read(write(tmp_path, "log.csv", table(rows)))
    without = len(rows[::5])
    assert len(found) == len(rows) - without - 1
    assert [(one.rows, one.first_line, one.sample) for one in report.skipped] == [(without, 2, ""), (1, 5, "soon")]
    assert report.partly


@pytest.mark.parametrize("drop", ["timeStamp", "eventType"])
def test_a_log_without_times_or_actions_is_refused(tmp_path: Path, drop: str) -> None:
    path = write(tmp_path, "log.csv", table(office(), columns=[name for name in COLUMNS if name != drop]))
    with pytest.raises(InputError, match=r"no column .* is known to hold") as caught:
        read(path)
    assert "--map" in str(caught.value)


def test_a_stray_quote_costs_one_row(tmp_path: Path) -> None:
    lines = table(office()).split("\r\n")
    lines[20] = lines[20].replace(",Chrome", ',"Chrome').replace(",Excel", ',"Excel')
    found, report = read(write(tmp_path, "log.csv", "\r\n".join(lines)))
    assert len(found) == len(office()) - 1
    assert report.skipped[0].first_line == 21


# whose, and how often ------------------------------------------------------------------------------------------------


def people_of(path: Path, options: ReadOptions | None = None) -> Counter[str]:
    return Counter(person for person, _ in read(path, options)[0])


@pytest.mark.parametrize("name", ["userID", "user_id", "User", "username", "org:resource", "Operator", "performed_by"])
def test_people_by_column(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, "log.csv", table(office(("a", "b", "c"))).replace("userID", name, 1))
    assert len(people_of(path)) == 3
    assert read(path)[1].people == 3


@pytest.mark.parametrize("concatenated", [False, True])
def test_rows_that_name_nobody_belong_to_who_held_their_value_or_came_before(
    tmp_path: Path, concatenated: bool
) -> None:
    rows = office(("a", "b", "c"))
    if concatenated:
        rows = [row for person in "abc" for row in office((person,))]
    path = write(tmp_path, "log.csv", table(rows))
    assert set(people_of(path).values()) == {len(rows) // 3}
    for _, event in read(path)[0]:
        assert event.app != "clipboard"
        assert event.kind != "copy" or event.element == "cell:a"


@pytest.mark.parametrize("order", ["shuffled", "newest first"])
def test_rows_that_name_nobody_belong_to_who_came_before_in_time(tmp_path: Path, order: str) -> None:
    rows = office(("a", "b", "c"), cases=12)
    for row in rows:  # no value tells whose a row is
        row["content"] = row["target.value"] = ""
    expected = Counter(map(repr, read(write(tmp_path, "plain.csv", table(rows)))[0]))
    mixed = rows[::-1] if order == "newest first" else random.Random(2).sample(rows, len(rows))
    found = Counter(map(repr, read(write(tmp_path, "log.csv", table(mixed)))[0]))
    assert found == expected


def test_what_is_skipped_adds_nobody(tmp_path: Path) -> None:
    rows = office(("a", "b"))
    again, total = dict(zip(COLUMNS, COLUMNS, strict=True)), {"timeStamp": "Total", "userID": "77"}
    clipboard = next(n for n, row in enumerate(rows) if not row["userID"])
    path = write(tmp_path, "log.csv", table([*rows[:clipboard], again, *rows[clipboard:], total]))
    found, report = read(path)
    assert (report.people, report.people_named, report.rows_skipped) == (2, 2, 2)
    assert found == read(write(tmp_path, "plain.csv", table(rows)))[0]


def test_in_the_order_of_the_file_names_and_totals_are_no_events(tmp_path: Path) -> None:
    rows = office()
    rows[5]["timeStamp"], rows[6]["timeStamp"] = "", "soon"
    again, total = dict(zip(COLUMNS, COLUMNS, strict=True)), {"timeStamp": "Total", "userID": "77"}
    given = [*rows[:9], again, *rows[9:], total, {}]
    found, report = read(write(tmp_path, "log.csv", table(given)), options_of(order="file"))
    assert [(one.reason, one.rows, one.first_line) for one in report.skipped] == [
        (NAMES_AGAIN, 1, 11), (NO_EVENT, 1, len(rows) + 3),
    ]  # fmt: skip
    assert (len(found), report.people) == (len(rows), 2)


@pytest.mark.parametrize("order", ["time", "file"])
def test_rows_in_which_nothing_stands_are_no_rows(tmp_path: Path, order: Literal["time", "file"]) -> None:
    empty = "," * (len(COLUMNS) - 1)
    lines = table(office()).splitlines()
    path = write(tmp_path, "log.csv", "\n".join([*lines[:9], empty, "   ", *lines[9:], *[empty] * 40]))
    found, report = read(path, ReadOptions(order=order))
    assert (len(found), report.skipped) == (len(office()), [])


def test_where_nobody_is_named_it_is_said(tmp_path: Path) -> None:
    named = write(tmp_path, "a.csv", table(office()))
    moved = retimed(office(("x",)), lambda m: f"{m + timedelta(days=1):%Y-%m-%dT%H:%M:%S.%f}")
    nobody = write(tmp_path, "b.csv", table([row | {"userID": "NULL"} for row in moved]))
    report = read(nobody)[1]
    assert (report.people, report.people_named) == (1, 0)
    assert "; nobody named" in "".join(report.lines())
    assert "; 2 people" in "".join(read(named)[1].lines())
    with read_logs([named, nobody], key=KEY) as logs:
        assert [report.notes for report in logs.reports] == [[], [ONE_MORE]]


def test_a_column_that_seems_to_tell_people_is_told_where_none_is_read(tmp_path: Path) -> None:
    rows = [{"Signed in user" if key == "userID" else key: text for key, text in row.items()} for row in office()]
    columns = ["Signed in user" if name == "userID" else name for name in COLUMNS]
    path = write(tmp_path, "log.csv", table(rows, columns=columns))
    report = read(path)[1]
    assert report.people_named == 0
    assert [note for note in report.notes if "--map person='Signed in user'" in note]
    told = read(path, ReadOptions(mapping={"person": "Signed in user"}))[1]
    assert (told.people_named, told.notes) == (2, [])
    assert read(path, ReadOptions(mapping={"person": ""}))[1].notes == []


def test_files_are_people_only_when_asked(tmp_path: Path) -> None:
    days = []
    for day in range(3):
        moved = retimed(office(("ann",)), lambda m, day=day: f"{m + timedelta(days=day):%Y-%m-%dT%H:%M:%S.%f}")  # type: ignore[misc]
        days.append(write(tmp_path, f"day{day}.csv", table(moved)))
    for options, people in ((ReadOptions(), {"ann"}), (options_of(person_per_file=True), {p.name for p in days})):
        with read_logs(days[::-1], key=KEY, options=options) as logs:
            found = list(logs)
        assert {one.person for one in found} == people
        assert [one.event.at_ms for one in found] == sorted(one.event.at_ms for one in found)


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path, "log.csv", table(office()))
    packed = write(tmp_path, "copy.csv.gz", gzip.compress(path.read_bytes()))
    with read_logs([path, path, packed], key=KEY) as logs:
        assert len(list(logs)) == len(office())
        assert logs.repeated == [
            "log.csv holds the same as log.csv: read once", "copy.csv.gz holds the same as log.csv: read once",
        ]  # fmt: skip
        assert not logs.partly


def test_rows_that_two_files_share_are_read_once(tmp_path: Path) -> None:
    rows = office()
    first, second = write(tmp_path, "a.csv", table(rows[:40])), write(tmp_path, "b.csv", table(rows[30:]))
    expected = events(write(tmp_path, "all.csv", table(rows)))
    with read_logs([first, second], key=KEY) as logs:
        assert [one.event for one in logs] == expected
        assert logs.reports[1].repeated == 10


def test_a_stretch_that_a_file_holds_twice_is_read_once(tmp_path: Path) -> None:
    rows = office()
    twice = [*rows, *rows[:30]]
    for order in (twice, random.Random(3).sample(twice, len(twice))):
        found, report = read(
            write(tmp_path, "log.csv", table([row | {"userID": row["userID"] or "x"} for row in order]))
        )
        assert (len(found), report.repeated) == (len(rows), 30)
    found, report = read(write(tmp_path, "log.csv", table([*rows, rows[7], rows[9]])))
    assert (len(found), report.repeated) == (len(rows) + 2, 0), "what a recorder wrote twice stays"


def test_our_own_events_keep_the_order_in_which_an_agent_told_them(tmp_path: Path) -> None:
    times = [0, 5_000, 4_000, 9_000, 8_500]

    def lines(order: list[int]) -> str:
        return "".join(
            json.dumps({"person": "a", "event": {"at_ms": at_ms, "kind": "click"}}) + "\n" for at_ms in order
        )

    assert [event.at_ms for event in events(write(tmp_path, "a.jsonl", lines(times)))] == times
    far = [at_ms + 3_600_000 * n for n in range(30) for at_ms in times[:2]]
    shuffled = random.Random(1).sample(far, len(far))
    assert [event.at_ms for event in events(write(tmp_path, "b.jsonl", lines(shuffled)))] == sorted(far)


@pytest.mark.parametrize("options", [ReadOptions(), options_of(["name=target.name"])])
def test_of_two_columns_of_one_name_the_filled_one_is_read(tmp_path: Path, plain: Log, options: ReadOptions) -> None:
    rows = office()
    text = table([row | {"empty": ""} for row in rows], columns=("empty", *COLUMNS)).replace("empty", "target.name", 1)
    assert read(write(tmp_path, "log.csv", text), options)[0] == plain
