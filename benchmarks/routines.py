"""How well the catalogue finds the routines of a company: a simulated office with known tasks, from events to the list.

    python -m benchmarks.routines [--people 50] [--days 5] [--seed 7001 ...] [--json FILE]

Teams of people with six tasks each, drawn at random from the seed and seen by nobody; they are interrupted, make
mistakes, chat and read mail. Events go through segmentation and the catalogue as in the streams; k is 5.

found            share of the true tasks that have a routine of their own: most of it is theirs, most of theirs is in it
merged, split    share of the routines that mix two tasks (the second has 20 % or more), and of the tasks that two
                 routines share (the second has 10 % or more)
noise            routines that are of no task: habits such as chatting and reading news, which many people share
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from collectors.simulate.generator import generate_tasks
from collectors.simulate.office import Office
from streams.discovery.catalogue import Catalogue
from streams.stages.segment import AgentSegmenter
from taskstream.records import WORTH_IT, Segment
from taskstream.settings import Settings

TASKS_EACH: Final = 6
TEAMS: Final = 4
K: Final = 5
REFINE_EVERY: Final = 10_000
MUST: Final = {"found": 0.9, "merged_or_split": 0.1}


class TrueSegment(Struct, frozen=True):
    """A segment with the task that most of its steps belong to; empty for none."""

    segment: Segment
    task: str


class Outcome(Struct):
    """Figures of one office."""

    seed: int
    events: int
    segments: int
    tasks: int
    routines: int
    found: float
    merged: float
    split: float
    noise: int
    top_worth: float
    segments_per_s: float
    refine_s: float


def segments_of(people: int, days: int, seed: int, counts: Counter[str]) -> Iterator[TrueSegment]:
    """The office's segments in order of decision; ``counts`` takes the number of events."""
    tasks = generate_tasks(TASKS_EACH * TEAMS, seed)
    tasks = tuple(replace(task, teams=(f"team {i // TASKS_EACH}",)) for i, task in enumerate(tasks))
    office = Office(people, days, seed, tasks=tasks, teams=[f"team {i}" for i in range(TEAMS)])
    segmenters: dict[int, AgentSegmenter] = {}
    labels: dict[int, list[str]] = defaultdict(list)
    for event in office:
        counts["events"] += 1
        segmenter = segmenters.get(event.desktop)
        if segmenter is None:
            desktop = office.desktops[event.desktop]
            segmenter = AgentSegmenter("acme", desktop.team, desktop.person, f"pc{event.desktop}")
            segmenters[event.desktop] = segmenter
        known = labels[event.desktop]
        known.append(event.routine)
        for segment in segmenter.push(len(known) - 1, event.event):
            yield _labelled(segment, known)
    for desktop_number, segmenter in segmenters.items():
        for segment in segmenter.flush():
            yield _labelled(segment, labels[desktop_number])


def _labelled(segment: Segment, labels: Sequence[str]) -> TrueSegment:
    votes = Counter(labels[step.seq] for step in segment.steps)
    return TrueSegment(segment, max(votes, key=lambda task: (votes[task], task)) if votes else "")


def measure(people: int, days: int, seed: int) -> Outcome:
    """One office from events to the catalogue's figures."""
    counts: Counter[str] = Counter()
    work = list(segments_of(people, days, seed, counts))
    tasks = {one.task for one in work} - {""}
    catalogue = Catalogue("acme", k=K)
    assigned: dict[str, str] = {}
    add_s = refine_s = 0.0
    for start in range(0, len(work), REFINE_EVERY):
        began = time.process_time()
        for one in work[start : start + REFINE_EVERY]:
            assigned.update((a.segment, a.routine) for a in catalogue.add(one.segment))
        middle = time.process_time()
        assigned.update((a.segment, a.routine) for a in catalogue.refine().assignments)
        add_s, refine_s = add_s + middle - began, refine_s + time.process_time() - middle
    return _judge(seed, counts["events"], work, tasks, catalogue, assigned, len(work) / add_s, refine_s)


