"""``make bench``: every figure of docs/performance.md from one run, as one table and one JSON.

    python -m benchmarks [--json FILE] [--quick] [--only PART ...]

Each part is a module of its own, run alone in a fresh process, one after the other; ratios are taken within one part.
A part that fails costs its own figures only: the others are printed and written, and the exit code says so. Ctrl-C
and SIGTERM end the part that runs, and what is known by then is printed and written.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.wanted import FIGURES, get, mark, show, summary

END_S: Final = 60.0
"""Time that an interrupted part has to stop the servers that it started (seconds)."""
WIDTH: Final = 120
"""Columns of the tables where there is no terminal to ask."""

PARTS: Final[dict[str, tuple[str, list[str], list[str]]]] = {
    "stage_costs": ("stage_costs", [], ["--events", "20000"]),
    "growth": ("growth", [], ["--events", "20000", "--repeats", "1"]),
    "worker": ("worker", [], ["--events", "200000", "--repeats", "1"]),
    "transactions": (
        "worker",
        ["--intervals", "250", "1000"],
        ["--intervals", "250", "1000", "--events", "200000", "--repeats", "1"],
    ),
    "recovery": ("recovery", [], ["--agents", "2000", "--repeats", "1"]),
    "sink": ("sink", [], ["--events", "200000", "--runs", "1"]),
    "partitions": ("sink_partitions", [], ["--seconds", "10"]),
    "storage": ("storage", [], ["--events", "200000"]),
    "pipeline": ("pipeline", [], ["--events", "400000", "--seconds", "15", "--repeats", "1"]),
    "sustained": (
        "pipeline",
        ["--sustain", "300", "--search", "70000", "80000", "100000"],
        ["--sustain", "20"],
    ),
    "size": (
        "size",
        [],
        ["--partitions", "12", "--agents", "2000", "--rate", "500", "--seconds", "15", "--backlog", "20"],
    ),
}
"""Part → its module, its arguments, and those of a quick look."""


def run(module: str, arguments: Sequence[str]) -> dict[str, Any]:
    """One part's figures.

    Raises:
        subprocess.CalledProcessError: it failed; its words are on the screen.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        command = [sys.executable, "-m", f"benchmarks.{module}", *arguments, "--json", str(file)]
        part = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            code = part.wait()
        except KeyboardInterrupt:
            # It has a session of its own, so that Ctrl-C reaches it once and alone: its servers end by its own hand.
            part.send_signal(signal.SIGINT)
            try:
                part.wait(END_S)
            except subprocess.TimeoutExpired:
                part.kill()
                part.wait()
            raise
        if code:
            raise subprocess.CalledProcessError(code, command)
        found: dict[str, Any] = json.loads(file.read_text())
        return found


def print_tables(result: dict[str, Any], costs: dict[str, Any] | None) -> None:
    """The figures beside what is wanted, and the cost of each stage."""
    console = Console()
    console = console if console.is_terminal else Console(width=WIDTH)
    table = Table("what", "figure", "must", "aim", "")
    for figure in FIGURES:
        value = get(result, figure.key)
        table.add_row(
            figure.what, show(value, figure), figure.bound(figure.must), figure.bound(figure.aim), mark(value, figure)
        )
    console.print(table)
    if costs:
        table = Table("us an event, by stage", *(f"{size} a message" for size in costs))
        for stage in next(iter(costs.values())):
            table.add_row(stage, *(f"{row[stage]:.2f}" if stage in row else "" for row in costs.values()))
        console.print(table)


def main() -> int:
    """Run all, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="small loads, one repeat: a look, no measurement")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS))
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found: dict[str, dict[str, Any]] = {}
    failed: list[str] = []
    interrupted = False
    for number, name in enumerate(given.only, 1):
        module, full, quick = PARTS[name]
        arguments = quick if given.quick else full
        sys.stderr.write(f"part {number} of {len(given.only)}: {name} (benchmarks.{module} {' '.join(arguments)})\n")
        began = time.monotonic()
        try:
            found[name] = run(module, arguments)
        except subprocess.CalledProcessError as error:
            failed.append(name)
            sys.stderr.write(f"part {name} failed (code {error.returncode}); its figures are missing\n")
        except KeyboardInterrupt:
            interrupted = True
            sys.stderr.write(f"interrupted in part {name}\n")
            break
        else:
            sys.stderr.write(f"part {name} took {time.monotonic() - began:.0f} s\n")
        result = summary(found) | {"failed": failed, "quick": given.quick}
        if given.json:  # after each part: what is measured is kept whatever comes
            given.json.write_text(json.dumps(result | {"parts": found}, indent=2))
    print_tables(summary(found), found.get("stage_costs"))
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}\n")
    return 130 if interrupted else 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
