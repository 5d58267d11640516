"""A proxy in front of ClickHouse that does wrong what proxies, networks and servers do wrong."""

from __future__ import annotations

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

CODES: Final = {
    "too many parts": (252, "Too many parts (300) in table. Merges are processing significantly slower than inserts"),
    "memory limit": (241, "(total) memory limit exceeded: would use 4.00 GiB"),
    "full disk": (243, "Cannot reserve 1.00 MiB, not enough space"),
    "read-only disk": (75, "Cannot write to file: Read-only file system"),
    "read-only table": (242, "Table is in readonly mode"),
    "wrong password": (516, "taskstream: Authentication failed: password is incorrect"),
    "table altered": (16, "No such column active_ms in table ui_events"),
}
"""ClickHouse's own answers."""
BEHAVIOURS: Final = (*CODES, "500", "502", "cut before", "cut after", "slow", "html")


class FaultyProxy:
    """``fault`` says how INSERTs fare from now on; empty: as they should. ``held``: they wait until ``release`` is set;
    ``late`` counts those that arrived then."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.user, self.password = user, password
        self.fault = ""
        self.failed = 0
        self.release = threading.Event()
        self.late = 0
        real = urlsplit(url)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def _body(self) -> bytes:
                if self.headers.get("Transfer-Encoding", "") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                pieces = []
                while size := int(self.rfile.readline(), 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(pieces)

            def _forward(self) -> None:
                body = self._body()
                wrong = proxy.fault if b"INSERT" in body[:200] or "INSERT" in self.path else ""
                if wrong:
                    proxy.failed += 1
                if wrong in CODES:
                    code, words = CODES[wrong]
                    text = f"Code: {code}. DB::Exception: {words}. (version 26.9)\n".encode()
                    self._answer(500, [("X-ClickHouse-Exception-Code", str(code))], text)
                elif wrong in ("500", "502"):
                    self._answer(int(wrong), [], b"upstream failed\n")
                elif wrong == "html":
                    self._answer(503, [("Content-Type", "text/html")], b"<html>\n<h1>503</h1>\n</html>\n")
                elif wrong == "cut before":
                    self.close_connection = True
                    self.connection.close()
                else:
                    if wrong == "slow":
                        time.sleep(3)
                    elif wrong == "held":
                        proxy.release.wait(120)
                    backend = http.client.HTTPConnection(real.hostname or "", real.port, timeout=60)
                    skipped = ("host", "transfer-encoding", "content-length")
                    headers = {name: value for name, value in self.headers.items() if name.lower() not in skipped}
                    backend.request(self.command, self.path, body, headers)
                    answer = backend.getresponse()
                    data = answer.read()
                    if wrong == "held":
                        proxy.late += 1
                    if wrong == "cut after":  # it is stored, and nobody is told
                        self.close_connection = True
                        self.connection.close()
                        return
                    dropped = ("transfer-encoding", "content-length", "connection")
                    self._answer(
                        answer.status, [(n, v) for n, v in answer.getheaders() if n.lower() not in dropped], data
                    )

            do_GET = do_POST = _forward  # noqa: N815

            def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
