"""``make soak HOURS=2``: see :mod:`benchmarks.soak`.

    python -m benchmarks.soak [--hours 2] [--folder FOLDER] [--draw docs/img/soak.svg] [--json FILE]

With ``--folder`` an interrupted run (Ctrl-C) goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.ending import INTERRUPTED
from benchmarks.soak.drawing import draw
from benchmarks.soak.run import Soak, failures


def main() -> int:
    """Run, print, draw; the exit code says whether all stayed as it was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--people", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--day", type=float, default=120.0, help="seconds that a day takes")
    parser.add_argument("--folder", type=Path, help="keep everything here, and go on from what is there")
    parser.add_argument("--draw", type=Path, help="write the curves as a picture (.svg or .png) here")
    parser.add_argument("--json", type=Path, help="write the figures and samples here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="taskstream-soak-", ignore_cleanup_errors=True) as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        soak = Soak(folder, given.hours, given.people, given.seed, given.day)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: soak.interrupt())
        try:
            result = soak.run()
        except KeyboardInterrupt:
            kept = f"; the same command goes on from {folder}" if given.folder else ""
            sys.stderr.write(f"interrupted after {soak.record.run_s / 3600:.2f} h{kept}\n")
            return INTERRUPTED
    if given.draw:
        draw(soak.record.samples, given.draw)
    if given.json:
        import msgspec

        given.json.write_text(json.dumps(result | {"samples": msgspec.to_builtins(soak.record.samples)}, indent=2))
    table = Table("what", "figure")
    for name, value in result.items():
        if isinstance(value, dict):
            for key, one in value.items():
                table.add_row(f"{name} {key}", f"{one:.2f}" if isinstance(one, float) else f"{one:,}")
        else:
            table.add_row(name, f"{value:,}")
    Console().print(table)
    wrong = failures(result)
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
