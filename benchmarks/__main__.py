"""``make bench``: every figure of docs/performance.md from one run, as one table and one JSON.

    python -m benchmarks [--json FILE] [--quick]

Each part is a module of its own, run alone in a fresh process, one after the other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PARTS: dict[str, tuple[list[str], list[str]]] = {
    "stage_costs": ([], ["--events", "20000"]),
    "worker": ([], ["--events", "200000", "--sizes", "20", "--repeats", "1"]),
    "sink": ([], ["--events", "200000", "--runs", "1"]),
    "storage": ([], ["--events", "200000"]),
    "pipeline": ([], ["--events", "400000", "--seconds", "15"]),
}
"""Module → its arguments, and those of a quick look."""


def run(name: str, arguments: list[str]) -> dict[str, Any]:
    """One part's figures."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        command = [sys.executable, "-m", f"benchmarks.{name}", *arguments, "--json", str(file)]
        sys.stderr.write(f"benchmarks.{name} {' '.join(arguments)}\n")
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found: dict[str, Any] = json.loads(file.read_text())
        return found


def summary(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The figures by which the whole is judged; ratios are of one run."""
    worker, pipeline = found["worker"], found["pipeline"]
    at_20 = worker["20"]
    return {
        "worker_events_per_s": at_20["worker"],
        "worker_events_per_s_by_batch": {size: row["worker"] for size, row in worker.items()},
        "worker_vs_quixstreams": round(at_20["worker"] / at_20["quixstreams"], 2),
        "worker_vs_plain_loop": round(at_20["worker"] / at_20["plain"], 2),
        "sink_vs_engine": round(found["sink"]["sink_vs_engine"], 2),
        "pipeline_events_per_s": pipeline["pipeline_events_per_s"],
        "freshness_ms": pipeline["freshness_ms"],
        "bytes_per_row": round(found["storage"]["bytes_per_row"], 1),
    }


def main() -> None:
    """Run all, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="small loads, one repeat: a look, no measurement")
    given = parser.parse_args()
    found = {name: run(name, quick if given.quick else full) for name, (full, quick) in PARTS.items()}
    result = summary(found)
    table = Table("what", "figure")
    for name, value in result.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int | float) else json.dumps(value))
    costs = Table("us an event, by stage", *(f"{size} a message" for size in found["stage_costs"]))
    for stage in next(iter(found["stage_costs"].values())):
        costs.add_row(stage, *(f"{row[stage]:.2f}" if stage in row else "" for row in found["stage_costs"].values()))
    console = Console()
    console.print(table)
    console.print(costs)
    if given.json:
        given.json.write_text(json.dumps(result | {"parts": found}, indent=2))


if __name__ == "__main__":
    main()
