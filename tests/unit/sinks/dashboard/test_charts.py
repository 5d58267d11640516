"""Data into chart options."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sinks.dashboard import charts
from sinks.dashboard.page_data import FreshMinute, Minute, Moved
from sinks.dashboard.theme import DARK, LIGHT, OTHER, colours

MINUTE = 60_000
BASE = 1_760_000_040_000


def test_activity_keeps_the_busiest_applications_and_groups_the_others() -> None:
    minutes = [Minute(BASE, f"app{n}", 100 - n) for n in range(12)]
    series = charts.activity(minutes, 60, LIGHT, {})["series"]
    assert [each["name"] for each in series] == [f"app{n}" for n in range(7)] + [charts.REST]
    assert series[-1]["data"][-1] == [BASE, sum(100 - n for n in range(7, 12))]


def test_activity_shows_the_span_before_the_newest_minute_and_nothing_older() -> None:
    minutes = [Minute(BASE, "excel", 5), Minute(BASE - 59 * MINUTE, "excel", 7), Minute(BASE - 60 * MINUTE, "excel", 9)]
    data = charts.activity(minutes, 60, LIGHT, {})["series"][0]["data"]
    assert (len(data), data[0], data[-1]) == (60, [BASE - 59 * MINUTE, 7], [BASE, 5])


@given(st.lists(st.tuples(st.integers(0, 3000), st.sampled_from("abcdefghij"), st.integers(1, 1000)), max_size=60))
def test_no_event_of_the_span_is_missing_or_counted_twice(given_minutes: list[tuple[int, str, int]]) -> None:
    minutes = [Minute(BASE + at * MINUTE, app, events) for at, app, events in given_minutes]
    for span in (60, 480, 1440):
        options = charts.activity(minutes, span, DARK, {})
        step = span // 60
        shown = sum(value * step for series in options["series"] for _, value in series["data"])
        newest = max((each.minute_ms for each in minutes), default=0)
        first = (newest - (span - 1) * MINUTE) // (step * MINUTE) * step * MINUTE
        expected = sum(each.events for each in minutes if each.minute_ms >= first)
        assert abs(shown - expected) <= 0.05 * step * (len(minutes) + 1)
        json.dumps(options)


def test_transfers_go_from_left_to_right_without_circles() -> None:
    moved = [Moved("excel", "chrome", 10), Moved("chrome", "excel", 4), Moved("excel", "excel", 2)]
    series = charts.transfers(moved, LIGHT, {})["series"][0]
    assert {node["name"] for node in series["data"]} == {"from excel", "from chrome", "to excel", "to chrome"}
    assert all(link["source"].startswith("from ") and link["target"].startswith("to ") for link in series["links"])
    assert sum(link["value"] for link in series["links"]) == 16


def test_freshness_is_shown_in_seconds() -> None:
    options = charts.freshness([FreshMinute(BASE, 10, 700.0, 1500.0)], LIGHT)
    assert {series["name"]: series["data"] for series in options["series"]} == {
        "half within": [[BASE, 0.7]],
        "99 % within": [[BASE, 1.5]],
    }


def test_an_application_keeps_its_colour() -> None:
    known = {"excel": 0, "chrome": 1}
    both = colours(["excel", "chrome", "(other)"], LIGHT, known)
    assert both == {"excel": LIGHT.palette[0], "chrome": LIGHT.palette[1], "(other)": OTHER}
    assert colours(["chrome"], LIGHT, known)["chrome"] == both["chrome"]


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_text_has_enough_contrast_in_light_and_dark() -> None:
    for theme in (LIGHT, DARK):
        for text in (theme.text, theme.faint):
            high, low = sorted((_luminance(text), _luminance(theme.surface)), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5
