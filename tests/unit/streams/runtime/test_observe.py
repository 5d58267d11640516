"""What is logged once: the place of a fault."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import generate_latest

from streams.runtime import observe
from streams.teams.team_partition import TeamPartitionState
from taskstream import metrics
from taskstream.faults import SaidOnce
from tests.unit.streams.build import marker, state, tables


def test_a_fault_is_logged_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "_said", SaidOnce())
    for _ in range(3):
        observe.fault("ui-events/1", "KeyError at stages/segment.py:7 in push")
    observe.fault("ui-events/2", "KeyError at stages/segment.py:9 in push")
    lines = [record.getMessage() for record in caplog.records]
    assert [line[: len("ui-events/1")] for line in lines] == ["ui-events/1", "ui-events/2"]
    assert "KeyError at stages/segment.py:7 in push" in lines[0]


def test_figures_of_a_partition_go_with_it() -> None:
    checkpoint: Any = SimpleNamespace(topic="ui-events", partition=7, committed=3)
    metrics.POSITION.labels("7").set(3)
    metrics.LAG.labels("ui-events", "7").set(4)
    observe.forget(checkpoint)
    told = generate_latest(metrics.REGISTRY).decode()
    assert 'partition="7"' not in told
    observe.forget(checkpoint)  # it had none


def test_windows_let_out_early_are_counted_and_said_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "_said", SaidOnce())
    before = metrics.WINDOWS_EARLY._value.get()
    operator = TeamPartitionState(0, 2, 2)
    checkpoint: Any = SimpleNamespace(operator=operator)
    for _ in range(2):
        operator.early = 3
        observe.applied(checkpoint)
    assert (metrics.WINDOWS_EARLY._value.get() - before, operator.early) == (6, 0)
    assert caplog.text.count("let out before") == 1


def test_sessions_closed_for_room_are_counted_and_said_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "_said", SaidOnce())
    before = metrics.SESSIONS_CUT._value.get()
    observe.cut(2)
    observe.cut(3)
    assert metrics.SESSIONS_CUT._value.get() - before == 5
    assert caplog.text.count("raise agents_mb") == 1


def test_tables_that_came_into_use_are_counted_and_those_that_were_no_newer_are_not() -> None:
    before = metrics.TABLES_TAKEN._value.get()
    operator = state()
    checkpoint: Any = SimpleNamespace(operator=operator)
    for offset, version in enumerate((1, 2, 2)):
        operator.apply(marker(offset, tables("t", version)))
        observe.applied(checkpoint)
    assert metrics.TABLES_TAKEN._value.get() - before == 2
