"""One request from end to end: who asks, may it run, run it, answer in the words of a ClickHouse server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp import web

from deploy.local.clickhouse.access import User, authenticate, refuse_foreign
from deploy.local.clickhouse.answering import SERVER_NAME, Answering
from deploy.local.clickhouse.engine import STREAMED, Answer, Connection, Engine, quote_name
from deploy.local.clickhouse.failures import (
    QUERY_TOO_LARGE,
    READONLY,
    SAME_ID,
    TIMEOUT_EXCEEDED,
    Failure,
    failure,
    from_engine,
)
from deploy.local.clickhouse.guard import Guard, Statement, check_columns
from deploy.local.clickhouse.limits import EndpointLimits
from deploy.local.clickhouse.request import Asked, External, decompress, read_form, read_url, without_external
from deploy.local.clickhouse.rights import check_reader
from deploy.local.clickhouse.sessions import Sessions
from deploy.local.clickhouse.turns import Turns

log = logging.getLogger("taskstream.clickhouse")
T = TypeVar("T")


class Handler:
    """Serves requests. One for the life of the process."""

    def __init__(self, engine: Engine, users: Mapping[str, User], limits: EndpointLimits) -> None:
        self._engine = engine
        self._users = users
        self._limits = limits
        self._guard = Guard(engine.known)
        self._pool = ThreadPoolExecutor(limits.reader_turns + limits.owner_turns + 4, thread_name_prefix="clickhouse")
        self._turns = Turns(limits)
        self._sessions = Sessions(limits, engine.connect)
        self._running: dict[str, bool] = {}

    async def ping(self, request: web.Request) -> web.Response:
        """Whether the process serves; needs no password."""
        del request
        return web.Response(text="Ok.\n", headers={"X-ClickHouse-Server-Display-Name": SERVER_NAME})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one statement."""
        answering = Answering(request, self._engine)
        try:
            refuse_foreign(request.headers)
            user = authenticate(self._users, request.headers, request.query)
            readonly = user.readonly or request.method != "POST" or request.query.get("readonly", "0") in ("1", "2")
            asked = read_url(request, self._limits, readonly=readonly)
            answering.query_id = asked.query_id
            await self._serve(request, user, asked, answering, readonly=readonly)
        except Failure as error:
            await answering.fail(error)
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            log.exception("unexpected failure of query %s", answering.query_id)
            await answering.fail(from_engine(error))
        assert answering.response is not None
        return answering.response

    async def stop_reading(self) -> None:
        """Stop the statements that only read; what stores something goes on."""
        for query_id in [query_id for query_id, reads in self._running.items() if reads]:
            await self._in_thread(self._engine.cancel, query_id)

    async def close(self) -> None:
        """Let go of everything; no request is served any more."""
        self._sessions.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _serve(
        self, request: web.Request, user: User, asked: Asked, answering: Answering, *, readonly: bool
    ) -> None:
        params, tables, sql = dict(asked.params), list[External](), asked.query
        body: bytes | None = None
        if request.content_type == "multipart/form-data":
            fields, tables = await read_form(request)
            sql = (
                sql + b"\n" + fields["query"].encode()
                if sql and "query" in fields
                else (fields.get("query", "").encode() or sql)
            )
            params |= {name[6:]: value for name, value in fields.items() if name.startswith("param_")}
            body = b""
        statement = self._guard.judge(sql, readonly=readonly) if sql.strip() else None
        if statement is None or statement.kind != "insert":
            if body is None:
                body = await self._body(request)
            if body:
                sql = sql + b"\n" + body if sql else body
                statement = self._guard.judge(sql, readonly=readonly)
        if statement is None:
            statement = self._guard.judge(b"", readonly=readonly)
        async with (
            self._turn(asked.query_id, reader=user.readonly, reads=statement.kind == "read"),
            self._connection(user, asked) as connection,
        ):
            settings = without_external(asked.settings, tables)
            if asked.session and not user.readonly:
                settings.pop("readonly", None)
            await self._in_thread(self._prepare, connection, asked.database, settings, tables)
            if user.readonly:
                own = [table.name for table in tables]
                await self._in_thread(check_reader, connection, statement.sql, params, settings, own)
            if statement.kind == "insert":
                data = sql[statement.data_at :] if statement.data_at >= 0 else b""
                pieces = self._pieces(request, data, read=body is None)
                await self._insert(connection, statement, asked, pieces, answering)
                return
            mutates = await self._in_thread(connection.classify, statement.sql) != "READ_ONLY"
            if readonly and mutates:
                raise failure(READONLY, "Cannot execute query in readonly mode")
            await self._select(connection, statement, asked, params, answering, mutates=mutates)

    def _prepare(self, connection: Connection, database: str, settings: dict[str, str], tables: list[External]) -> None:
        readonly = settings.pop("readonly", "")
        connection.prepare(database, settings)
        for table in tables:
            check_columns(table.structure)
            create = f"CREATE TEMPORARY TABLE {quote_name(table.name)} ({table.structure}) ENGINE = Memory".encode()
            connection.run(self._guard.judge(create, readonly=False).sql)
            insert = connection.insert(f"INSERT INTO {quote_name(table.name)}".encode(), table.form)
            try:
                insert.append(table.data)
                insert.done()
            finally:
                insert.cancel()
        if readonly:
            connection.prepare("", {"readonly": readonly})

    async def _select(
        self,
        connection: Connection,
        statement: Statement,
        asked: Asked,
        params: Mapping[str, str],
        out: Answering,
        *,
        mutates: bool,
    ) -> None:
        form = statement.format or asked.form or "TabSeparated"
        out.form = "" if mutates else form
        streamed = form in STREAMED and statement.sql.lstrip(b"( \n\t")[:4].upper() in (b"SELE", b"WITH", b"FROM")
        if mutates or not streamed:
            await out.whole(await self._cancellable(asked.query_id, connection.run, statement.sql, form, params))
            return
        pieces = connection.stream(statement.sql, form, params)
        while True:
            piece = await self._cancellable(asked.query_id, _next, pieces)
            if piece is None:
                await out.end()
                return
            await out.write(piece, hold=self._limits.answer_bytes if asked.hold else 0)

    async def _insert(
        self,
        connection: Connection,
        statement: Statement,
        asked: Asked,
        pieces: AsyncIterator[bytes],
        out: Answering,
    ) -> None:
        form = statement.format or asked.form or "Values"
        insert = await self._in_thread(connection.insert, statement.sql, form, statement.settings)
        try:
            async for piece in pieces:
                await self._in_thread(insert.append, piece)
            counts = await self._in_thread(insert.done)
        except BaseException:
            await self._in_thread(insert.cancel)
            raise
        out.form = ""
        await out.whole(Answer(b"", counts))

    async def _pieces(self, request: web.Request, first: bytes, *, read: bool) -> AsyncIterator[bytes]:
        """The data of an INSERT in pieces whose borders depend on the data alone, so that a repeat gives the same."""
        if not read:
            if first:
                yield first
            return
        encoding = request.headers.get("Content-Encoding", "")
        if encoding not in ("", "identity"):
            data = await self._body(request)
            yield first + data if first else data
            return
        held, size = [first] if first else [], len(first)
        while chunk := await self._chunk(request):
            held.append(chunk)
            size += len(chunk)
            if size >= self._limits.append_bytes:
                whole = b"".join(held)
                yield whole[: self._limits.append_bytes]
                rest = whole[self._limits.append_bytes :]
                held, size = [rest], len(rest)
        if size:
            yield held[0] if len(held) == 1 else b"".join(held)

    async def _body(self, request: web.Request) -> bytes:
        """The whole body, without its Content-Encoding."""
        held, size = [], 0
        while chunk := await self._chunk(request):
            held.append(chunk)
            size += len(chunk)
            if size > self._limits.body_bytes:
                raise failure(QUERY_TOO_LARGE, "The body is too large: give the INSERT statement in the URL")
        encoding = request.headers.get("Content-Encoding", "")
        data = b"".join(held)
        return await self._in_thread(decompress, encoding, data) if encoding and data else data

    async def _chunk(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                return await request.content.readany()
        except TimeoutError:
            raise failure(TIMEOUT_EXCEEDED, "The body did not arrive in time") from None

    @asynccontextmanager
    async def _turn(self, query_id: str, *, reader: bool, reads: bool) -> AsyncIterator[None]:
        if query_id in self._running:
            raise failure(SAME_ID, f"Query with id = {query_id} is already running")
        self._running[query_id] = reads
        try:
            async with self._turns.turn(reader=reader):
                yield
        finally:
            del self._running[query_id]

    @asynccontextmanager
    async def _connection(self, user: User, asked: Asked) -> AsyncIterator[Connection]:
        if asked.session:
            async with self._sessions.hold((user.name, asked.session), asked.session_seconds) as connection:
                yield connection
            return
        connection = await self._in_thread(self._engine.connect)
        try:
            yield connection
        finally:
            await self._in_thread(connection.close)

    async def _in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """Run ``work`` in a thread to its end, even when the client has gone: a connection serves one thread."""
        future = asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise

    async def _cancellable(self, query_id: str, work: Callable[..., T], *args: Any) -> T:
        """As :meth:`_in_thread`, but the statement is stopped in the engine when the client has gone."""
        future = asyncio.get_running_loop().run_in_executor(self._pool, work, *args)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            while not future.done():
                # Repeated: the statement may not have begun in the engine when it was first told to stop.
                await self._in_thread(self._engine.cancel, query_id)
                await asyncio.wait([future], timeout=0.5)
            raise


def _next(pieces: Iterator[Answer]) -> Answer | None:
    return next(pieces, None)
