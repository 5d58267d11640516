"""Compares every figure that users see with the truth of simulated offices: errors, and coverage of the intervals.

    python -m benchmarks.figures [--offices 20] [--seed 9000] [--quick] [--live] [--json FILE]

Each office has tasks of its own, drawn at random, of people who are interrupted, make slips, chat and go away. Its
first five days are mined as ``taskstream mine`` does it. It goes on for fifteen more, of which nothing is mined: an
interval must hold what those say (allowing for their own sampling error), not what it was computed from.

found           tasks of at least k people that have a routine of their own in the list
error           of a figure beside the truth, mean of its size and the worst, over all tasks found
holds           share of the 95 % intervals that hold the truth
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import sqrt
from pathlib import Path
from statistics import fmean, median
from typing import Any, Final

from msgspec import Struct

from benchmarks.figures_live import LiveOffice
from collectors.importers import ImportedEvent
from collectors.simulate.generator import generate_tasks
from collectors.simulate.office import Office, Simulated
from collectors.simulate.task_model import Behaviour
from collectors.simulate.truth import TrueExecution, executions
from deploy.offline.mine import Miner
from streams.discovery.evidence.timing import quantile
from taskstream.records import Opportunity
from taskstream.settings import Settings

PEOPLE: Final = 15
TASKS: Final = 8
SEEN_DAYS: Final = 5
MORE_DAYS: Final = 15
K: Final = 3
LEAST: Final = 30
"""Executions from which a task is judged."""
SAMPLE: Final = 160
"""Executions of which a routine's median is taken, at most."""
WEEK_DAYS: Final = 5
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000
RIGHT_CLOCKS: Final = Behaviour(wrong_clock=0, drifting_clock=0)
"""Clocks are corrected by a stage that a log without Kafka does not pass."""

MUST: Final = {
    "executions": (0.03, 0.08),
    "hours a week": (0.03, 0.08),
}
"""Mean size of the error, and the worst."""
HOLDS: Final = (0.92, 0.98)
"""Share of the intervals that must hold the truth."""


class TaskErrors(Struct):
    """A task with its errors (found over true, minus 1; variants: share by which they differ) and intervals."""

    office: int
    task: str
    executions: int
    errors: dict[str, float]
    holds: dict[str, bool]


class OfficeErrors(Struct):
    """One office: the tasks that should be found, those found."""

    seed: int
    tasks: int
    judged: list[TaskErrors]


def _office(seed: int) -> Office:
    return Office(
        PEOPLE, SEEN_DAYS + MORE_DAYS, seed, tasks=generate_tasks(TASKS, seed), teams=("office",),
        behaviour=RIGHT_CLOCKS,
    )  # fmt: skip


def measure_live(seed: int) -> OfficeErrors:
    """One office through the stream's stages and the catalogue, to the live list's figures beside the truth."""
    office = _office(seed)
    until = office.start_ms + WEEK_DAYS * DAY_MS
    live = LiveOffice(office, until, K)
    first, more, wanted = _parted(live.done, until)
    listed = live.listed()
    judged = [judge(seed, first[task], more[task], listed[task], None) for task in wanted if task in listed]
    return OfficeErrors(seed, len(wanted), judged)


def _parted(
    done: Iterable[TrueExecution], until: int
) -> tuple[dict[str, list[TrueExecution]], dict[str, list[TrueExecution]], list[str]]:
    """Each task's executions before and after ``until``, and the tasks that should be found."""
    first: dict[str, list[TrueExecution]] = defaultdict(list)
    more: dict[str, list[TrueExecution]] = defaultdict(list)
    for one in done:
        (first if one.start_ms < until else more)[one.routine].append(one)
    wanted = [
        task for task, some in sorted(first.items())
        if len({one.desktop for one in some}) >= K and len(some) >= LEAST
    ]  # fmt: skip
    return first, more, wanted


def measure(seed: int) -> OfficeErrors:
    """One office from events to figures beside the truth."""
    office = _office(seed)
    until = office.start_ms + WEEK_DAYS * DAY_MS
    miner = Miner(Settings(), k=K)
    truth: list[tuple[str, str]] = []

    def seen(items: Iterable[Simulated]) -> Iterable[Simulated]:
        for item in items:
            if item.event.at_ms < until:
                miner.push(str(item.desktop), ImportedEvent(len(truth), "", item.event))
                truth.append((item.execution, item.routine))
            yield item

    done = list(executions(seen(office)))
    miner.run("", (), lambda _: None)
    listed = {one.id: one for one in miner.finish()}
    first, more, wanted = _parted(done, until)
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for row, _, routine in miner.assignments():
        votes[routine][truth[row][1]] += 1
    way = {one.id: one.variant for one in done}
    ways: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for example in miner.examples():
        seen_in = Counter(way.get(truth[row][0], "") for row in example.example_events)
        ways[example.routine][max(seen_in, key=lambda name: (seen_in[name], name), default="")] += example.share
    owner = {routine: max(found, key=lambda task: (found[task], task)) for routine, found in votes.items()}
    routines = {owner.get(one.id): one for one in reversed(miner.routines()) if one.id in listed}
    judged = [
        judge(seed, first[task], more[task], listed[routines[task].id], ways[routines[task].id])
        for task in wanted if task in routines
    ]  # fmt: skip
    return OfficeErrors(seed, len(wanted), judged)


