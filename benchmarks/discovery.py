"""Accuracy and speed of discovery: one configuration on every log, beside published and peer figures.

    python -m benchmarks.discovery [--quick] [--json FILE] [--only SUITE ...]

Each suite is a set of logs with known truth; what it must reach is in the table. ``--quick`` takes fewer seeds.
Results are those that ``taskstream mine`` writes: events of no routine count as of no task.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from benchmarks.discovered import discovered
from benchmarks.discovery_logs import CPN, RECORDED, Labelled, load
from benchmarks.discovery_metrics import NEAR, SegmentationScore, boundary_f1, mean_edit_distance, routine_f, type_f1
from benchmarks.discovery_tasks import person
from benchmarks.discovery_variants import interleaved, masked, mix, noisy
from collectors.importers import ImportedEvent
from collectors.simulate.generator import generate_tasks
from collectors.simulate.office import Office
from streams.stages.segment import AgentSegmenter

Log = Sequence[Labelled]
Named = tuple[str, Log]
HELD_OUT: Final = 7_000
"""Seeds of generated people start here; none below was looked at while developing."""


class Suite(Struct):
    """A row of the table. ``must`` maps a figure to its bound: at least for F figures, at most for distances."""

    name: str
    logs: Callable[[bool], Iterable[Named]]
    must: dict[str, float]
    beside: str = ""


def _public(names: Sequence[str]) -> Callable[[bool], Iterator[Named]]:
    return lambda _quick: ((name, load(name)) for name in names)


def _noisy(share: float) -> Callable[[bool], Iterator[Named]]:
    def logs(quick: bool) -> Iterator[Named]:
        for seed in range(1 if quick else 10):
            for name in CPN[-2:] if quick else CPN:
                yield f"{name}/{seed}", noisy(load(name)[: 1_500 if quick else 4_000], share, seed)

    return logs


def _kinds(quick: bool) -> Iterator[Named]:
    for kind in ("insert", "duplicate", "drop", "swap"):
        for seed in range(1 if quick else 3):
            for name in ("log5", "StudentRecord", "Reimbursement"):
                yield f"{name}/{kind}/{seed}", noisy(load(name)[:3_000], 0.2, seed, (kind,))


def _office(quick: bool) -> Iterator[Named]:
    """Each person of simulated offices with generated tasks, with breaks, chat, interruptions, slips and variants."""
    for seed in range(HELD_OUT, HELD_OUT + (1 if quick else 4)):
        office = Office(4, 2, seed, tasks=generate_tasks(6, seed))
        people: dict[int, list[Labelled]] = {}
        for one in office:
            event = one.event
            act = "|".join((event.app, event.kind, event.screen, event.element))
            labelled = Labelled(event, act, one.execution or None, one.routine or None)
            people.setdefault(one.desktop, []).append(labelled)
        yield from ((f"{seed}/{desktop}", log) for desktop, log in sorted(people.items()))


def _interleaved(count: int) -> Callable[[bool], Iterator[Named]]:
    def logs(quick: bool) -> Iterator[Named]:
        for seed in range(2 if quick else 10):
            yield f"set aside/{seed}", interleaved(seed, count, "set aside")
            yield f"switch/{seed}", interleaved(seed, count, "switch")

    return logs


SUITES: Final = (
    Suite("CPN logs", _public(CPN), {"boundary": 0.99, "routine": 0.96}, "peer 1 / 1, .883 (log5)"),
    Suite("recordings", _public(RECORDED), {"boundary": 0.98, "routine": 0.98}, "peer 1 / .972, .944; online .96 to 1"),
    Suite("two tasks, 50 % noise", _public(("extended",)), {"type": 0.94}),
    Suite(
        "mixes of 2 to 4 tasks",
        lambda quick: ((str(seed), mix(seed)) for seed in range(4 if quick else 24)),
        {"edit": 0.02, "worst": 0.10},
        "published .039 to .167",
    ),
    Suite(
        "mixes, words masked",
        lambda quick: ((str(seed), masked(mix(100 + seed))) for seed in range(3 if quick else 24)),
        {"edit": 0.15},
        "published .27 to .42",
    ),
    Suite(
        "unseen tasks",
        lambda quick: ((str(seed), person(HELD_OUT + seed)) for seed in range(3 if quick else 20)),
        {"edit": 0.10},
    ),
    Suite(
        "unseen, no completions",
        lambda quick: ((str(seed), person(HELD_OUT + 500 + seed, completes=0.0)) for seed in range(2 if quick else 12)),
        {},
    ),
    Suite("simulated office, unseen", _office, {"edit": 0.10}),
    Suite("10 % noise", _noisy(0.1), {"edit": 0.20}),
    Suite("20 % noise", _noisy(0.2), {"edit": 0.30}),
    Suite("40 % noise", _noisy(0.4), {"edit": 0.40, "routine": 0.60}, "published routine F .69"),
    Suite("20 % of one kind of noise", _kinds, {}),
    Suite("2 tasks interleaved", _interleaved(2), {"type": 0.92, "edit": 0.15}),
    Suite("3 tasks interleaved", _interleaved(3), {"type": 0.85, "edit": 0.20}),
)


def measure(log: Log) -> SegmentationScore:
    """Mine a log of one person and score the result."""
    mined = discovered([ImportedEvent(row, "", one.event) for row, one in enumerate(log)])
    found: list[Hashable] = [execution or None for execution in mined.executions]
    routines: list[Hashable] = [routine or None for routine in mined.routines]
    acts, true = [one.act for one in log], [one.case for one in log]
    patterns = [tuple([acts[row] for row in example]) for example in mined.examples]
    return SegmentationScore(
        events=len(log),
        found=len(set(found) - {None}),
        true=len(set(true) - {None}),
        boundary_f1=boundary_f1(found, true),
        boundary_near=boundary_f1(found, true, NEAR),
        edit_mean=mean_edit_distance(acts, found, true),
        type_f1=type_f1(routines, [one.type for one in log]),
        routine_f=routine_f(patterns, acts, true),
        routines=len(mined.listed),
    )


def row_of(scores: Sequence[SegmentationScore]) -> dict[str, float]:
    """The figures of a suite: means, and the worst edit distance."""
    return {
        "boundary": statistics.mean(score.boundary_f1 for score in scores),
        "near": statistics.mean(score.boundary_near for score in scores),
        "edit": statistics.mean(score.edit_mean for score in scores),
        "worst": max(score.edit_mean for score in scores),
        "type": statistics.mean(score.type_f1 or 0.0 for score in scores),
        "routine": statistics.mean(score.routine_f or 0.0 for score in scores),
        "least_boundary": min(score.boundary_f1 for score in scores),
        "least_routine": min(score.routine_f or 0.0 for score in scores),
        "found_per_true": sum(score.found for score in scores) / max(sum(score.true for score in scores), 1),
    }


def missed(suite: Suite, row: dict[str, float]) -> list[str]:
    """The bounds that a suite does not reach."""
    return [
        f"{name} {row[name]:.3f} (must {bound})"
        for name, bound in suite.must.items()
        if (row[name] > bound if name in {"edit", "worst"} else row[name] < bound)
    ]


def speed(seconds: float = 3.0) -> dict[str, float]:
    """Events a second of the segmenting stage on one core, and the bytes of a person's state."""
    events = [one.event for one in mix(3)]
    done, largest = 0, 0
    started = time.process_time()
    while time.process_time() - started < seconds:
        segmenter = AgentSegmenter("t", "m", "p", "a")
        for seq, event in enumerate(events):
            segmenter.push(seq, event)
        segmenter.flush()
        done += len(events)
    elapsed = time.process_time() - started
    segmenter = AgentSegmenter("t", "m", "p", "a")
    for seq, event in enumerate(events):
        segmenter.push(seq, event)
        if seq % 100 == 0:
            largest = max(largest, len(segmenter.dump()))
    return {"events_per_s": round(done / elapsed), "state_bytes": largest}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suites; exit code 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer seeds")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--only", nargs="*", default=[], help="suites whose name contains one of these")
    given = parser.parse_args(arguments)
    out: dict[str, Any] = {"quick": given.quick, "suites": {}}
    failed = False
    heads = ("logs", "boundary", "near", "edit", "worst", "type", "routine", "found")
    print(f"{'suite':27}" + "".join(f"{head:>9}" for head in heads) + "  must; others")
    for suite in SUITES:
        if given.only and not any(word in suite.name for word in given.only):
            continue
        scores = {name: measure(log) for name, log in suite.logs(given.quick)}
        row = row_of(list(scores.values()))
        lacking = missed(suite, row)
        failed |= bool(lacking)
        bounds = " ".join(f"{name} {bound}" for name, bound in suite.must.items())
        print(
            f"{suite.name:27}{len(scores):>9}{row['boundary']:>9.3f}{row['near']:>9.3f}{row['edit']:>9.3f}{row['worst']:>9.3f}"
            f"{row['type']:>9.3f}{row['routine']:>9.3f}{row['found_per_true']:>9.2f}  {bounds}; {suite.beside}"
            + (f"  MISSED {', '.join(lacking)}" if lacking else ""),
            flush=True,
        )
        out["suites"][suite.name] = {"figures": row, "must": suite.must, "logs": scores}
    out["speed"] = speed(1.0 if given.quick else 3.0)
    print("segmenting stage: {events_per_s:,} events/s on one core; state {state_bytes:,} B".format(**out["speed"]))
    if given.json:
        import msgspec

        given.json.write_text(json.dumps(msgspec.to_builtins(out), indent=1))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
