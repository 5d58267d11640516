"""The worker as a process: what it says when it starts."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

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


def test_a_start_that_takes_long_is_no_standstill(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faust's start lasts until what is assigned has been restored, however many partitions that are."""
    beats: list[str] = []

    class Watchdog:
        def __init__(self, *_: object) -> None: ...
        def start(self) -> None: ...
        def beat(self) -> None:
            beats.append("beat")

        def stop(self) -> None:
            beats.append("stop")

    class App:
        crash_reason, should_stop = None, True

        async def start(self) -> None:
            while not beats:
                await asyncio.sleep(0.001)

        async def stop(self) -> None: ...

    class Worker:
        ownership: Any = type("Ownership", (), {"owned": {}})
        health: Any = type("Health", (), {"failure": None, "stalled": False})

        async def run(self) -> None: ...
        async def stop(self) -> None: ...

    monkeypatch.setattr(run, "Watchdog", Watchdog)
    monkeypatch.setattr(run, "create_app", lambda _: (App(), Worker()))
    ended = asyncio.run(asyncio.wait_for(run._serve(Settings()), 10))
    assert "the consumer ended" in str(ended)
    assert beats[-1] == "stop"
