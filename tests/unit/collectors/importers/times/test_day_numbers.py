"""Numbers in a column beside dates: digits of a clock, counts since midnight, or refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.importers import ReadOptions
from collectors.importers.times import LogClock, joined
from taskstream.errors import InputError
from tests.unit.collectors.importers.writing import COLUMNS, office, read, table, write

NIGHT = datetime(2026, 11, 27)
DATES = ["{:%Y%m%d}", "{:%Y-%m-%d}", "{:%d.%m.%Y}", "{:%d %b %Y}", "serial"]


def times_of(days: list[str], numbers: list[str]) -> list[int]:
    clock = LogClock("Time")
    assert not clock.has_dates(numbers, days)
    texts = [joined(day, number) for day, number in zip(days, numbers, strict=True)]
    clock.learn(texts, len(texts))
    clock.settle()
    return [clock.read(text) for text in texts]


def dated(moment: datetime, form: str) -> str:
    return str((moment - datetime(1899, 12, 30)).days) if form == "serial" else form.format(moment)


@given(
    st.integers(0),
    st.sampled_from(DATES),
    st.sampled_from(["sap", "digits", "s", "ms", "share", "digits-ms"]),
    st.booleans(),
)
def test_the_numbers_give_the_time(seed: int, date: str, form: str, backwards: bool) -> None:
    counts = sorted(Random(seed).sample(range(2 * 86_400_000), 50), reverse=backwards)
    days, numbers, expected = [], [], []
    for count in counts:
        exact = form in {"ms", "share", "digits-ms"}
        moment = NIGHT + timedelta(milliseconds=count if exact else count // 1000 * 1000)
        ms = count % 86_400_000
        days.append(dated(moment, date))
        clock = f"{moment:%H%M%S}"
        numbers.append({
            "sap": clock.lstrip("0") or "0", "digits": clock, "s": str(ms // 1000), "ms": str(ms),
            "share": f"{ms / 86_400_000:.12f}", "digits-ms": f"{clock}{ms % 1000:03}",
        }[form])  # fmt: skip
        expected.append(int(moment.replace(tzinfo=UTC).timestamp()) * 1000 + moment.microsecond // 1000)
    assert times_of(days, numbers) == expected


def test_a_count_that_does_not_rise_is_no_time() -> None:
    with pytest.raises(InputError, match=r"such as '34277'.*seconds since midnight, but they do not rise.*--map time"):
        times_of(["2026-11-27"] * 4, ["34277", "34190", "34299", "34216"])
    with pytest.raises(InputError, match="milliseconds since midnight, but they do not rise"):
        times_of(["2026-11-27", "2026-11-28"], ["34277999", "34190999"])


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        (["73015", "73016"], "'73015' can be 07:30:15 .*as digits. or 20:16:55 .seconds since midnight."),
        (["930", "1015", "1430"], "'930' can be 00:09:30 .* or 09:30:00 .*hours and minutes as digits"),
        (["0", "0"], "no times known here"),
        (["1", "999999999", "77"], "no times known here"),
    ],
)
def test_what_is_open_is_refused_with_both_readings(numbers: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        times_of(["27.11.2026"] * len(numbers), numbers)


def test_hours_and_minutes_of_four_digits() -> None:
    assert times_of(["20261127", "20261127"], ["0930", "1430"]) == times_of(["20261127"] * 2, ["093000", "143000"])


def test_columns_as_sap_writes_them_are_read_as_the_plain_log(tmp_path: Path) -> None:
    rows, counted = office(), office()
    for row, other in zip(rows, counted, strict=True):
        moment = datetime.fromisoformat(row["timeStamp"])
        row["timeStamp"] = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        for one, number in ((row, f"{moment:%H%M%S}".lstrip("0")), (other, str(moment.hour * 3600 + moment.minute * 60
                                                                                 + moment.second))):  # fmt: skip
            one["Date"], one["Time"] = f"{moment:%Y%m%d}", number
    plain, _ = read(write(tmp_path, "plain.csv", table(rows)))
    columns = ("Date", "Time", *COLUMNS[1:])
    for name, written, form in (("sap.csv", rows, "hours, minutes and seconds"), ("s.csv", counted, "seconds since")):
        found, report = read(write(tmp_path, name, table(written, columns=columns)))
        assert found == plain
        assert form in report.times.form


def test_a_count_without_dates_begins_again_on_the_next_day(tmp_path: Path) -> None:
    rows = [
        {"timeStamp": str(at % 86_400), "userID": "ann", "targetApp": "Chrome", "eventType": "clickButton"}
        for at in (86_377, 86_388, 86_399, *range(86_407, 99_999, 111))
    ]
    _, report = read(write(tmp_path, "log.csv", table(rows)), ReadOptions(day="2024-03-05"))
    assert (report.times.first, report.times.last) == ("2024-03-05 23:59:37 UTC", "2024-03-06 03:45:49 UTC")