def _judge(
    seed: int, events: int, work: Sequence[TrueSegment], tasks: set[str], catalogue: Catalogue,
    assigned: dict[str, str], segments_per_s: float, refine_s: float,
) -> Outcome:  # fmt: skip
    public = {routine.id for routine in catalogue.routines()}
    of_routine: dict[str, Counter[str]] = defaultdict(Counter)
    of_task: dict[str, Counter[str]] = defaultdict(Counter)
    for one in work:
        routine = _now(assigned.get(one.segment.id, ""), catalogue, public)
        of_routine[routine][one.task] += 1
        of_task[one.task][routine] += 1
    owner = {routine: max(votes, key=lambda task: (votes[task], task)) for routine, votes in of_routine.items()}
    found = {
        owner[routine]
        for routine in public & owner.keys()
        if owner[routine] and of_task[owner[routine]][routine] >= 0.5 * of_task[owner[routine]].total()
    }
    own = [routine for routine in public if owner.get(routine)]
    merged = [routine for routine in own if _second(of_routine[routine]) >= 0.2]
    split = [task for task in tasks if _second(of_task[task]) >= 0.1]
    best = [o for o in catalogue.opportunities(Settings()) if o.verdict == WORTH_IT][: len(tasks)]
    return Outcome(
        seed=seed, events=events, segments=len(work), tasks=len(tasks), routines=len(public),
        found=len(found) / len(tasks), merged=len(merged) / max(1, len(own)), split=len(split) / len(tasks),
        noise=len([routine for routine in public if owner.get(routine) == ""]),
        top_worth=sum(1 for o in best if owner.get(o.id)) / max(1, len(best)),
        segments_per_s=segments_per_s, refine_s=refine_s,
    )  # fmt: skip


def _now(routine: str, catalogue: Catalogue, public: set[str]) -> str:
    """The routine that took over the one assigned at the time; empty where it is no longer in the catalogue."""
    while routine and routine not in public:
        routine = catalogue.successor(routine)
    return routine


def _second(votes: Counter[str]) -> float:
    """Share of the second largest named one."""
    named = sorted([n for name, n in votes.items() if name], reverse=True)
    return named[1] / votes.total() if len(named) > 1 else 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, write the JSON; 1 when a bound is missed."""
    parser = argparse.ArgumentParser(prog="benchmarks.routines", description=__doc__)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--seed", type=int, nargs="*", default=[7001, 7002, 7003])
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    outcomes = []
    print(f"{'seed':>6} {'events':>9} {'segments':>9} {'tasks':>5} {'routines':>8} {'found':>6} {'merged':>6} "
          f"{'split':>6} {'noise':>5} {'worth it, real':>14} {'segments/s':>10} {'refine s':>8}")  # fmt: skip
    for seed in given.seed:
        o = measure(given.people, given.days, seed)
        outcomes.append(o)
        print(f"{o.seed:>6} {o.events:>9,} {o.segments:>9,} {o.tasks:>5} {o.routines:>8} {o.found:>6.1%} "
              f"{o.merged:>6.1%} {o.split:>6.1%} {o.noise:>5} "
              f"{o.top_worth:>14.1%} {o.segments_per_s:>10,.0f} {o.refine_s:>8.1f}",
              flush=True)  # fmt: skip
    n = len(outcomes)
    result = {
        "people": given.people, "days": given.days, "tasks_each": TASKS_EACH,
        "found": sum(o.found for o in outcomes) / n,
        "merged_or_split": sum(max(o.merged, o.split) for o in outcomes) / n,
        "must": MUST,
        "offices": [{name: getattr(o, name) for name in o.__struct_fields__} for o in outcomes],
    }  # fmt: skip
    if given.json:
        given.json.write_text(json.dumps(result, indent=1))
    missed = [
        name for name, bound in MUST.items() if (result[name] < bound if name == "found" else result[name] > bound)
    ]
    print(f"found {result['found']:.1%} (must {MUST['found']:.0%}), merged or split {result['merged_or_split']:.1%} "
          f"(must {MUST['merged_or_split']:.0%}){'; missed: ' + ', '.join(missed) if missed else ''}")  # fmt: skip
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
