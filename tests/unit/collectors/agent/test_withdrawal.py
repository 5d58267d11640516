"""A recording whose consent goes ends within a second and stores nothing more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from collectors.agent import consent
from collectors.agent.agent import Agent
from collectors.agent.terms import Terms
from collectors.clock import now_ms
from collectors.delivery.spool import Spool
from collectors.sources.base import Click, Sink, Window
from taskstream.cli.policy import policy
from taskstream.errors import ServiceError
from taskstream.settings import load


class FakeDesktop:
    """A desktop on which somebody clicks a hundred times a second: platform, notice and sources in one."""

    def __init__(self) -> None:
        self.why_hidden = ""
        self._sink: Sink = lambda _: None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._clicks, daemon=True)

    def require(self) -> None: ...
    def notice(self, on_click: Callable[[], None]) -> FakeDesktop:
        return self

    def desktop(self, sink: Sink, on_layout: Callable[[], None]) -> FakeDesktop:
        self._sink = sink
        return self

    def input(self, sink: Sink, excluded: Callable[[int, int], bool]) -> FakeDesktop:
        return self

    def show(self) -> None: ...
    def set_paused(self, paused: bool) -> None: ...
    def close(self) -> None: ...
    def restart(self, why: str) -> None: ...
    def covers(self, x: int, y: int) -> bool:
        return False

    def hidden(self) -> str:
        return self.why_hidden

    def healthy(self) -> bool:
        return True

    def start(self) -> None:
        if not self._thread.is_alive():
            self._sink(Window(now_ms(), "excel", "Save As"))
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _clicks(self) -> None:
        while not self._stop.wait(0.01):
            self._sink(Click(now_ms()))


@pytest.fixture
def agent(tmp_path: Path) -> tuple[Agent, FakeDesktop, Spool]:
    made = CliRunner().invoke(policy, ["new", "--personal", "--home", str(tmp_path)])
    assert made.exit_code == 0, made.output
    terms = Terms(tmp_path, tmp_path / "policy.json", 5)
    consent.give(tmp_path, terms.verified.sha256, terms.k, actor="p", now_ms=5, by_machine=False)
    desktop, spool = FakeDesktop(), Spool(tmp_path / "spool" / "spool.db")
    return Agent(load(home=tmp_path), desktop, spool, None, terms, lambda _: None), desktop, spool


def test_without_consent_it_ends_within_a_second(agent: tuple[Agent, FakeDesktop, Spool], tmp_path: Path) -> None:
    recording, _, spool = agent
    running = threading.Thread(target=recording.run, daemon=True)
    running.start()
    deadline = time.monotonic() + 20
    while not spool.pending and time.monotonic() < deadline:
        time.sleep(0.05)
    assert spool.pending
    assert consent.withdraw(tmp_path)
    began, stored = time.monotonic(), spool.pending
    running.join(20)
    assert time.monotonic() - began < 1.0
    assert recording.withdrawn
    assert spool.pending <= stored + 1, "what was open was not stored; a batch may just have been"


def test_a_hidden_notice_ends_it_with_the_reason(agent: tuple[Agent, FakeDesktop, Spool]) -> None:
    recording, desktop, _ = agent
    desktop.why_hidden = "was moved or shrunk"
    with pytest.raises(ServiceError, match="the notice that a recording runs was moved or shrunk"):
        recording.run(20)
    assert not recording.withdrawn
