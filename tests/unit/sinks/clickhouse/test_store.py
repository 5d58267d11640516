"""A password that is changed under a running sink, and answers that are not ClickHouse's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.query import QueryResult
from clickhouse_connect.driver.summary import QuerySummary

from sinks.clickhouse import run
from sinks.clickhouse.blocks.record_block import RecordBlock, RecordLayout
from sinks.clickhouse.feeds import FEEDS
from sinks.clickhouse.store import Store, Unavailable
from sinks.connect import AccessRefused
from taskstream.endpoints import Endpoints
from taskstream.records import Session
from taskstream.settings import Settings

REFUSED, MEMORY = 516, 241


class Server:
    """Lets in who gives ``password``; ``code`` is how it refuses others."""

    def __init__(self) -> None:
        self.password, self.code, self.logins = "old", REFUSED, 0
        self.blocks: list[bytes] = []
        self.query_id = "q1"
        self.page: Exception | None = None

    def connect(self, endpoints: Endpoints) -> Client:
        self.logins += 1
        if endpoints.clickhouse_password != self.password:
            raise AccessRefused("the login is refused")
        return Client(self, endpoints.clickhouse_password)


class Client:
    """Gives one password with each request."""

    database = ""

    def __init__(self, server: Server, password: str) -> None:
        self._server, self._password = server, password

    def raw_insert(self, _table: str, *, insert_block: bytes, **_: Any) -> QuerySummary:
        self._ask()
        self._server.blocks.append(insert_block)
        return QuerySummary({"query_id": self._server.query_id})

    def query(self, *_: Any, **__: Any) -> QueryResult:
        self._ask()
        found = QueryResult([])
        found.summary = {"query_id": self._server.query_id}
        return found

    def insert(self, *_: Any, **__: Any) -> None:
        self._ask()

    def _ask(self) -> None:
        if self._server.page is not None:
            raise self._server.page
        if self._password != self._server.password:
            raise DatabaseError(f"code: {self._server.code}", code=self._server.code)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server()
    monkeypatch.setattr(run, "connect", made.connect)
    monkeypatch.setattr(run, "FEEDS", ())
    return made


def reached(file: Path) -> Store:
    where = Endpoints("k:1", "http://c:1", "me", "old")
    return run._reach(Settings(clickhouse_password_file=str(file)), where, threading.Event())[0]


ASKED: list[Callable[[Store], object]] = [
    lambda store: store.insert("ui_events", b"block", "token"),
    lambda store: store.is_empty("ui_events"),
    lambda store: store.columns("ui_events"),
    lambda store: store.note_progress([]),
]


@pytest.mark.parametrize("ask", ASKED)
def test_a_password_changed_in_its_file_is_read_when_the_old_one_is_refused(
    server: Server, tmp_path: Path, ask: Callable[[Store], object]
) -> None:
    file = tmp_path / "password"
    file.write_text("old\n")
    store = reached(file)
    server.password = "new"
    for _ in range(2):  # the file still holds the old one
        with pytest.raises(Unavailable):
            ask(store)
    file.write_text("new\n")
    with pytest.raises(Unavailable):  # nobody knows of the block; whoever waits tries again
        ask(store)
    ask(store)
    assert server.logins == 4


def test_other_faults_lead_to_no_new_login(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("old")
    store = reached(file)
    server.password, server.code = "new", MEMORY
    with pytest.raises(Unavailable):
        store.insert("ui_events", b"block", "token")
    assert server.logins == 1


def test_a_file_that_is_not_there_for_a_moment_ends_nothing(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("old")
    store = reached(file)
    server.password = "new"
    file.unlink()
    with pytest.raises(Unavailable):
        store.is_empty("ui_events")
    file.write_text("new")
    with pytest.raises(Unavailable):
        store.is_empty("ui_events")
    assert store.is_empty("ui_events")


def sessions() -> RecordBlock:
    """A block of a session, of which only the id is asked for."""
    block = RecordBlock(RecordLayout(Session, [], "id"))
    block._names.append("a:0")
    return block


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.insert("ui_events", b"block", "token"),
        lambda store: store.is_empty("ui_events"),
        lambda store: store.columns("ui_events"),
        lambda store: store.present(FEEDS[1], sessions()),
    ],
)
def test_what_a_proxy_answers_in_place_of_the_server_is_no_answer(
    server: Server, tmp_path: Path, ask: Callable[[Store], object]
) -> None:
    """With status 200 and nothing to read in it: a block would count as stored, and a table as empty."""
    file = tmp_path / "password"
    file.write_text("old")
    store = reached(file)
    ask(store)
    server.query_id = ""
    with pytest.raises(Unavailable, match="not ClickHouse's"):
        ask(store)
    server.page = UnicodeDecodeError("utf-8", b"\xfcberlastet", 0, 1, "invalid start byte")
    with pytest.raises(Unavailable):
        ask(store)
