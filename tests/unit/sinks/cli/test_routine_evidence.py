"""The evidence of one routine as a person reads it."""

from __future__ import annotations

from rich.console import Console

from sinks.cli.routine_evidence import show
from sinks.results.routine import ListedRoutine
from tests.unit.sinks.results.samples import routine

ROUTINE = routine()


def text_of(one: ListedRoutine) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        show(console, one)
    return captured.get()


def test_it_tells_times_people_values_and_what_precedes() -> None:
    text = text_of(ROUTINE)
    for words in (
        "median 1 min 1 s (95 %: 58 s to 1 min 4 s), p90 1 min 30 s",
        "median 2 min, p90 5 min; 40% of it waiting, 5% in calls",
        "1 min 1 s up to 30 s, 1 min 6 s up to 1 min, 1 min 15 s up to 3 min",
        "40 times, 2025-10-09 to 2025-10-11, on 3 days, by 6 people in 1 team",
        "4 more were broken off",
        "after: Read mail (40%)",
        "Excel / column A",
    ):
        assert words in text


def test_variants_say_what_they_differ_by() -> None:
    assert "+ click button:help (crm), - copy column A (Excel)" in text_of(ROUTINE)


def test_rare_paths_are_left_out_of_the_map() -> None:
    lines = [line.split("  ") for line in text_of(ROUTINE).partition("process map")[2].splitlines()]
    after_copy = [line for line in lines if line[0].strip() == "copy column A (Excel)"]
    assert len(after_copy) == 1
    assert not any("(end)" in " ".join(line) for line in after_copy)
