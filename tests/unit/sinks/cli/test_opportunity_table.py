"""The list as a person sees it."""

from __future__ import annotations

import csv
import io

import pytest
from rich.console import Console

from sinks.cli.opportunity_table import show, why
from sinks.results.opportunities import Standing, advice, as_csv
from tests.unit.sinks.results.samples import opportunity

ROW = opportunity()


@pytest.mark.parametrize("width", [40, 80, 110, 200])
def test_everything_is_shown_whatever_the_width(width: int) -> None:
    console = Console(width=width, record=True, file=io.StringIO())
    show(console, [ROW])
    text = console.export_text()
    assert max(len(line) for line in text.splitlines()) <= width
    flat = " ".join(text.split())
    for told in ("worth it", "excel", "chrome", "12", "1 min 9 s", "2 min 20 s", "never", "score 41.2", "63%"):
        assert told in flat, told


def test_the_weightiest_reason_comes_first() -> None:
    assert why(ROW) == "score 41.2: hours a year +38.2, people +7.7"


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
