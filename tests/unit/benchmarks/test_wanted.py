"""The summary of the benchmark and the verdict on each figure."""

from __future__ import annotations

import pytest

from benchmarks.pipeline import medians, verdict
from benchmarks.wanted import FIGURES, Figure, get, mark, show, summary

MORE = Figure("rate", "rate", 100, 200, "events/s")
LESS = Figure("time", "time", 10, 3, "s", more_is_better=False)


@pytest.mark.parametrize(
    ("value", "figure", "said"),
    [
        (99, MORE, "MISSED"), (100, MORE, "met"), (200, MORE, "aim"), (None, MORE, ""),
        (10.1, LESS, "MISSED"), (10, LESS, "met"), (3, LESS, "aim"), (5, LESS._replace(must=None, aim=None), ""),
    ],
)  # fmt: skip
def test_mark(value: float | None, figure: Figure, said: str) -> None:
    assert mark(value, figure) == said


def test_a_part_that_failed_costs_its_own_figures_only() -> None:
    result = summary({"storage": {"bytes_per_row": 5.44}})
    assert result == {"bytes_per_row": 5.4}
    assert get(result, "freshness_ms.p50") is None
    assert show(None, FIGURES[0]) == "not measured"


def test_every_figure_comes_from_some_part() -> None:
    row = {"worker": 10, "quixstreams": 5, "plain": 20}
    result = summary(
        {
            "worker": {"5": row, "20": row, "100": row},
            "transactions": {"short_vs_long": 0.95},
            "recovery": {
                "recovery_s": 3.0, "recovery_unnamed_s": 9.0, "restart_s": 2.0,
                "memory_catch_up_mb": 500.0, "memory_restored_mb": 300.0,
                "agents": 20_000,
            },
            "sink": {"sink_vs_engine": 0.5},
            "partitions": {"inserts_per_s": 1.5, "freshness_ms": {"p99": 900}},
            "size": {
                "events_per_s": 1, "memory_mb": {"worker": 2_000}, "sessions_cut": 0, "lost": 0, "duplicated": 0,
                "killed_with_id": {"first_result_s": 3.0, "all_partitions_s": 9.0},
                "killed_without_id": {"all_partitions_s": 15.0}, "second_worker": {"ready_s": 20.0},
                "inserts_per_s": {"ui_events": 2.0},
            },
            "storage": {"bytes_per_row": 5.0},
            "pipeline": {"pipeline_events_per_s": 1, "freshness_ms": {"p50": 1, "p99": 2}},
            "sustained": {
                "rate": 60_000, "sustained": True, "seconds": 300.0, "lag_growing": False, "highest_sustained": 80_000,
            },
        }
    )  # fmt: skip
    assert [figure.key for figure in FIGURES if get(result, figure.key) is None] == []
    assert (result["worker_vs_quixstreams"], result["worker_vs_plain_loop"]) == (2.0, 0.5)


@pytest.mark.parametrize(
    ("per_s", "sent", "growing", "sustained"),
    [
        (0.0, 1_000.0, False, True),
        (1.0, 1_000.0, False, True),
        (20.0, 1_000.0, True, False),
        (0.0, 900.0, False, False),
    ],
)
def test_lag_that_grows_is_not_sustained(per_s: float, sent: float, growing: bool, sustained: bool) -> None:
    saw = [(float(at), round(per_s * at) + 300 * (at % 3)) for at in range(100)]
    found = verdict(saw, 1_000, sent)
    assert (found["lag_growing"], found["sustained"]) == (growing, sustained)
    assert found["lag_slope_events_per_s"] == pytest.approx(per_s, abs=0.6)


def test_medians_of_runs_and_every_loss() -> None:
    def run(rate: int, lost: int) -> dict[str, object]:
        return {
            "pipeline_events_per_s": rate, "freshness_ms": {"p50": rate, "p99": 2 * rate}, "lost": lost,
            "duplicated": 0,
        }  # fmt: skip

    found = medians([run(30, 0), run(10, 1), run(20, 0)])
    assert (found["pipeline_events_per_s"], found["freshness_ms"], found["lost"]) == (20, {"p50": 20, "p99": 40}, 1)
