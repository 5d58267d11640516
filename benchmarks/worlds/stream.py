"""How well executions are found while work goes on: before anything was learned, after it, and beside whole logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from benchmarks.streamed import Streamed
from benchmarks.worlds.logs import Log
from benchmarks.worlds.scores import Score, score
from benchmarks.worlds.tables import row_of
from streams.discovery.semimarkov.served import load_tables
from streams.discovery.semimarkov.teaching import teach

ROWS: Final = ("nothing learned", "learned from the log", "the whole log at once")


class StreamFigures(Struct, frozen=True):
    """One log's scores: decided by evidence at edges; with tables learned from it; ``whole``: all steps explained at
    once with the same names, the best that tables can do."""

    seed: int
    first: Score
    served: Score
    whole: Score


def judge_stream(load: Callable[[int], Log], seed: int) -> StreamFigures:
    """Run a log through the stream's path, learn from it, and run it through again."""
    log = load(seed)
    first = Streamed(log.events)
    data = teach("local", 1, first.taught())
    served = Streamed(log.events, load_tables(data)) if data else first
    found = first.found(), served.found(), first.at_once()
    return StreamFigures(seed, *[score(log, one.executions, one.routines) for one in found])


def lines(told: Sequence[StreamFigures]) -> Iterator[str]:
    """The table as text."""
    yield f"{'executions in the stream':28}{'executions':>11}{'worst 1/10':>11}{'tasks':>11}{'listed':>11}"
    for name, row in figures(told).items():
        values = [
            row["executions"]["mean"],
            row["executions"]["worst_tenth"],
            row["tasks"]["mean"],
            row["listed"]["mean"],
        ]
        yield f"{name:28}" + "".join(f"{value:>11.3f}" for value in values)


def figures(told: Sequence[StreamFigures]) -> dict[str, dict[str, dict[str, float]]]:
    """Row → figure → mean and worst tenth."""
    columns = [one.first for one in told], [one.served for one in told], [one.whole for one in told]
    return {name: row_of(column) for name, column in zip(ROWS, columns, strict=True)}
