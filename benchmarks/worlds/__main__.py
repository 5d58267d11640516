"""How well discovery does on worlds that nobody has seen: by trait, beside an oracle, and with cues taken away.

    python -m benchmarks.worlds [--seeds look|decide|RANGE] [--knockouts] [--fix TRAIT=VALUE ...] [--gym FOLDER]
                                [--stream] [--each] [--jobs N] [--json FILE] [--against FILE]

Seeds 1 to 60 (look) are to look at, 61 to 100 (decide, the default) to decide on; a report takes fresh ones from 1,000
on, such as 20000-20099, and shows no single log. ``--gym`` judges logs that another generator wrote instead of the
own worlds (input/SEED.*, truth/SEED.csv, about/SEED.json); all of its seeds unless some are given. ``--stream`` tells
what the stream finds while work goes on instead. ``--against`` an
earlier JSON tells the mean gain on the same seeds with its standard error: below two of these it may be chance.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec import Struct

from benchmarks.discovered import discovered
from benchmarks.worlds import stream
from benchmarks.worlds.knockouts import KNOCKOUTS
from benchmarks.worlds.logs import Log, drawn, read, seeds_in
from benchmarks.worlds.make import fixed
from benchmarks.worlds.oracle import oracle
from benchmarks.worlds.scores import Score, score
from benchmarks.worlds.seeds import DECIDE, LOOK, purpose, ranges
from benchmarks.worlds.stream import judge_stream
from benchmarks.worlds.tables import Judged, lines, mean, paired, result, worst_tenth

T = TypeVar("T")
NAMED: Final = {"look": list(LOOK), "decide": list(DECIDE)}
UNMIXED: Final = "unmixed, 4 people or more"


class LogFigures(Struct, frozen=True):
    """One log's figures, and its score without each cue."""

    judged: Judged
    without: dict[str, Score]


def judge(load: Callable[[int], Log], seed: int, *, knockouts: bool) -> LogFigures:
    """Discover, score, and score again without each cue."""
    log = load(seed)
    began = time.process_time()
    found = discovered(log.events)
    seconds = time.process_time() - began
    judged = Judged(
        seed=seed,
        traits=log.traits,
        events=len(log.events),
        seconds=seconds,
        score=score(log, found.executions, found.routines),
        oracle=score(log, *oracle(log)),
    )
    without = {}
    for name, take in KNOCKOUTS.items() if knockouts else ():
        found = discovered(take(log.events))
        without[name] = score(log, found.executions, found.routines)
    return LogFigures(judged, without)


def knocked_out(told: Sequence[LogFigures]) -> dict[str, dict[str, dict[str, float]]]:
    """Group of logs → cue taken away → mean and worst tenth of the executions, mean of the tasks."""
    some = [
        one
        for one in told
        if one.judged.traits.get("mixing") == "none" and int(one.judged.traits.get("people") or 1) >= 4
    ]
    return {
        group: {name: _effect([one.without.get(name, one.judged.score) for one in held]) for name in ("", *KNOCKOUTS)}
        for group, held in (("all", told), (UNMIXED, some))
        if held
    }


def _effect(scores: Sequence[Score]) -> dict[str, float]:
    executions = [score.executions for score in scores]
    return {
        "logs": len(scores),
        "executions": mean(executions),
        "worst_tenth": worst_tenth(executions),
        "tasks": mean([score.tasks for score in scores]),
    }


def print_single(told: LogFigures) -> None:
    """One log in a line."""
    one = told.judged
    figures = " ".join(f"{getattr(one.score, name):.2f}" for name in ("executions", "tasks", "listed", "near"))
    traits = " ".join(f"{name}={value}" for name, value in one.traits.items())
    print(f"{one.seed:>7} {figures}  oracle {one.oracle.executions:.2f}  {one.events} events  {traits}", flush=True)


