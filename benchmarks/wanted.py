"""The figures of the benchmark table: where each comes from, what it must reach, what it aims at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class Figure(NamedTuple):
    """One row of the table. ``key`` is its path in the summary; ``must`` and ``aim`` are in its unit, None for none."""

    what: str
    key: str
    must: float | None
    aim: float | None
    unit: str
    more_is_better: bool = True

    def bound(self, value: float | None) -> str:
        """A bound, as the table shows it."""
        return "" if value is None else f"{'≥' if self.more_is_better else '≤'} {value:,.10g} {self.unit}"


FIGURES: Final = (
    Figure("one worker, exactly once, 20 events a message", "worker_events_per_s", 120_000, 250_000, "events/s"),
    Figure("… against quixstreams, at least once", "worker_vs_quixstreams", 1.0, 1.5, "×"),
    Figure("… against a plain loop, at least once", "worker_vs_plain_loop", 0.8, 1.1, "×"),
    Figure("… 5 events a message", "worker_events_per_s_by_batch.5", 60_000, 120_000, "events/s"),
    Figure("… 100 events a message", "worker_events_per_s_by_batch.100", 150_000, 300_000, "events/s"),
    Figure("transactions of 0.25 s against 1 s", "transaction_250_vs_1000_ms", 0.9, 1.0, "×"),
    Figure("sink against the engine's own insert", "sink_vs_engine", 0.6, 0.9, "×"),
    Figure(
        "the sink over 96 partitions: inserts a second into ui_events",
        "partitions.inserts_per_s",
        2,
        1,
        "inserts/s",
        False,
    ),
    Figure("… freshness at 52,000 events/s, p99", "partitions.freshness_ms.p99", 2_000, 1_000, "ms", False),
    Figure("whole pipeline, drained", "pipeline_events_per_s", 60_000, 156_000, "events/s"),
    Figure("whole pipeline, held without growing lag", "sustained_events_per_s", 60_000, 156_000, "events/s"),
    Figure("freshness at 2,000 events/s, p50", "freshness_ms.p50", 2_000, 700, "ms", False),
    Figure("freshness at 2,000 events/s, p99", "freshness_ms.p99", 4_000, 1_500, "ms", False),
    Figure("recovery, kill to first new result", "recovery_s", 10, 3, "s", False),
    Figure("… without a worker_id", "recovery_unnamed_s", 10, 8, "s", False),
    Figure("recovery, start of a worker to first new result", "restart_s", None, None, "s", False),
    Figure("memory of a worker, catching up", "worker_memory_mb.catch_up", 600, 300, "MB", False),
    Figure("memory of a worker, after a restore", "worker_memory_mb.restored", 600, 300, "MB", False),
    Figure("96 partitions, 100,000 agents, one worker: held", "size.events_per_s", None, None, "events/s"),
    Figure("… memory of the worker, at most", "size.memory_mb.worker", 2_500, 2_000, "MB", False),
    Figure("… sessions closed for want of room", "size.sessions_cut", 0, 0, "", False),
    Figure("… events lost or stored twice", "size.wrong", 0, 0, "", False),
    Figure(
        "… killed, to first new result, with a worker_id", "size.killed_with_id.first_result_s", None, 3, "s", False
    ),
    Figure("… … until all partitions go on", "size.killed_with_id.all_partitions_s", None, None, "s", False),
    Figure("… … without a worker_id", "size.killed_without_id.all_partitions_s", None, None, "s", False),
    Figure("… a second worker joins: both ready", "size.second_worker.ready_s", None, None, "s", False),
    Figure("… inserts a second into ui_events", "size.inserts_per_s.ui_events", None, 2, "/s", False),
    Figure("bytes a row in ui_events", "bytes_per_row", 30, 15, "bytes", False),
)


def summary(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of the parts that ran. The others' keys are missing."""
    result: dict[str, Any] = {}
    if "worker" in found:
        worker = found["worker"]
        at_20 = worker["20"]
        result |= {
            "worker_events_per_s": at_20["worker"],
            "worker_events_per_s_by_batch": {size: row["worker"] for size, row in worker.items()},
            "worker_vs_quixstreams": round(at_20["worker"] / at_20["quixstreams"], 2),
            "worker_vs_plain_loop": round(at_20["worker"] / at_20["plain"], 2),
        }
    if "transactions" in found:
        result["transaction_250_vs_1000_ms"] = round(found["transactions"]["short_vs_long"], 2)
    if "sink" in found:
        result["sink_vs_engine"] = round(found["sink"]["sink_vs_engine"], 2)
    if "partitions" in found:
        result["partitions"] = found["partitions"]
    if "pipeline" in found:
        result |= {name: found["pipeline"][name] for name in ("pipeline_events_per_s", "freshness_ms")}
    if "sustained" in found:
        held = found["sustained"]
        result |= {
            "sustained_events_per_s": held["rate"] if held["sustained"] else 0,
            "sustained_seconds": held["seconds"],
            "lag_growing": held["lag_growing"],
            "highest_sustained_events_per_s": held["highest_sustained"],
        }
    if "recovery" in found:
        recovery = found["recovery"]
        result |= {
            "recovery_s": recovery["recovery_s"],
            "recovery_unnamed_s": recovery["recovery_unnamed_s"],
            "restart_s": recovery["restart_s"],
            "worker_memory_mb": {
                "catch_up": recovery["memory_catch_up_mb"],
                "restored": recovery["memory_restored_mb"],
                "agents": recovery["agents"],
            },
        }
    if "size" in found:
        size = found["size"]
        result["size"] = dict(size) | {"wrong": size["lost"] + size["duplicated"]}
    if "storage" in found:
        result["bytes_per_row"] = round(found["storage"]["bytes_per_row"], 1)
    if "growth" in found:
        result["growth_us_per_event"] = {
            name: {n: round(point["us_per_event"], 2) for n, point in curve.items()}
            for name, curve in found["growth"].items()
        }
    return result


def get(result: Mapping[str, Any], key: str) -> float | None:
    """The figure at a dotted path, or None."""
    found: Any = result
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found if isinstance(found, int | float) else None


def show(value: float | None, figure: Figure) -> str:
    """A measured figure, as the table shows it."""
    return "not measured" if value is None else f"{value:,.10g} {figure.unit}"


def mark(value: float | None, figure: Figure) -> str:
    """Whether it is what it must be."""
    if value is None or figure.must is None:
        return ""

    def reaches(bound: float | None) -> bool:
        return bound is not None and (value >= bound if figure.more_is_better else value <= bound)

    return "aim" if reaches(figure.aim) else "met" if reaches(figure.must) else "MISSED"
