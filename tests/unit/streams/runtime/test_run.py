"""The worker as a process: what it says when it starts."""

from __future__ import annotations

import logging

import pytest

from streams.runtime import run
from taskstream.settings import Settings


def test_bounds_are_printed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="taskstream.streams")
    run._print_bounds(Settings(max_agents=64_000, partitions=4, transaction_ms=250))
    assert (
        "64000 agents in all, open ones and people with a model (1300 MB), shared by the partitions owned"
        in caplog.text
    )
    assert "transactions every 250 ms" in caplog.text
    assert "5000 known routines" in caplog.text
    assert "MB of input" in caplog.text
    assert "MB of output waiting" in caplog.text