def print_all(found: dict[str, Any]) -> None:
    """The tables."""
    for text in lines(found):
        print(text)
    for group, rows in found.get("knockouts", {}).items():
        print(f"executions without a cue ({group}; {rows['']['logs']} logs)")
        for name, row in rows.items():
            figures = f"{row['executions']:>8.3f}  worst tenth {row['worst_tenth']:.3f}  tasks {row['tasks']:.3f}"
            print(f"  {name or 'with all':24}{figures}")
    print(f"{found['events_per_s']:,.0f} events/s")


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", help="look, decide, or a range such as 20000-20099")
    parser.add_argument("--gym", type=Path, metavar="FOLDER", help="logs of another generator")
    parser.add_argument("--fix", nargs="+", default=[], metavar="TRAIT=VALUE", help="for the own worlds")
    parser.add_argument("--knockouts", action="store_true", help="take cues away, one at a time and all")
    parser.add_argument("--stream", action="store_true", help="what is found while work goes on")
    parser.add_argument("--each", action="store_true", help="show each log")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--against", type=Path, help="figures of an earlier run on the same seeds")
    given = parser.parse_args(arguments)
    try:
        traits = fixed(given.fix)
        seeds = _seeds(given.seeds, given.gym)
        what_for = purpose(seeds)
        if given.each and what_for == "report":
            raise ValueError("a report shows no single log (--each): who looks at one tunes on it")
        before = _earlier(given.against, seeds) if given.against else {}
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    load = partial(read, given.gym) if given.gym else partial(drawn, fixed=traits)
    if given.stream:
        return _stream(load, seeds, given.jobs, given.json)
    told = []
    for one in _run(partial(judge, load, knockouts=given.knockouts), seeds, given.jobs):
        told.append(one)
        if given.each:
            print_single(one)
    found = _result(told, what_for, given.knockouts)
    print(f"{'logs of ' + given.gym.name if given.gym else 'own worlds'}, {len(seeds)} seeds ({what_for})")
    print_all(found)
    if before:
        print(f"gain on the same seeds against {given.against.name}: mean (standard error)")
        gains = paired([one.judged for one in told], before)
        print("  " + "  ".join(f"{figure} {gain:+.4f} ({error:.4f})" for figure, (gain, error) in gains.items()))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def _seeds(text: str | None, gym: Path | None) -> list[int]:
    if text is None:
        return seeds_in(gym) if gym else NAMED["decide"]
    return NAMED.get(text) or ranges(text)


def _earlier(path: Path, seeds: Sequence[int]) -> dict[int, dict[str, float]]:
    """Seed → figures of an earlier result."""
    found = json.loads(path.read_text(encoding="utf-8"))
    logs = {one["seed"]: one["score"] for one in found.get("logs", [])}
    if not logs.keys() & set(seeds):
        raise ValueError(f"{path.name} tells of no single log of these seeds (a report never does)")
    return logs


def _stream(load: Callable[[int], Log], seeds: Sequence[int], jobs: int, path: Path | None) -> int:
    told = list(_run(partial(judge_stream, load), seeds, jobs))
    for text in stream.lines(told):
        print(text)
    if path:
        path.write_text(json.dumps({"stream": stream.figures(told)}, indent=1) + "\n")
    return 0


def _run(work: Callable[[int], T], seeds: Sequence[int], jobs: int) -> Iterable[T]:
    if jobs <= 1:
        yield from map(work, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(work, seeds)


def _result(told: Sequence[LogFigures], what_for: str, knockouts: bool) -> dict[str, Any]:
    logs = [one.judged for one in told]
    found: dict[str, Any] = {"purpose": what_for} | result(logs, each=what_for != "report")
    if knockouts:
        found["knockouts"] = knocked_out(told)
    found["events_per_s"] = sum(one.events for one in logs) / max(sum(one.seconds for one in logs), 1e-9)
    return found


if __name__ == "__main__":
    sys.exit(main())
