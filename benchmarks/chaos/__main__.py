"""``make chaos``: see :mod:`benchmarks.chaos`.

python -m benchmarks.chaos [--kills 40] [--seed 7] [--only WORDS] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks.chaos.accounting import failures
from benchmarks.chaos.experiment import run
from benchmarks.chaos.pack import chosen
from benchmarks.chaos.report import show
from benchmarks.ending import INTERRUPTED


def main() -> int:
    """Run, print, write; the exit code says whether the promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40, help="how many faults")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--only", type=chosen, default=chosen(""), metavar="WORDS", help="faults whose names hold these"
    )
    parser.add_argument("--rate", type=int, default=4_000, help="events a second")
    parser.add_argument("--json", type=Path, help="write the counts here")
    parser.add_argument("--keep", type=Path, help="use and keep this folder instead of a temporary one")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started ends with us
    with tempfile.TemporaryDirectory(prefix="taskstream-chaos-", ignore_cleanup_errors=True) as scratch:
        try:
            result = run(given.kills, given.seed, given.rate, given.keep or Path(scratch), given.only)
        except KeyboardInterrupt:
            return INTERRUPTED
    if given.json:
        given.json.write_text(json.dumps(result, indent=2))
    show(result)
    wrong = failures(result)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
