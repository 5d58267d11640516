"""The answer to one request, in the words of a ClickHouse server."""

from __future__ import annotations

import contextlib
import json
import secrets
import time

from aiohttp import web

from deploy.local.clickhouse.engine import Answer, Counts, Engine
from deploy.local.clickhouse.failures import Failure

SERVER_NAME = "taskstream"
"""What the header X-ClickHouse-Server-Display-Name says: by it the embedded endpoint is told from a server."""

_CONTENT = {
    "Native": "application/octet-stream", "RowBinary": "application/octet-stream",
    "JSON": "application/json; charset=UTF-8", "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8", "JSONCompactEachRow": "application/x-ndjson; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent", "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8", "TSV": "text/tab-separated-values; charset=UTF-8",
    "Arrow": "application/octet-stream",
    "ArrowStream": "application/octet-stream", "Parquet": "application/octet-stream",
}  # fmt: skip


class Answering:
    """The answer to one request: headers as late as possible, errors in the form that fits what is already sent."""

    def __init__(self, request: web.Request, engine: Engine) -> None:
        self._request = request
        self._engine = engine
        self._began = time.monotonic_ns()
        self._held: list[bytes] = []
        self._size = 0
        self._counts = Counts()
        self._tag = secrets.token_hex(8)
        self.query_id = ""
        self.form = ""
        self.response: web.StreamResponse | None = None

    async def whole(self, answer: Answer) -> None:
        """A complete answer at once."""
        self._count(answer)
        response = web.Response(body=answer.data, headers=self._headers(200))
        await self._start(response)
        await response.write_eof()

    async def write(self, piece: Answer, hold: int) -> None:
        """A piece of the answer; held back while there is less than ``hold`` bytes, so that errors and counts fit
        into the headers."""
        self._count(piece)
        if self.response is None:
            self._held.append(piece.data)
            if self._size >= hold:
                await self._start(web.StreamResponse(headers=self._headers(200)))
                for held in self._held:
                    await self._response.write(held)
                self._held.clear()
            return
        await self._response.write(piece.data)

    async def end(self) -> None:
        """The answer is complete."""
        if self.response is None:
            await self.whole(Answer(b"".join(self._held), Counts()))
            return
        await self._response.write_eof()

    async def fail(self, error: Failure) -> None:
        """Report an error, if the client is still connected."""
        with contextlib.suppress(ConnectionError):
            await self._fail(error)

    async def _fail(self, error: Failure) -> None:
        """By status and headers, or inside the answer where it has already begun."""
        text = f"{error} (version {self._engine.version})\n" if "(version " not in str(error) else f"{error}\n"
        if self.response is None:
            headers = self._headers(error.status) | {
                "X-ClickHouse-Exception-Code": str(error.code),
                "Content-Type": "text/plain; charset=UTF-8",
            }
            await self._start(web.Response(status=error.status, text=None, body=text.encode(), headers=headers))
            await self._response.write_eof()
            return
        message = text.encode()
        block = b"\r\n__exception__\r\n%s\r\n%s%d %s\r\n__exception__\r\n" % (
            self._tag.encode(), message, len(message), self._tag.encode()
        )  # fmt: skip
        await self._response.write(block)
        # Without the closing chunk: a client that does not know the block sees a broken answer, not a short one.
        if self._request.transport is not None:
            self._request.transport.close()

    def _count(self, answer: Answer) -> None:
        self._counts = self._counts.plus(answer.counts)
        self._size += len(answer.data)

    @property
    def _response(self) -> web.StreamResponse:
        assert self.response is not None
        return self.response

    async def _start(self, response: web.StreamResponse) -> None:
        self.response = response
        await response.prepare(self._request)

    def _headers(self, status: int) -> dict[str, str]:
        headers = {
            "X-ClickHouse-Query-Id": self.query_id,
            "X-ClickHouse-Server-Display-Name": SERVER_NAME,
            "X-ClickHouse-Timezone": self._engine.timezone,
            "X-ClickHouse-Exception-Tag": self._tag,
            "X-Content-Type-Options": "nosniff",
            "Content-Type": _CONTENT.get(self.form, "text/plain; charset=UTF-8"),
            "X-ClickHouse-Summary": self._summary(),
        }
        if self.form and status == 200:
            headers["X-ClickHouse-Format"] = self.form
        if self._request.query.get("send_progress_in_http_headers", "0") not in ("0", ""):
            headers["X-ClickHouse-Progress"] = headers["X-ClickHouse-Summary"]
        return headers

    def _summary(self) -> str:
        counts = self._counts
        numbers = {
            "read_rows": counts.rows_read,
            "read_bytes": counts.bytes_read,
            "written_rows": counts.rows_written,
            "written_bytes": counts.bytes_written,
            "total_rows_to_read": counts.rows_read,
            "result_rows": counts.rows_written or counts.rows,
            "result_bytes": self._size,
            "elapsed_ns": time.monotonic_ns() - self._began,
        }
        return json.dumps({name: str(value) for name, value in numbers.items()})
