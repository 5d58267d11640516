"""Summarises the figures of many logs: means and worst tenths, of all, by trait, and by pairs of traits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from statistics import stdev
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import asdict

from benchmarks.worlds.scores import FIGURES, Score

LEAST_LOGS: Final = 3
"""Logs that a pair of traits must have to be told."""
PAIRS: Final = 12
"""Pairs printed: those on which discovery is weakest."""


class Judged(Struct, frozen=True):
    """One log's figures beside those of the oracle; ``seconds`` that discovery took."""

    seed: int
    traits: dict[str, str]
    events: int
    seconds: float
    score: Score
    oracle: Score


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; 0 of none."""
    return sum(values) / len(values) if values else 0.0


def worst_tenth(values: Sequence[float]) -> float:
    """Mean of the lowest tenth, at least of the lowest one."""
    return mean(sorted(values)[: max(1, len(values) // 10)])


def row_of(scores: Sequence[Score]) -> dict[str, dict[str, float]]:
    """Figure → its mean and the mean of its worst tenth."""
    out = {}
    for figure in FIGURES:
        values = [getattr(score, figure) for score in scores]
        out[figure] = {"mean": mean(values), "worst_tenth": worst_tenth(values)}
    return out


def summary(logs: Sequence[Judged]) -> dict[str, Any]:
    """Number of logs, and the rows of discovery and of the oracle."""
    return {
        "logs": len(logs),
        "product": row_of([one.score for one in logs]),
        "oracle": row_of([one.oracle for one in logs]),
    }


def by_trait(logs: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """``trait=value`` → the summary of the logs that have it."""
    values = dict.fromkeys(item for one in logs for item in one.traits.items())
    traits = list(dict.fromkeys(trait for trait, _ in values))
    return {
        f"{trait}={value}": summary([one for one in logs if one.traits.get(trait) == value])
        for trait, value in sorted(values, key=lambda item: (traits.index(item[0]), item[1]))
    }


def by_pair(logs: Sequence[Judged]) -> list[dict[str, Any]]:
    """Mean of the executions of each pair of traits that enough logs have, the lowest first."""
    groups: dict[tuple[str, str], list[Judged]] = {}
    for one in logs:
        for pair in combinations([f"{trait}={value}" for trait, value in one.traits.items()], 2):
            groups.setdefault(pair, []).append(one)
    rows = [
        {
            "pair": " ".join(pair),
            "logs": len(held),
            "executions": mean([one.score.executions for one in held]),
            "oracle": mean([one.oracle.executions for one in held]),
        }
        for pair, held in groups.items()
        if len(held) >= LEAST_LOGS
    ]
    return sorted(rows, key=lambda row: (row["executions"], row["pair"]))


def result(logs: Sequence[Judged], *, each: bool) -> dict[str, Any]:
    """All tables as one object for JSON; single logs only where they may be looked at."""
    out: dict[str, Any] = {"all": summary(logs), "by": by_trait(logs), "pairs": by_pair(logs)}
    if each:
        out["logs"] = [asdict(one) | {"score": asdict(one.score), "oracle": asdict(one.oracle)} for one in logs]
    return out


def paired(logs: Sequence[Judged], before: Mapping[int, Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """Figure → mean difference to an earlier result (seed → figures) on the same seeds, and its standard error."""
    out = {}
    for figure in FIGURES:
        gains = [getattr(one.score, figure) - before[one.seed][figure] for one in logs if one.seed in before]
        spread = stdev(gains) if len(gains) > 1 else 0.0
        out[figure] = mean(gains), spread / max(len(gains), 1) ** 0.5
    return out


_HEAD: Final = (
    "logs", "executions", "worst 1/10", "oracle", "worst 1/10", "tasks", "worst 1/10", "listed", "whole", "start", "±2",
)  # fmt: skip


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The tables as text. ``start`` and ``±2`` tell whether executions begin where they should, exactly and nearly."""
    yield f"{'':24}" + "".join(f"{head:>11}" for head in _HEAD)
    yield line("all", found["all"])
    for name, row in found["by"].items():
        yield line(name, row)
    yield f"pairs of traits, the {PAIRS} weakest (at least {LEAST_LOGS} logs)"
    for pair in found["pairs"][:PAIRS]:
        yield f"  {pair['pair']:44}{pair['logs']:>5}{pair['executions']:>8.3f}  oracle {pair['oracle']:.3f}"


def line(name: str, row: dict[str, Any]) -> str:
    """One row of the table."""
    product, oracle = row["product"], row["oracle"]
    cells = [
        product["executions"]["mean"], product["executions"]["worst_tenth"], oracle["executions"]["mean"],
        oracle["executions"]["worst_tenth"],
        product["tasks"]["mean"], product["tasks"]["worst_tenth"], product["listed"]["mean"],
        product["whole"]["mean"], product["boundary"]["mean"], product["near"]["mean"],
    ]  # fmt: skip
    return f"{name:24}{row['logs']:>11}" + "".join(f"{cell:>11.3f}" for cell in cells)
