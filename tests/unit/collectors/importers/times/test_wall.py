"""Texts that hold more than numbers: weekdays, words, offsets behind UTC, names of zones and of months."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.importers.times.wall import read_wall


def moment(text: str, day_first: bool = True) -> str:
    """What the text means in UTC, or "" for what is no time."""
    wall = read_wall(text, "day-first" if day_first else "month-first")
    if wall is None or not (wall.day and wall.clock):
        return ""
    zone = wall.zone or 0
    assert isinstance(zone, int)
    return f"{datetime.fromtimestamp(wall.ms / 1000 - zone, UTC):%Y-%m-%d %H:%M:%S}"


@given(
    st.dates(date(2000, 1, 1), date(2049, 12, 31)),
    st.sampled_from([
        "%a %Y-%m-%d 08:00:05 UTC", "%Y-%m-%d 08:00:05 Uhr", "%Y-%m-%d 09:00:05 GMT+1", "%Y-%m-%dT10:00:05 UTC+2",
        "%Y-%m-%dT08:00:05.000000000000Z", "%Y-%m-%d 08h00m05", "%Y-%m-%d um 08:00:05 Uhr", "%A, %Y/%m/%d 08:00:05",
    ]),
    st.booleans(),
)  # fmt: skip
def test_a_date_with_the_year_first_is_never_turned(day: date, form: str, day_first: bool) -> None:
    assert moment(f"{day:{form}}", day_first) == f"{day} 08:00:05"


@given(st.datetimes(datetime(2000, 1, 1), datetime(2049, 1, 1)), st.integers(-12 * 4, 14 * 4))
def test_an_offset_behind_utc_is_east_where_it_is_positive(wall: datetime, quarters: int) -> None:
    """dateutil reads ``GMT+0100`` as POSIX does, where it is west."""
    hours, minutes = divmod(abs(quarters) * 15, 60)
    sign = "-" if quarters < 0 else "+"
    expected = f"{wall - timedelta(minutes=quarters * 15):%Y-%m-%d %H:%M:%S}"
    texts = [
        f"{wall:%a %b %d %Y %H:%M:%S} GMT{sign}{hours:02}{minutes:02}",
        f"{wall:%a %b %d %Y %H:%M:%S} GMT{sign}{hours:02}{minutes:02} (Central European Standard Time and more words)",
        f"{wall:%d %B %Y %H:%M:%S} UTC{sign}{hours:02}:{minutes:02}",
        f"{wall:%Y-%m-%d %H:%M:%S} UTC{sign}{hours:02}:{minutes:02}",
    ]
    if not minutes:
        texts += [f"{wall:%a %b %d %Y %H:%M:%S} UTC{sign}{hours}", f"{wall:%Y-%m-%d %H:%M:%S} UTC{sign}{hours}"]
    assert {moment(text) for text in texts} == {expected}


@pytest.mark.parametrize(
    "text",
    [
        "Mon Mar 04 2024 08:00:00 IST", "4 March 2024 08:00:00 BST", "2024-03-04 08:00:00 IST",
        "Mon Mar 04 2024 08:00:00 EST+5", "2024-03-04 08:00:00 UTC+25", "03 04 2024 08:00 Uhr", "Mon " * 2_000,
    ],
)  # fmt: skip
def test_what_has_several_meanings_is_no_time(text: str) -> None:
    assert not moment(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("04-MAR-24 08.00.00.000000 AM", "2024-03-04 08:00:00"),
        ("04-MAR-24 08.00.05.123456 PM", "2024-03-04 20:00:05"),
        ("mar. 05 mars 2024 à 08:15:44", "2024-03-05 08:15:44"),
        ("mar, 05 mar 2024 08:15:44", "2024-03-05 08:15:44"),
        ("mar. 05/03/2024 08:15:44", "2024-03-05 08:15:44"),
        ("mar 5 2024 08:15:44", "2024-03-05 08:15:44"),
        ("mié, 06 mar 2024 08:15:44", "2024-03-06 08:15:44"),
        ("5 March 2024 08.15.44", "2024-03-05 08:15:44"),
        ("Tue Mar 05 08:15:44 EST 2024", "2024-03-05 13:15:44"),
    ],
)
def test_names_of_days_and_months(text: str, expected: str) -> None:
    assert moment(text) == expected