def judge(
    seed: int, first: Sequence[TrueExecution], more: Sequence[TrueExecution], listed: Opportunity,
    ways: Mapping[str, float] | None,
) -> TaskErrors:  # fmt: skip
    """A routine's figures beside the executions that were seen, and its intervals beside those that came later.

    ``ways``  the share of its variants that stand for each way to do the task; None: not compared
    """
    active = [one.active_ms for one in first]
    later = [one.active_ms for one in more]
    true = {
        "executions": len(first),
        "people": len({one.desktop for one in first}),
        "active median": median(active),
        "active p90": quantile(active, 0.9),
        "active total": sum(active),
        "hours a week": sum(active) / HOUR_MS / SEEN_DAYS * WEEK_DAYS,
    }
    found = {
        "executions": listed.executions,
        "people": listed.people,
        "active median": listed.active_median_ms,
        "active p90": listed.active_p90_ms,
        "active total": listed.active_total_ms,
        "hours a week": listed.hours_per_week,
    }
    errors = {name: found[name] / value - 1 for name, value in true.items()}
    moved = fmean([one.moved for one in first])
    errors["values moved"] = (listed.transferred_values - moved) / max(1.0, moved)
    if ways is not None:
        true_ways = Counter(one.variant for one in first)
        errors["variants' shares"] = 0.5 * sum(
            [abs(ways.get(name, 0.0) - true_ways[name] / len(first)) for name in {*ways, *true_ways}]
        )
    own = sqrt(1 + min(SAMPLE, len(first)) / max(1, len(later)))
    weekly = sum(later) / HOUR_MS / MORE_DAYS * WEEK_DAYS
    holds = {
        "active median": _holds(
            median(later), listed.active_median_ms, listed.active_low_ms, listed.active_high_ms, own
        ),
        "hours a week": _holds(
            weekly, listed.hours_per_week, listed.hours_per_week_low, listed.hours_per_week_high,
            sqrt(1 + SEEN_DAYS / MORE_DAYS),
        ),
    }  # fmt: skip
    return TaskErrors(seed, first[0].routine, len(first), errors, holds)


def _holds(truth: float, middle: float, low: float, high: float, own: float) -> bool:
    """Whether the interval, widened by the sampling error of what stands for the truth, holds it."""
    return middle - own * (middle - low) <= truth <= middle + own * (high - middle)


def summary(outcomes: Sequence[OfficeErrors]) -> dict[str, Any]:
    """The table's figures."""
    judged = [one for outcome in outcomes for one in outcome.judged]
    figures = {}
    for name in judged[0].errors:
        sizes = [abs(one.errors[name]) for one in judged]
        worst = max(judged, key=lambda one: abs(one.errors[name]))
        figures[name] = {
            "mean": fmean(sizes), "bias": fmean([one.errors[name] for one in judged]), "worst": max(sizes),
            "where": f"{worst.office}: {worst.task}", "within_8": fmean([size <= 0.08 for size in sizes]),
        }  # fmt: skip
    holds = {name: fmean([one.holds[name] for one in judged]) for name in judged[0].holds}
    tasks = sum(outcome.tasks for outcome in outcomes)
    return {"offices": len(outcomes), "tasks": tasks, "found": len(judged) / tasks, "errors": figures, "holds": holds}


def missed(result: Mapping[str, Any]) -> list[str]:
    """The bounds that are not kept."""
    lacking = [
        f"{name}: {result['errors'][name][which]:.1%} {which} (must {bound:.0%})"
        for name, bounds in MUST.items()
        for which, bound in zip(("mean", "worst"), bounds, strict=True)
        if result["errors"][name][which] > bound
    ]
    return lacking + [
        f"interval of {name} holds {share:.1%} (must {HOLDS[0]:.0%} to {HOLDS[1]:.0%})"
        for name, share in result["holds"].items()
        if not HOLDS[0] <= share <= HOLDS[1]
    ]


def _print(result: Mapping[str, Any], out: Callable[[str], object]) -> None:
    out(f"{result['offices']} offices, {result['tasks']} tasks, {result['found']:.1%} of them found")
    out(f"{'figure':16} {'error, mean':>11} {'bias':>7} {'worst':>7} {'within 8 %':>10}  {'95 % interval holds':>19}")
    for name, row in result["errors"].items():
        holds = f"{result['holds'][name]:.1%}" if name in result["holds"] else ""
        out(
            f"{name:16} {row['mean']:>11.1%} {row['bias']:>+7.1%} {row['worst']:>7.1%} {row['within_8']:>10.0%}  "
            f"{holds:>19}  {row['where']}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, write the JSON; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--offices", type=int, default=20)
    parser.add_argument("--seed", type=int, default=9_000, help="of the first office")
    parser.add_argument("--quick", action="store_true", help="two offices: a look, no measurement")
    parser.add_argument("--live", action="store_true", help="the live list, by the stream's model, instead of mine")
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args(arguments)
    outcomes: list[OfficeErrors] = []
    for seed in range(given.seed, given.seed + (2 if given.quick else given.offices)):
        outcomes.append(measure_live(seed) if given.live else measure(seed))
        sys.stderr.write(f"office {seed}: {len(outcomes[-1].judged)} of {outcomes[-1].tasks} tasks found\n")
    result = summary(outcomes)
    _print(result, print)
    lacking = missed(result)
    print(f"missed: {'; '.join(lacking)}" if lacking else "all bounds kept")
    if given.json:
        import msgspec

        given.json.write_text(json.dumps(result | {"judged": msgspec.to_builtins(outcomes)}, indent=1))
    return int(bool(lacking))


if __name__ == "__main__":
    sys.exit(main())
