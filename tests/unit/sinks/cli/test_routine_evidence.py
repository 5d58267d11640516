"""The evidence of one routine as a person reads it."""

from __future__ import annotations

from rich.console import Console

from sinks.cli.routine_evidence import show
from taskstream.records import Edge, Flow, Routine, RoutineStep, RoutineVariant

ROUTINE = Routine(
    id="r1", tenant="t", name="Copy row", pattern="copy bridge", skeleton=("excel|copy|s|cell:a",), optional=(),
    presence={}, variants=(
        RoutineVariant("v1", ("excel|copy|s|cell:a", "crm|paste|f|field:name"), 30, 0.75),
        RoutineVariant("v2", ("crm|paste|f|field:name", "crm|click|f|button:help"), 10, 0.25),
    ),
    apps=("excel", "crm"), flows=(Flow("Excel / column A", "CRM / field Name", "paste", "text", 0.9),),
    triggers=("after: Read mail (40%)",), executions=40, people=6, teams=1, days=3, first_ms=1_760_000_000_000,
    last_ms=1_760_200_000_000, active_median_ms=61_000, active_p90_ms=90_000, active_low_ms=58_000,
    active_high_ms=64_000, elapsed_median_ms=120_000, elapsed_p90_ms=300_000, waiting_share=0.4, transfer_share=0.8,
    determinism=0.9, partial=4, complete_share=0.95, transferred_values=3.0, call_share=0.05,
    steps=(
        RoutineStep("excel|copy|s|cell:a", "copy column A (Excel)", 1.0, 1.0, 0.9, 2_000, "read"),
        RoutineStep("crm|paste|f|field:name", "paste into field Name (CRM)", 1.0, 1.0, 1.0, 1_000, "write"),
    ),
    edges=(Edge(-1, 0, 1.0), Edge(0, 1, 0.9), Edge(1, -1, 1.0), Edge(0, -1, 0.01)),
    active_by_idle_ms={"180000": 75_000, "30000": 61_000, "60000": 66_000},
)  # fmt: skip


def text_of(routine: Routine) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        show(console, routine)
    return captured.get()


def test_it_tells_times_people_values_and_what_precedes() -> None:
    text = text_of(ROUTINE)
    for words in (
        "median 61 s (95 %: 58 s to 64 s), p90 90 s",
        "median 2.0 min, p90 5.0 min; 40% of it waiting, 5% in calls",
        "61 s up to 30 s, 66 s up to 60 s, 75 s up to 3.0 min",
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
