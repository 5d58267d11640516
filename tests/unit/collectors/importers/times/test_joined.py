"""A date in one cell and a time of day in another."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import openpyxl
import pytest

from collectors.importers import ReadOptions
from collectors.importers.times import LogClock, joined
from taskstream.errors import InputError
from tests.unit.collectors.importers import writing


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        ("2024-03-11T00:00:00", "08:00:05"), ("11.03.2024 00:00:00", "08:00:05"), ("2024-03-11", "08:00:05"),
        ("11.03.2024 00:00:00", "30.12.1899 08:00:05"), ("2024-03-11", "1899-12-30T08:00:05"),
        ("11/03/2024 12:00:00 AM", "1/1/1900 8:00:05 AM"), ("2024-03-11 00:00", "0001-01-01 08:00:05"),
    ],
)  # fmt: skip
def test_the_date_of_one_cell_goes_with_the_time_of_the_other(day: str, clock: str) -> None:
    assert LogClock("t").read(joined(day, clock)) == int(datetime(2024, 3, 11, 8, 0, 5, tzinfo=UTC).timestamp()) * 1000
    assert not LogClock("t").has_dates([clock])


def test_two_dates_that_contradict_each_other_are_no_time() -> None:
    assert LogClock("t").read(joined("2024-03-05", "2024-03-11 08:00:05")) == -1


@pytest.mark.parametrize("day", range(1, 29))
def test_a_workbook_with_a_date_cell_beside_a_time_cell(day: int, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["date", "time", "user", "app", "action", "element"])
    for second in range(3):
        book.active.append([datetime(2024, 3, day), time(8, 0, second), "ann", "sap", "click", "save"])
    book.save(tmp_path / "log.xlsx")
    _, report = writing.read(tmp_path / "log.xlsx")
    assert report.times.first == f"2024-03-{day:02} 08:00:00 UTC"
    assert report.rows == 3


ACCESS = "date,time,user,app,action,element\n05.03.2024 00:00:00,30.12.1899 08:00:00,ann,sap,click,save\n"


def test_a_time_column_on_the_day_zero_of_access_leaves_the_date_to_its_neighbour(tmp_path: Path) -> None:
    _, report = writing.read(writing.write(tmp_path, "log.csv", ACCESS))
    assert report.times.first == "2024-03-05 08:00:00 UTC"


def test_days_zero_alone_are_times_of_day_without_a_date(tmp_path: Path) -> None:
    path = writing.write(tmp_path, "log.csv", ACCESS)
    with pytest.raises(InputError, match="times of day without a date"):
        writing.read(path, ReadOptions(mapping={"date": ""}))
