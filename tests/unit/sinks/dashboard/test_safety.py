"""Who may open the page."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sinks.dashboard.safety import OwnMachineOnly, is_ours


@pytest.mark.parametrize(
    ("host", "origin", "site", "ours"),
    [
        ("127.0.0.1:8750", "", "", True),
        ("localhost:8750", "http://localhost:8750", "same-origin", True),
        ("[::1]:8750", "", "none", True),
        ("127.0.0.1:8750", "https://example.org", "", False),
        ("127.0.0.1:8750", "http://127.0.0.1:9999", "same-site", False),
        ("127.0.0.1:8750", "null", "", False),
        ("127.0.0.1:8750", "", "cross-site", False),
        ("rebound.example.org:8750", "http://rebound.example.org:8750", "same-origin", False),
        ("127.0.0.1.example.org", "", "", False),
        ("", "", "", False),
        ("[", "", "", False),
    ],
)
def test_only_this_machines_own_page(host: str, origin: str, site: str, ours: bool) -> None:
    assert is_ours(host, origin, site) is ours


def _ask(scope: dict[str, Any]) -> list[Any]:
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(OwnMachineOnly(app)(scope, receive, send))
    return sent


def _scope(kind: str, **headers: str) -> dict[str, Any]:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": kind, "method": "GET", "headers": pairs}


def test_a_foreign_request_and_a_foreign_websocket_are_refused() -> None:
    assert _ask(_scope("http", host="evil.example"))[0]["status"] == 403
    assert _ask(_scope("websocket", host="127.0.0.1:1", origin="http://evil.example"))[0]["type"] == "websocket.close"


def test_a_link_from_another_page_may_be_followed_but_nothing_may_be_fetched() -> None:
    link = _scope("http", host="127.0.0.1:1", sec_fetch_site="cross-site", sec_fetch_mode="navigate")
    assert _ask(link)[0]["status"] == 200
    fetch = _scope("http", host="127.0.0.1:1", sec_fetch_site="cross-site", sec_fetch_mode="cors")
    assert _ask(fetch)[0]["status"] == 403


def test_answers_forbid_to_load_anything_from_elsewhere() -> None:
    headers = dict(_ask(_scope("http", host="127.0.0.1:1"))[0]["headers"])
    assert b"default-src 'self'" in headers[b"content-security-policy"]
    assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]
