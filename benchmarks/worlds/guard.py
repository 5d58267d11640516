"""Floors of discovery on twelve small worlds, for the normal tests: a change that makes it worse is seen at once.

    python -m benchmarks.worlds.guard            compare with ``floors.json``; exit code 1 below a floor
    python -m benchmarks.worlds.guard --refit    write what is reached now; refused where a mean falls by more than its
                                                 margin, unless --lower says that this is meant

``floors.json`` holds what was reached at the last refit; a floor is that minus a margin. Each world has one difficulty,
so its name says what got worse. The worlds are small and few: they guard, they do not measure.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.discovered import discovered
from benchmarks.worlds.logs import drawn
from benchmarks.worlds.scores import score
from benchmarks.worlds.seeds import GUARD
from benchmarks.worlds.tables import mean

FLOORS: Final = Path(__file__).parent / "floors.json"
FIGURES: Final = ("executions", "tasks", "listed")
MARGIN: Final = 0.12
"""Below what one world reached: a single small log may lose by a change that helps most."""
MEAN_MARGIN: Final = 0.02
"""Below the mean of what all reached."""
EXECUTIONS: Final = 20

_PLAIN: Final = {
    "recorder": "cells", "labels": "words", "language": "en", "equal": "no", "volatile": "no",
    "release": "no", "detours": "0", "focus": "no", "values": "linked", "keys": "no",
    "pauses": "human", "clock": "exact", "sessions": "one", "ending": "final", "tails": "no", "order": "runs",
    "loops": "none", "branches": "some", "length": "middle", "alike": "no", "mixing": "none", "noise": "0",
    "chatter": "0", "strolls": "no", "abandoned": "0", "shared": "nothing", "people": "1", "kinds": "3",
}  # fmt: skip
_DIFFICULTIES: Final[dict[str, dict[str, str]]] = {
    "plain": {},
    "masked words, one task": {"labels": "masked", "kinds": "1", "values": "none"},
    "paths, own agent": {"labels": "path", "recorder": "agent"},
    "codes": {"labels": "code", "recorder": "plain"},
    "automation ids, equal times": {"labels": "automation", "clock": "equal", "recorder": "plain"},
    "set aside": {"mixing": "aside"},
    "shuffled": {"mixing": "shuffle", "pauses": "steady"},
    "side by side": {"mixing": "pairs", "recorder": "agent"},
    "noise and chatter": {"noise": "0.15", "chatter": "0.1", "abandoned": "0.1"},
    "sign-in, ends in the middle": {"shared": "login", "ending": "middle", "language": "de"},
    "loops at even pace": {"loops": "both", "pauses": "even"},
    "four people, no ends": {"people": "4", "ending": "never", "clock": "minutes", "shared": "form"},
}
WORLDS: Final[dict[str, tuple[int, dict[str, str]]]] = {
    name: (seed, _PLAIN | traits) for seed, (name, traits) in zip(GUARD, _DIFFICULTIES.items(), strict=True)
}
"""Name → seed and traits."""

Figures = dict[str, float]


def reached(name: str) -> Figures:
    """The figures that discovery reaches now on a world."""
    seed, traits = WORLDS[name]
    log = drawn(seed, traits, EXECUTIONS)
    found = discovered(log.events)
    got = score(log, found.executions, found.routines)
    return {figure: round(getattr(got, figure), 3) for figure in FIGURES}


def known() -> dict[str, Figures]:
    """What was reached at the last refit, by world."""
    found: dict[str, Figures] = json.loads(FLOORS.read_text(encoding="utf-8"))
    return found


def fallen(now: Mapping[str, Figures], before: Mapping[str, Figures]) -> list[str]:
    """The floors that are missed, in words."""
    out = means_fallen(now, before)
    for name, figures in before.items():
        out += [
            f"{name}: {figure} {now[name][figure]:.3f}, floor {value - MARGIN:.3f}"
            for figure, value in figures.items()
            if now[name][figure] < value - MARGIN
        ]
    return out


def means_fallen(now: Mapping[str, Figures], before: Mapping[str, Figures]) -> list[str]:
    """The floors of the means that are missed, in words."""
    out = []
    for figure in FIGURES:
        got = mean([one[figure] for one in now.values()])
        floor = mean([one[figure] for one in before.values()]) - MEAN_MARGIN
        if got < floor:
            out.append(f"mean of {figure} {got:.3f}, floor {floor:.3f}")
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare or refit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--refit", action="store_true", help="write what is reached now")
    parser.add_argument("--lower", action="store_true", help="with --refit: also where a mean falls")
    given = parser.parse_args(arguments)
    now = {name: reached(name) for name in WORLDS}
    before = known() if FLOORS.exists() else {}
    for name, figures in now.items():
        old = before.get(name, {})
        print(f"{name:30}", *(f"{figure} {value:.3f} ({old.get(figure, 0):.3f})" for figure, value in figures.items()))
    missed = means_fallen(now, before) if given.refit and before else fallen(now, before)
    for text in missed:
        print(f"below: {text}")
    if not given.refit:
        return int(bool(missed))
    if missed and not given.lower:
        print("not written: floors only rise. Say --lower where the loss is meant, and why in the commit.")
        return 1
    FLOORS.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
