"""Plain HTTP requests, as curl sends them."""

from __future__ import annotations

import base64
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from msgspec import Struct

from tests.fixtures.clickhouse import ClickHouse


class Reply(Struct, frozen=True):
    """Status, headers (names in lower case) and body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


def ask(
    server: ClickHouse,
    body: bytes | str | None = None,
    *,
    method: str | None = None,
    user: str | None = None,
    password: str | None = None,
    headers: dict[str, str] | None = None,
    path: str = "/",
    **query: str,
) -> Reply:
    """Send one request as the owner (or another user) and return the reply, whatever its status."""
    url = f"{server.url}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
    data = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(url, data=data, method=method or ("POST" if data is not None else "GET"))
    name, secret = user if user is not None else server.user, password if password is not None else server.password
    if name:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode())
    for header, value in (headers or {}).items():
        request.add_header(header, value)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return Reply(response.status, _lower(response.headers), response.read())
    except urllib.error.HTTPError as error:
        return Reply(error.code, _lower(error.headers), error.read())


def read(server: ClickHouse, sql: str, **query: Any) -> Reply:
    """Send one statement as the read-only user."""
    return ask(server, sql, user=server.reader_user, password=server.reader_password, **query)


def _lower(headers: object) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}  # type: ignore[attr-defined]
