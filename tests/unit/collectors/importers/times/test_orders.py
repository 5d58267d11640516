"""The order of day, month and year: told by the data, or asked for; never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collectors.importers.times import LogClock
from taskstream.errors import InputError


def days_of(texts: list[str], **options: object) -> list[str]:
    """The days on which a column's times are read to be."""
    clock = LogClock("time", **options)  # type: ignore[arg-type]
    clock.learn(texts, len(texts))
    clock.settle()
    return [f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d}" for at_ms in map(clock.read, texts)]


@settings(max_examples=200, deadline=None)
@given(
    st.dates(date(2004, 1, 1), date(2029, 12, 1)),
    st.integers(2, 20),
    st.sampled_from([
        "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m.%d.%Y", "%a %d/%m/%Y", "%a %m/%d/%Y", "%d.%m.%y", "%m.%d.%y",
        "%d/%m/%y", "%m/%d/%y", "%y/%m/%d", "%d-%m-%y", "%y-%m-%d", "%a %y-%m-%d", "%Y.%m.%d", "%a %m.%d.%Y",
    ]),
)  # fmt: skip
@example(date(2024, 3, 4), 8, "%m.%d.%Y")
@example(date(2024, 3, 4), 8, "%y/%m/%d")
@example(date(2012, 3, 4), 2, "%y/%m/%d")
@example(date(2006, 6, 1), 2, "%y/%m/%d")
@example(date(2029, 2, 3), 2, "%y/%m/%d")
@example(date(2029, 2, 3), 5, "%y/%m/%d")
@example(date(2024, 3, 4), 4, "%a %m/%d/%Y")
def test_days_that_follow_each_other_are_read_right_or_refused(first: date, count: int, form: str) -> None:
    days = [first + timedelta(days=number) for number in range(count)]
    try:
        found = days_of([f"{day:{form}} 08:00:00" for day in days])
    except InputError as error:
        if "--date-order" not in str(error):
            raise
    else:
        assert found == [str(day) for day in days]


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["Mon 03/04/2024 08:00:00", "Tue 03/05/2024 08:00:00"], ["2024-03-04", "2024-03-05"]),
        (["Wed 03/04/2024 08:00:00", "Fri 03/05/2024 08:00:00"], ["2024-04-03", "2024-05-03"]),
        (["24/03/04 08:00:00", "24/03/05 08:00:00"], ["2024-03-04", "2024-03-05"]),
        (["12/03/04 08:00:00", "12/03/05 08:00:00"], ["2012-03-04", "2012-03-05"]),
        (["04.03.24 08:00", "05.03.24 08:00"], ["2024-03-04", "2024-03-05"]),
        (["04.03.2024 08:00", "05.03.2024 08:00"], ["2024-03-04", "2024-03-05"]),
        (["24-03-04 08:00"], ["2024-03-04"]),
        (["04.03.24 08:00"], ["2024-03-04"]),
        (["29/02/05 08:00"], ["2029-02-05"]),
        (["4/3/24 8:00", "13/3/24 8:00"], ["2024-03-04", "2024-03-13"]),
    ],
)
def test_the_data_tells_the_order(texts: list[str], days: list[str]) -> None:
    assert days_of(texts) == days


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["03.04.2024 08:00", "03.05.2024 08:00"], "can be 3 April 2024 or 4 March 2024.*day-first.*month-first"),
        (["03/04/2024 08:00 Uhr", "03/05/2024 08:00 Uhr"], "can be 3 April 2024 or 4 March 2024"),
        (["14/03/22 08:00", "15/03/23 08:00"], "can be 14 March 2022 or 22 March 2014.*day-first.*year-first"),
    ],
)
def test_what_the_data_leaves_open_is_asked_for_with_both_readings(texts: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        days_of(texts)
    assert days_of(texts[:1], order="day-first")


def test_the_year_can_be_said_to_be_first() -> None:
    assert days_of(["14/03/22 08:00", "15/03/23 08:00"], order="year-first") == ["2014-03-22", "2015-03-23"]


def test_of_one_date_the_other_reading_is_told() -> None:
    clock = LogClock("time")
    clock.learn(["24-03-04 08:00:00"], 1)
    clock.settle()
    assert "taken as 4 March 2024; it could be 24 March 2004" in clock.doubt()
