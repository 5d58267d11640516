"""The sink waits for a ClickHouse that is away or refuses it, says so in one line, and goes on by itself."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from sinks.clickhouse import run
from sinks.connect import AccessRefused
from taskstream.endpoints import Endpoints
from taskstream.errors import ServiceError
from taskstream.settings import Settings

WHERE = Endpoints("k:1", "http://c:1", "me", "wrong")
REFUSED = "ClickHouse at http://c:1 refuses the login of me"


class _Server:
    """A server that lets in who gives ``password``."""

    def __init__(self) -> None:
        self.password = "right"
        self.given: list[str] = []
        self.heard = threading.Event()

    def connect(self, endpoints: Endpoints) -> Any:
        self.given.append(endpoints.clickhouse_password)
        if len(self.given) >= 3:
            self.heard.set()
        if endpoints.clickhouse_password != self.password:
            raise AccessRefused(REFUSED)
        return type("Client", (), {"database": ""})()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> _Server:
    made = _Server()
    monkeypatch.setattr(run, "connect", made.connect)
    monkeypatch.setattr(run, "LONGEST_S", 0.02)
    monkeypatch.setattr(run, "FEEDS", ())
    return made


def _reaching(settings: Settings, stop: threading.Event) -> tuple[threading.Thread, list[object]]:
    found: list[object] = []

    def reach() -> None:
        try:
            found.append(run._reach(settings, WHERE, stop))
        except ServiceError as error:
            found.append(error)

    thread = threading.Thread(target=reach)
    thread.start()
    return thread, found


def test_a_wrong_password_is_waited_for_until_the_server_takes_it(
    server: _Server, caplog: pytest.LogCaptureFixture
) -> None:
    thread, found = _reaching(Settings(), threading.Event())
    assert server.heard.wait(10)
    assert not found
    server.password = "wrong"
    thread.join(10)
    assert isinstance(found[0], tuple)
    assert [line.message for line in caplog.records] == [f"{REFUSED}; waiting for it", "ClickHouse answers"]


def test_a_password_that_is_put_right_in_its_file_is_found(server: _Server, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("wrong")
    thread, found = _reaching(Settings(clickhouse_password_file=str(file)), threading.Event())
    assert server.heard.wait(10)
    file.unlink()  # it is being written anew
    server.heard.clear()
    assert server.heard.wait(10)
    file.write_text("right\n")
    thread.join(10)
    assert isinstance(found[0], tuple)


def test_who_waits_can_be_stopped(server: _Server) -> None:
    stop = threading.Event()
    thread, found = _reaching(Settings(), stop)
    assert server.heard.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(found[0], ServiceError)
