"""What is logged once: the place of a fault."""

from __future__ import annotations

import pytest

from streams.runtime import observe
from taskstream.faults import SaidOnce


def test_a_fault_is_logged_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "_said", SaidOnce())
    for _ in range(3):
        observe.fault("ui-events/1", "KeyError at stages/segment.py:7 in push")
    observe.fault("ui-events/2", "KeyError at stages/segment.py:9 in push")
    lines = [record.getMessage() for record in caplog.records]
    assert [line[: len("ui-events/1")] for line in lines] == ["ui-events/1", "ui-events/2"]
    assert "KeyError at stages/segment.py:7 in push" in lines[0]
