"""Times of day without a date over several days."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.importers import ReadOptions, ReadReport
from collectors.importers.times.day_turns import DayTurns
from tests.unit.collectors.importers import writing


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


@given(
    st.lists(st.lists(st.integers(0, 3_500), min_size=3, max_size=12).map(sorted), min_size=1, max_size=6),
    st.integers(1, 30),
)
def test_days_of_an_hour_each_are_counted_in_blocks_of_any_size(days: list[list[int]], block: int) -> None:
    texts = [_clock(8 * 3600 + second) for day in days for second in [0, 1, 2, *day, 3_501]]
    turns = DayTurns("2024-02-28", grouped=False)
    found = [
        text for n in range(0, len(texts), block) for text in turns.dated(texts[n : n + block], [0] * block)
    ]  # fmt: skip
    dates = ["2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"]
    assert [text[:10] for text in found] == [dates[n] for n, day in enumerate(days) for _ in range(len(day) + 4)]
    assert turns.days == len(days)
    assert bool(turns.told()) == (len(days) > 1)


def test_a_row_that_came_late_begins_no_day() -> None:
    turns = DayTurns("2024-03-04", grouped=False)
    found = turns.dated(["09:00:00", "08:00:00", "09:00:05", "09:00:06"], [0] * 4)
    assert {text[:10] for text in found} == {"2024-03-04"}
    assert not turns.told()


def test_people_whose_rows_stand_together_begin_on_the_same_day() -> None:
    turns = DayTurns("2024-03-04", grouped=True)
    found = turns.dated(["08:00:00", "16:00:00", "08:00:00", "08:00:00", "16:00:00"], [1, 1, 1, 2, 2])
    assert [text[:10] for text in found] == ["2024-03-04", "2024-03-04", "2024-03-05", "2024-03-04", "2024-03-04"]


def report_of(folder: Path, rows: list[str], order: str = "time") -> ReadReport:
    text = "time,user,app,action,element\n" + "".join(f"{row},sap,click,save\n" for row in rows)
    options = ReadOptions(day="2024-03-04", order=order)  # type: ignore[arg-type]
    return writing.read(writing.write(folder, "log.csv", text), options)[1]


DAY = [f"{8 + minute // 60:02}:{minute % 60:02}:00" for minute in range(120)]


@pytest.mark.parametrize("days", [1, 3])
def test_later_days_follow_the_date_that_was_given_and_are_told(days: int, tmp_path: Path) -> None:
    report = report_of(tmp_path, [f"{time},ann" for time in DAY * days])
    assert report.times.last == f"2024-03-0{3 + days} 09:59:00 UTC"
    assert bool(report.notes) == (days > 1)
    if days > 1:
        assert "step back behind '09:59:00', each time" in report.notes[0]
        assert "3 days, 2024-03-04 to 2024-03-06" in report.notes[0]


def test_each_person_of_a_file_by_person_begins_on_the_date_given(tmp_path: Path) -> None:
    report = report_of(tmp_path, [f"{time},{person}" for person in ("ann", "bob", "cid") for time in DAY])
    assert report.times.last == "2024-03-04 09:59:00 UTC"
    assert not report.notes


def test_in_no_rising_order_days_are_not_counted_and_that_is_told(tmp_path: Path) -> None:
    report = report_of(tmp_path, [f"{time},ann" for time in (DAY * 2)[::-1]])
    assert report.times.last == "2024-03-04 09:59:00 UTC"
    assert "do not rise in the file, so that all rows are taken to be of 2024-03-04" in report.notes[0]
