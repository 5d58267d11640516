"""The page never asks as the owner of an embedded ClickHouse."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from sinks.dashboard.page_store import as_reader
from taskstream.endpoints import READER, Endpoints
from taskstream.errors import ServiceError


@contextmanager
def server(code: int, name: str) -> Iterator[str]:
    class Ping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802
            self.send_response(code)
            self.send_header("X-ClickHouse-Server-Display-Name", name)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    listening = HTTPServer(("127.0.0.1", 0), Ping)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_address[1]}"
    listening.shutdown()
    listening.server_close()


@pytest.mark.parametrize(
    ("code", "name", "user"), [(200, "taskstream", READER), (200, "their own", "owner"), (403, "a proxy", "owner")]
)
def test_the_embedded_one_is_asked_as_reader_and_others_as_the_settings_say(code: int, name: str, user: str) -> None:
    with server(code, name) as url:
        assert as_reader(Endpoints("", url, "owner", "secret")).clickhouse_user == user


def test_where_it_does_not_say_which_it_is_nobody_is_asked() -> None:
    with server(200, "taskstream") as url:
        pass
    with pytest.raises(ServiceError, match="does not answer"):
        as_reader(Endpoints("", url, "owner", "secret"))
