"""What `up` and `demo` show while they wait."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping

import pytest
from rich.console import Console

from deploy.cli.waiting import REPEAT_S, Waiting, WaitLog, render


@pytest.mark.parametrize(
    ("observed", "lines"),
    [
        ([(0.1, {"kafka": 0.1})], ["  0.1 s  waiting for kafka (0 s)"]),
        (  # the same part once more is no news, until it has lasted
            [(0.1, {"kafka": 0.1}), (0.2, {"kafka": 0.2}), (0.1 + REPEAT_S, {"kafka": 5.1})],
            ["  0.1 s  waiting for kafka (0 s)", "  5.1 s  waiting for kafka (5 s)"],
        ),
        (
            [(0.1, {"kafka": 0.1, "clickhouse": 0.1}), (3.0, {"clickhouse": 3.0, "worker": 0.0})],
            [
                "  0.1 s  waiting for kafka (0 s), clickhouse (0 s)",
                "  3.0 s  kafka took 0.1 s; waiting for clickhouse (3 s), worker (0 s)",
            ],
        ),
        (
            [(0.1, {"kafka": 0.1}), (1.0, {}), (99.0, {})],
            ["  0.1 s  waiting for kafka (0 s)", "  1.0 s  kafka took 0.1 s"],
        ),
        ([(0.1, {}), (50.0, {})], []),
    ],
)
def test_there_is_a_line_when_there_is_news(
    observed: list[tuple[float, Mapping[str, float]]], lines: list[str]
) -> None:
    told = WaitLog()
    said = [told.line(now_s, waiting) for now_s, waiting in observed]
    assert [line for line in said if line] == lines


def test_where_there_is_no_terminal_lines_come_within_the_first_second() -> None:
    log = io.StringIO()
    waiting = Waiting(Console(file=log, width=120))
    began = time.monotonic()
    with waiting.shown("starting", lambda: {"kafka": time.monotonic() - began}):
        while "waiting for kafka (0 s)" not in log.getvalue():
            assert time.monotonic() - began < 1.0
            time.sleep(0.01)
    assert log.getvalue().startswith("starting ...\n")
    waiting.progress("Kafka (one-time download)", 4_500_000, 45_000_000)
    waiting.progress("Kafka (one-time download)", 4_600_000, 45_000_000)
    assert log.getvalue().splitlines()[-1] == "Kafka (one-time download): 4 of 45 MB"


def test_where_nothing_is_waited_for_nothing_is_written() -> None:
    log = io.StringIO()
    with Waiting(Console(file=log, width=120)).shown("stopping", dict):
        time.sleep(0.25)
    assert log.getvalue() == ""


def test_on_a_terminal_the_view_names_each_part_and_leaves_nothing_behind() -> None:
    screen = io.StringIO()
    console = Console(file=screen, width=100, force_terminal=True)
    waiting = Waiting(console)
    waiting.progress("Kafka (one-time download)", 9_000_000, 45_000_000)
    with waiting.shown("starting", lambda: {"kafka": 3.2}):
        time.sleep(0.3)
    for words in ("starting", "kafka", "3 s", "9 of 45 MB"):
        assert words in screen.getvalue()
    plain = io.StringIO()
    view = render("starting 4 s", {"kafka": 3.2}, {"clickhouse": 1.5, "kafka": 1.0}, {"all there": (1, 1)})
    Console(file=plain, width=100).print(view)
    rows = [line.split() for line in plain.getvalue().splitlines()]
    assert rows == [["starting", "4", "s"], ["●", "clickhouse", "1.5", "s"], ["●", "kafka", "3", "s", "waiting"]]
