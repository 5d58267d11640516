"""Keeps the page on this machine: only loopback's names, no other site's requests, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
HEADERS: Final = (
    # NiceGUI evaluates templates in the page; what it may never do is to reach anything but this server.
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; "
        b"form-action 'none'; base-uri 'self'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


def is_ours(host: str, origin: str, site: str) -> bool:
    """Whether a request with these headers comes from this machine's own page (or from a program).

    A web page can reach loopback too, by a name of its own (DNS rebinding) or as a cross-site request.
    """
    try:
        if urlsplit(f"//{host}").hostname not in LOOPBACK:
            return False
    except ValueError:
        return False
    if origin and urlsplit(origin).netloc != host:
        return False
    return site in ("", "none", "same-origin")


class OwnMachineOnly:
    """ASGI middleware: refuses foreign requests and websockets, and adds :data:`HEADERS` to every answer."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        site = headers.get("sec-fetch-site", "")
        # Following a link or typing the address is no request of another page's script.
        if headers.get("sec-fetch-mode") == "navigate" and scope.get("method") == "GET":
            site = ""
        if not is_ours(headers.get("host", ""), headers.get("origin", ""), site):
            await _refuse(scope, receive, send)
            return

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        await self._app(scope, receive, guarded)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    body = b"This page answers on this machine only.\n"
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode()), *HEADERS]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
