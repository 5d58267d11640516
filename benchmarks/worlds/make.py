"""Write worlds as files: what a recorder would have written, and the truth beside it.

    python -m benchmarks.worlds.make FOLDER SEEDS [--fix TRAIT=VALUE ...] [--executions N]

SEEDS is such as 1-60 or 5,9. Writes FOLDER/input/SEED.csv (or .jsonl, of our own agent), FOLDER/truth/SEED.csv
(event,type,case: 0-based row of the input, empty where it is of no task) and FOLDER/about/SEED.json (the traits).
The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.worlds.logs import write
from benchmarks.worlds.seeds import ranges
from benchmarks.worlds.traits import draw


def fixed(texts: Sequence[str]) -> dict[str, str]:
    """Traits given as ``trait=value``.

    Raises:
        ValueError: no such trait or value.
    """
    out = dict(text.partition("=")[::2] for text in texts)
    draw(0, out)
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the worlds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("seeds")
    parser.add_argument("--fix", nargs="+", default=[], metavar="TRAIT=VALUE")
    parser.add_argument("--executions", type=int, help="of the most frequent task (default: drawn, 30 to 90)")
    given = parser.parse_args(arguments)
    try:
        traits, seeds = fixed(given.fix), ranges(given.seeds)
    except ValueError as error:
        parser.error(str(error))
    for seed in seeds:
        print(write(given.folder, seed, traits, given.executions))
    return 0


if __name__ == "__main__":
    sys.exit(main())
