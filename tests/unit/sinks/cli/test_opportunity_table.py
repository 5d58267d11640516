"""The list as a person sees it."""

from __future__ import annotations

import csv
import io

import pytest
from msgspec import structs
from rich.console import Console

from sinks.cli.opportunity_table import saving, show, why
from sinks.results.opportunities import as_csv
from tests.unit.sinks.results.samples import opportunity

ROW = opportunity()


@pytest.mark.parametrize("width", [40, 80, 110, 200])
def test_everything_is_shown_whatever_the_width(width: int) -> None:
    console = Console(width=width, record=True, file=io.StringIO())
    show(console, [ROW])
    text = console.export_text()
    assert max(len(line) for line in text.splitlines()) <= width
    flat = " ".join(text.split())
    for told in (
        "worth it",
        "excel",
        "chrome",
        "12",
        "1 min 9 s",
        "2 min 20 s",
        "never",
        "63%",
        "30",
        "22 to 38",
        "2026-01-05",
        "12 of 30 people",
        "preliminary: 4 working days",
        "ranked by hours saved a year",
        "1,500 CHF",
    ):
        assert told in flat, told


def test_why_it_ranks_here_is_what_the_hours_saved_are_made_of() -> None:
    assert why(ROW) == ("53 h a year spent × 90% can be automated × 80% will be adopted × 79% without exceptions")


def test_money_has_its_interval_and_no_more_digits_than_it_allows() -> None:
    row = structs.replace(ROW, yearly_saving=5155.0, yearly_saving_low=655.0, yearly_saving_high=8755.0)
    assert "; 5,000 CHF a year net of upkeep (95 %: 1,000 to 9,000), costs about 3,000 CHF" in saving(row)


def test_no_hours_are_told_where_all_times_are_the_same() -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    show(console, [structs.replace(ROW, last_ms=ROW.first_ms)])
    text = console.export_text()
    assert "h a year" not in text
    assert "spent    cannot be told: all times are the same" in text


def test_csv_reads_back() -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv([ROW])))
    assert row["name"] == ROW.name
    assert row["apps"] == "excel > chrome"
    assert row["why"].startswith('{"hours a year spent":52.8,"can be automated":0.9,')
    assert (row["hours_spent_per_year"], row["hours_saved_per_year"], row["currency"]) == ("52.8", "30.0", "CHF")


def test_one_is_no_plural() -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    show(console, [structs.replace(ROW, people=1, people_known=1, variants=1)])
    text = " ".join(console.export_text().split())
    assert "by 1 person," in text
    assert "in 1 variant;" in text
    assert "1 of 1 person" in text


def test_a_long_list_of_steps_shows_its_end() -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    show(console, [structs.replace(ROW, steps=tuple("abcdefghijklmnop"))])
    assert "f → g → h → … 4 more → m → n → o → p" in console.export_text()
