"""Times in every way of writing that is known, what is refused, and the hour that comes twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.importers.times import LogClock
from collectors.importers.times.zones import zone_given
from taskstream.errors import InputError, UsageError

MOMENT = datetime(2024, 3, 5, 8, 0, 2, 680_000, tzinfo=UTC)


def clock_of(*texts: str, **options: object) -> LogClock:
    clock = LogClock("Start", **options)  # type: ignore[arg-type]
    clock.learn(texts, len(texts))
    clock.settle()
    return clock


def read(text: str, *others: str, **options: object) -> datetime:
    at_ms = clock_of(text, *others, **options).read(text)
    return datetime.fromtimestamp(at_ms / 1000, UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05T08:00:02.680Z", "2024-03-05 08:00:02.680", "2024-3-5 8:00:02.68", "2024/03/05 08:00:02,680",
        "2024-03-05T08:00:02.680123456Z", "2024-03-05 08:00:02:680", "20240305T080002.680Z", "20240305080002680",
        "2024-03-05T09:00:02.680+01:00", "2024-03-05T09:00:02.680+0100", "2024-03-05 09:00:02.680 CET",
        "2024-03-05 03:00:02.680 EST", "2024-03-05 09:00:02.680 Europe/Berlin",
        "2024-03-05T09:00:02.680+01:00[Europe/Berlin]", "2024-03-05 08:00:02.680 UTC+00:00", "05.03.2024 08:00:02,680",
        "13.05.2024 08:00:02.680", "1709625602.680", "1709625602,68", "1709625602680", "1709625602680123",
        "1709625602680123456", "1.70962560268e+18", "45356,333364352", "5 March 2024 08:00:02.680",
        "Mar 5, 2024 8:00:02.680 AM",
        "5. März 2024 08:00:02.680", "5 mars 2024 08:00:02.680", "Tue, 05 Mar 2024 09:00:02.680 +0100",
        "Tue Mar  5 08:00:02.680 2024", "05-Mar-2024 08:00:02.680", "Thu Mar 05 09:00:02.680 CET 2024",
        "3/13/2024 8:00:02.680 AM", "13/3/2024 08.00.02.680",
    ],
)  # fmt: skip
def test_a_time_is_read_in_every_known_way_of_writing(text: str) -> None:
    moment = read(text)
    assert (moment.month, moment.day) in {(3, 5), (5, 13), (3, 13)}
    assert moment.timetz().replace(microsecond=0) == MOMENT.timetz().replace(microsecond=0)
    assert abs(moment.microsecond - 680_000) <= 1_000


@pytest.mark.parametrize(
    ("text", "hour"), [("3/13/2024 12:00:02 AM", 0), ("3/13/2024 12:00 PM", 12), ("3/13/2024 8:00:02\u202fp.m.", 20)]
)
def test_twelve_hours(text: str, hour: int) -> None:
    assert read(text).hour == hour


@pytest.mark.parametrize(
    "text", ["", "yesterday", "12", "2024-13-05 08:00", "2024-03-05 25:00", "03/05", "May", "-5", "NaN"]
)
def test_what_is_no_time_is_not_one(text: str) -> None:
    assert clock_of("2024-03-05T08:00:02Z").read(text) == -1


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["08:00:02", "08:00:05"], r"without a date \(such as '08:00:02', 2 of 2 values\).*--map date=COLUMN.*--date"),
        (["2024-03-05"], "without a time of day"),
        (["45355", "45355.0", "?", "45356"], "dates without a time of day, as serial days"),
        (["28800", "28805", "28810"], "seconds since midnight without a date"),
        (["1.709625602680E+12"], "no times known here"),
        (["monday", "x"], r"no times known here \(such as 'monday'.*--map time=COLUMN"),
        ([], "all its 0 values are empty"),
        (["2024-03-05 08:00 IST"], "no times known"),
        (["01/02/2024 08:00", "02/02/2024 08:00"], "can be 1 February 2024 or 2 January 2024.*--date-order"),
        (["13/02/2024 08:00", "02/13/2024 08:00"], "two orders.*'13/02/2024 08:00'.*'02/13/2024 08:00'"),
    ],
)
def test_columns_that_tell_no_time_are_refused_with_a_sample(texts: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        clock_of(*texts)
    assert "'Start'" in str(caught.value)


def test_the_order_of_day_and_month_is_told_by_the_data() -> None:
    assert read("01/02/2024 08:00", "13/02/2024 08:00").month == 2
    assert read("01/02/2024 08:00", "02/13/2024 08:00").month == 1
    assert read("01.02.2024 08:00", "02.02.2024 08:00").month == 2
    assert read("01/02/2024 08:00", "02/02/2024 08:00", order="month-first").month == 1
    assert read("3/5/2024 8:00:02 AM").month == 3, "of one date alone: nothing but its name depends on it"


def test_a_whole_serial_day_among_others_is_midnight() -> None:
    assert read("45356", "45356.5", "45357.25").hour == 0


def test_one_number_of_another_unit_is_no_time() -> None:
    clock = clock_of("1709625602", "1709625603", "1709625602680")
    assert clock.read("1709625602680") == -1
    assert clock.read("1709625603") == 1_709_625_603_000


@pytest.mark.parametrize(
    ("text", "resolution"),
    [
        ("2024-03-05T08:00", 60_000), ("2024-03-05T08:01:02", 1_000), ("2024-03-05T08:01:02.123", 1),
        ("2024-03-05T08:01:02.100", 100), ("1709625602", 1_000), ("45356.33337", 864), ("1709625602680", 10),
    ],
)  # fmt: skip
def test_the_resolution_is_told(text: str, resolution: int) -> None:
    clock = clock_of(text)
    clock.observe([clock.read(text)])
    assert clock.finish() == resolution


BERLIN = ZoneInfo("Europe/Berlin")
AUTUMN = datetime(2024, 10, 27, 0, 30, tzinfo=UTC)  # 02:30 there, half an hour before clocks go back


def _local(moments: list[datetime]) -> list[str]:
    return [f"{moment.astimezone(BERLIN):%Y-%m-%d %H:%M:%S}" for moment in moments]


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.integers(1, 600), min_size=3, max_size=60),
    backwards=st.booleans(),
    start=st.integers(-5_000, 1_000),
)
def test_local_times_through_the_hour_that_comes_twice(steps: list[int], backwards: bool, start: int) -> None:
    """Rows at most ten minutes apart tell by their order which pass of the hour they are of."""
    moments = [AUTUMN + timedelta(seconds=start)]
    for step in steps:
        moments.append(moments[-1] + timedelta(seconds=step))
    while moments[-1] < AUTUMN + timedelta(hours=2):  # so that a file that runs backwards begins behind the hour
        moments.append(moments[-1] + timedelta(minutes=9))
    moments = moments[:: -1 if backwards else 1]
    clock = LogClock("t", zone=BERLIN)
    texts = _local(moments)
    clock.folds.direction = -1 if backwards else 1
    found = [clock.read(text, 1) for text in texts]
    assert found == [round(moment.timestamp() * 1000) for moment in moments]


def test_each_person_has_their_own_pass_of_the_hour() -> None:
    early, late = AUTUMN, AUTUMN + timedelta(minutes=45)
    clock = LogClock("t", zone=BERLIN)
    texts = _local([early, late, early + timedelta(minutes=1), late + timedelta(minutes=2)])
    found = clock.read_all(texts, [1, 1, 2, 1])
    assert found[1] - found[0] == 45 * 60_000
    assert found[2] - found[0] == 60_000
    assert found[3] - found[1] == 120_000


def test_in_no_order_the_first_pass_is_taken_and_counted() -> None:
    clock = LogClock("t", zone=BERLIN)
    clock.folds.direction = 0
    clock.read_all(_local([AUTUMN + timedelta(hours=1), AUTUMN]), [1, 1])
    assert clock.folds.doubtful == 2


def test_times_that_clocks_leap_over_move_on() -> None:
    clock = LogClock("t", zone=BERLIN)
    found = [clock.read(text) for text in ("2024-03-31 01:59:59", "2024-03-31 02:30:00", "2024-03-31 03:30:01")]
    assert all(a < b for a, b in pairwise(found))


def test_a_clock_that_was_set_back_is_noticed_where_no_zone_is_given() -> None:
    moments = [AUTUMN + timedelta(minutes=minute) for minute in range(0, 90, 3)]
    texts = _local(moments)
    assert clock_of(*texts).set_back == "2024-10-27 02:57:00"
    assert not clock_of(*texts, zone=BERLIN).set_back
    assert not clock_of(*[f"{text}Z" for text in texts]).set_back


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(UsageError, match="no time zone 'Mars'"):
        zone_given("Mars")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert clock_of("2024-03-05T08:00:02Z", "2024-03-05T08:00:03Z").read(text) >= -1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.datetimes(datetime(1980, 1, 1), datetime(2080, 1, 1)), min_size=2, max_size=20),
    st.sampled_from(["%Y-%m-%dT%H:%M:%S.%f", "%Y/%m/%d %H:%M:%S.%fZ", "%d.%m.%Y %H:%M:%S.%f", "%Y%m%dT%H%M%S.%f"]),
)
def test_remembered_halves_give_what_reading_gives(moments: list[datetime], form: str) -> None:
    texts = [f"{moment:{form}}" for moment in moments]
    clock = clock_of(*texts)
    expected = [int(moment.replace(tzinfo=UTC).timestamp()) * 1000 + moment.microsecond // 1000 for moment in moments]
    assert clock.read_all(texts * 2, [0] * 2 * len(texts)) == expected * 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 86_399_999)), min_size=2, max_size=40),
    st.sampled_from(["", "Z", "+02:00", " CET", "mixed"]),
    st.sampled_from(["UTC", "Europe/Berlin", ""]),
)
def test_times_put_together_from_parts_are_those_that_are_read(
    moments: list[tuple[int, int]], zone: str, given_zone: str
) -> None:
    """Also where a part is no time: a 30th of February, a minute or second too many."""
    texts = []
    for day, ms in moments:
        seconds, ms = divmod(ms, 1_000)
        mark = ("Z", "+02:00")[ms % 2] if zone == "mixed" else zone
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60 + ms % 2:02}.{ms:03}"
        texts.append(f"2024-02-{27 + day:02} {clock}{mark}")
    options = {"zone": zone_given(given_zone)} if given_zone else {}
    good = f"2024-02-27 08:00:00.000{'Z' if zone == 'mixed' else zone}"
    together = clock_of(good, **options).read_all(texts, [0] * len(texts))
    assert together == [clock_of(good, **options).read(text) for text in texts]
