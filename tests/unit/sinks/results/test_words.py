"""Figures in words."""

from __future__ import annotations

import pytest

from sinks.results import words


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0 ms"), (850, "850 ms"), (1_000, "1 s"), (1_250, "1.2 s"), (12_400, "12 s"), (59_600, "1 min"),
     (200_000, "3 min 20 s"), (7_500_000, "2 h 5 min"), (3_600_000, "1 h")],
)  # fmt: skip
def test_durations(ms: float, text: str) -> None:
    assert words.duration(ms) == text


@pytest.mark.parametrize(
    ("resolution", "ms", "text"),
    [(60_000, 0, "under 1 min"), (60_000, 59_000, "under 1 min"), (60_000, 130_000, "2 min"), (1_000, 0, "under 1 s"),
     (1_000, 4_500, "4 s"), (1, 0, "0 ms")],
)  # fmt: skip
def test_no_duration_below_what_times_tell_is_claimed(resolution: int, ms: float, text: str) -> None:
    with words.finest(resolution):
        assert words.duration(ms) == text
    assert words.duration(0) == "0 ms"


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 h"), (0.44, "0.4 h"), (9.94, "9.9 h"), (9.96, "10 h"), (1240.4, "1,240 h")]
)
def test_hours(number: float, text: str) -> None:
    assert words.hours(number) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (12_300, "12,300"), (45_600_000, "45.6 M")])
def test_counts(number: float, text: str) -> None:
    assert words.count(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(120, "120"), (4_472, "4,500"), (9_900, "9,900"), (23_400, "23 k"), (1_250_000, "1.2 M"), (-12_000, "-12 k")],
)
def test_money(number: float, text: str) -> None:
    assert words.money(number) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "told"),
    [
        (999, 999, 999, "never"), (999, 3.44, 999, "never (3.4 to never)"), (3.44, 2.9, 4.1, "3.4 months (2.9 to 4.1)"),
        (27.4, 9.2, 999, "27 months (9 to never)"), (236.3, 34.1, 999, "240 months (30 to never)"),
    ],
)  # fmt: skip
def test_a_payback_has_no_more_digits_than_its_interval(value: float, low: float, high: float, told: str) -> None:
    assert words.payback(value, low, high) == told


def test_what_is_spent_has_the_digits_of_its_interval_among_the_reasons_too() -> None:
    assert words.reasons({"hours a year spent": 189.1, "will be adopted": 0.8}, 70, 310) == (
        "190 h a year spent × 80% will be adopted"
    )


def test_activities_read_like_words() -> None:
    assert words.activity("excel|edit|sheet1|cell:c") == "excel · sheet1 · edit cell c"
    assert words.activity("chrome|navigate|erp/invoice|") == "chrome · erp/invoice · navigate"
    assert words.activity("Paste into amount") == "Paste into amount"


@pytest.mark.parametrize(
    ("value", "low", "high", "told"),
    [
        (378.4, 258, 447, "380"), (8.63, 7.3, 9.94, "8.6"), (8.63, 5, 14, "9"), (0.0123, 0.011, 0.0135, "0.0123"),
        (12_345, 11_000, 13_900, "12,300"), (3.0, 3.0, 3.0, "3.0"), (0.0, 0.0, 40.0, "0"),
        (-6.0, -600.0, 700.0, "0"),
    ],
)  # fmt: skip
def test_no_more_digits_than_the_interval_allows(value: float, low: float, high: float, told: str) -> None:
    assert words.rough(value, low, high) == told


@pytest.mark.parametrize(
    ("ms", "low", "high", "text"),
    [(198_000, 160_000, 240_000, "3 min 20 s"), (198_000, 195_000, 202_000, "3 min 18 s"),
     (198_000, 198_000, 198_000, "3 min 18 s"), (74_321, 40_000, 600_000, "1 min"), (1_234, 1_000, 1_500, "1.2 s"),
     (7_530_000, 5_000_000, 10_000_000, "2 h 10 min"), (400, 0, 30_000, "under 1 s"), (0, 0, 30_000, "0 ms")],
)  # fmt: skip
def test_a_time_has_no_more_digits_than_its_interval_allows(ms: float, low: float, high: float, text: str) -> None:
    assert words.rough_duration(ms, low, high) == text
