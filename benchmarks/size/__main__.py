"""``python -m benchmarks.size``: see :mod:`benchmarks.size`.

    python -m benchmarks.size [--partitions 96] [--agents 100000] [--rate 10000] [--seconds 600] [--json FILE]

The rate is of the whole company, in messages as desktops send them: what a second brings, 1 to 3 events.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks import ending
from benchmarks.size.feeder import Plan
from benchmarks.size.run import PEOPLE, Size


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partitions", type=int, default=96)
    parser.add_argument("--agents", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=10_000, help="events a second of all agents together")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--backlog", type=int, default=120, help="seconds of work that come at once at the beginning")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="keep everything here")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    plan = Plan(given.agents, given.rate, PEOPLE, given.seed, given.backlog)
    with tempfile.TemporaryDirectory(prefix="taskstream-size-", ignore_cleanup_errors=True) as scratch:
        size = Size(given.folder or Path(scratch), given.partitions, plan)
        try:
            size.log_in()
            size.work(given.seconds)
            size.die("killed_with_id", worker_id="first")
            size.stop_worker()
            size.die("killed_without_id", worker_id="")
            size.join()
            size.count()
        finally:
            size.close()
            text = json.dumps(size.found, indent=2)
            sys.stdout.write(text + "\n")
            if given.json:
                given.json.write_text(text)


if __name__ == "__main__":
    ending.run(main)
