"""The one function by which the benchmarks call discovery: events in, executions with their routines out."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from collectors.importers import ImportedEvent
from deploy.offline.mine import Miner
from taskstream.settings import Settings


class Found(Struct, frozen=True):
    """What was found in a log. ``executions[n]`` and ``routines[n]`` are of row n, empty where it belongs to none;
    ``listed`` names all routines, those of most executions first; each of ``examples`` holds the rows that make up the
    steps of one execution of a variant of a routine.
    """

    executions: list[str]
    routines: list[str]
    listed: list[str]
    examples: list[list[int]]


def discovered(events: Sequence[ImportedEvent]) -> Found:
    """What ``taskstream mine`` reports of a log, of groups of any size. Rows are the events' ``index``, 0 to n - 1."""
    miner = Miner(Settings(), k=1)
    miner.run("log", events, lambda _: None)
    miner.finish()
    executions, routines = [""] * len(events), [""] * len(events)
    for row, execution, routine in miner.assignments():
        executions[row], routines[row] = execution, routine
    listed = [routine.id for routine in miner.routines()]
    return Found(executions, routines, listed, [example.example_events for example in miner.examples()])
