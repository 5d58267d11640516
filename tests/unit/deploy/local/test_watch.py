"""A unit under watch: started again, given up."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local.restart import RestartPolicy
from deploy.local.watch import ENDED, RUNNING, STARTING, WAITING, Watched
from taskstream.errors import ServiceError


class FakeUnit:
    """Does what the test says."""

    name = "fake"
    pid = 1
    log = Path("fake.log")

    def __init__(self) -> None:
        self.starts = 0
        self.words = ""
        self.works = True
        self.trouble: Exception | None = None

    def start(self) -> None:
        self.starts += 1
        self.words = ""
        if self.trouble:
            raise self.trouble

    def ended(self) -> str:
        return self.words

    def ready(self) -> bool:
        return self.works

    def terminate(self) -> None: ...

    def stop(self) -> None: ...


def _until(watched: Watched, pool: ThreadPoolExecutor, state: str) -> list[str]:
    news = []
    deadline = time.monotonic() + 5
    while watched.state != state:
        assert time.monotonic() < deadline, watched.state
        if line := watched.step(pool):
            news.append(line)
        time.sleep(0.01)
    return news


def test_started_again_after_its_end() -> None:
    unit = FakeUnit()
    watched = Watched(unit, RestartPolicy(limit=3))
    watched.start()
    assert watched.state == RUNNING
    with ThreadPoolExecutor(1) as pool:
        assert watched.step(pool) == ""
        unit.words = "exit code 9"
        assert "exit code 9" in watched.step(pool)
        assert watched.state == WAITING
        assert _until(watched, pool, RUNNING) == ["fake runs again"]
    assert (unit.starts, watched.restarts) == (2, 1)


def test_starting_until_it_works() -> None:
    unit = FakeUnit()
    unit.works = False
    watched = Watched(unit)
    watched.start()
    assert watched.state == STARTING
    unit.works = True
    with ThreadPoolExecutor(1) as pool:
        _until(watched, pool, RUNNING)


def test_given_up_with_the_reason_and_the_log() -> None:
    unit = FakeUnit()
    watched = Watched(unit, RestartPolicy(limit=2))
    watched.start()
    unit.trouble = ServiceError("the disk is full")
    unit.words = "exit code 1"
    with ThreadPoolExecutor(1) as pool, pytest.raises(ServiceError, match=r"2 times .*the disk is full.*fake\.log"):
        _until(watched, pool, "never")
    assert watched.state == ENDED


def test_the_first_start_is_not_retried() -> None:
    unit = FakeUnit()
    unit.trouble = ServiceError("no")
    with pytest.raises(ServiceError, match="no"):
        Watched(unit).start()
    assert unit.starts == 1
