"""The list as a person sees it."""

from __future__ import annotations

import csv
import io

import pytest
from rich.console import Console

from sinks.cli.opportunity_table import duration, show, why
from sinks.results.opportunities import Listed, Standing, advice, as_csv

ROW = Listed(
    rank=1,
    name="Copy customer row from Excel to web form and submit",
    verdict="worth it",
    pattern="copy bridge",
    steps=("excel: copy cell", "chrome: paste name", "chrome: submit"),
    apps=("excel", "chrome"),
    executions=120,
    executions_per_week=60.0,
    people=12,
    active_median_ms=69_000,
    active_p90_ms=140_000,
    active_low_ms=67_000,
    active_high_ms=71_000,
    hours_per_week=1.2,
    transferred_values=6.5,
    transfer_share=0.63,
    determinism=0.85,
    variants=4,
    exceptions=0.1,
    hours_per_year=52.8,
    hours_per_year_low=40.0,
    hours_per_year_high=66.0,
    build_cost=3000.0,
    yearly_saving=1500.0,
    net_saving_low=-10.0,
    net_saving=1200.0,
    net_saving_high=2400.0,
    payback_months_low=18.0,
    payback_months=24.0,
    payback_months_high=999.0,
    score=41.2,
    why={"people": 7.7, "hours a year": 38.2, "none": 0.0},
    assumptions={"hourly_cost": 45.0},
    id="r1",
    tenant="local",
)


@pytest.mark.parametrize("width", [40, 80, 110, 200])
def test_everything_is_shown_whatever_the_width(width: int) -> None:
    console = Console(width=width, record=True, file=io.StringIO())
    show(console, [ROW])
    text = console.export_text()
    assert max(len(line) for line in text.splitlines()) <= width
    flat = " ".join(text.split())
    for told in ("worth it", "excel", "chrome", "12", "69 s", "2.3 min", "never", "score 41.2", "63%"):
        assert told in flat, told


def test_the_weightiest_reason_comes_first() -> None:
    assert why(ROW) == "score 41.2: hours a year +38.2, people +7.7"


def test_durations() -> None:
    assert [duration(ms) for ms in (900, 69_000, 150_000, 7_200_000)] == ["0.9 s", "69 s", "2.5 min", "2.0 h"]


def test_csv_reads_back() -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv([ROW])))
    assert row["name"] == ROW.name
    assert row["apps"] == "excel > chrome"
    assert row["why"] == '{"people":7.7,"hours a year":38.2,"none":0.0}'


@pytest.mark.parametrize(
    ("standing", "word"),
    [
        (Standing(0, 0, 0, 5), "taskstream replay"),
        (Standing(10, 0, 0, 5), "taskstream worker"),
        (Standing(10, 5, 0, 5), "taskstream catalogue"),
        (Standing(10, 5, 2, 5), "migrate --k 1"),
    ],
)
def test_an_empty_list_says_what_to_do(standing: Standing, word: str) -> None:
    assert word in advice(standing)
