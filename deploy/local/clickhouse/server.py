"""The process: opens the directory, serves it on loopback, says where, and stops cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from deploy.local.clickhouse.access import User
from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.handler import Handler
from deploy.local.clickhouse.limits import EndpointLimits
from taskstream.errors import ServiceError

STOP_S = 2.0
"""How long statements may go on after SIGTERM; an INSERT that is being stored is always finished."""


async def serve(path: Path, port: int, users: dict[str, User], limits: EndpointLimits, *, follow_stdin: bool) -> None:
    """Serve until SIGTERM or SIGINT, or (``follow_stdin``) until the parent that holds our standard input has gone.

    Prints one JSON line, ``{"url": ..., "pid": ..., "version": ...}``, when statements can be sent.

    Raises:
        ServiceError: the directory is in use or cannot be opened, or the port is taken.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    engine = Engine(path, limits)
    handler = Handler(engine, users, limits)
    runner = web.AppRunner(
        application(handler), handler_cancellation=True, auto_decompress=False, access_log=None, read_bufsize=1 << 20,
        shutdown_timeout=STOP_S,
    )  # fmt: skip
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        try:
            await site.start()
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise ServiceError(f"port {port} {reason}: choose another, or 0 for any free one") from error
        bound = runner.addresses[0][1]
        ready = {"url": f"http://127.0.0.1:{bound}", "pid": os.getpid(), "version": engine.version}
        print(json.dumps(ready), flush=True)
        if follow_stdin:
            await _until_parent_ends(loop, stop)
        await stop.wait()
    finally:
        await handler.stop_reading()
        await runner.cleanup()
        await handler.close()
        engine.close()


def application(handler: Handler) -> web.Application:
    """The routes. The size of a body is bounded by the handler, which knows what it is."""
    app = web.Application(client_max_size=1 << 40)
    app.router.add_get("/ping", handler.ping)
    app.router.add_get("/replicas_status", handler.ping)
    app.router.add_get("/", handler.handle)
    app.router.add_post("/", handler.handle)
    return app


async def _until_parent_ends(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def watch() -> None:
        with contextlib.suppress(OSError):
            while await reader.read(4096):
                pass
        stop.set()

    task = loop.create_task(watch())
    stop_task = loop.create_task(stop.wait())
    stop_task.add_done_callback(lambda _: task.cancel())
