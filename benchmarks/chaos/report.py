"""The tables of faults and counts."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.chaos.pack import FAULTS
from benchmarks.chaos.topic_log import DERIVED


def show(result: dict[str, Any]) -> None:
    """Print the tables of faults and counts."""
    table = Table("fault", "times", title=f"faults ({result['kills']}, seed {result['seed']}, {result['minutes']} min)")
    for fault in FAULTS:
        if fault in result["faults"]:
            table.add_row(fault, str(result["faults"][fault]))
    console = Console()
    console.print(table)
    table = Table("what", "count", title="events")
    for name in ("sent", "removed", "removed_before_sink", "stored", "lost", "duplicated", "letters"):
        table.add_row(name, f"{result[name]:,}")
    console.print(table)
    table = Table("topic", "disturbed", "undisturbed", "equal bytes", title="derived facts")
    for topic in DERIVED:
        row = (result["derived"][topic], result["derived_calm"][topic], result["equal"][topic])
        table.add_row(topic, *map(str, row))
    console.print(table)
    table = Table("what", "count", title="catalogue")
    for name in ("segments_wanted", "segments", "assignments", "routines", "opportunities"):
        table.add_row(name, f"{result['catalogue'][name]:,}")
    console.print(table)
