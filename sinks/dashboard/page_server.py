"""Serves the page and its JSON on loopback until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI, Response
from msgspec import to_builtins
from nicegui import ui

from sinks.dashboard.overview import Overview
from sinks.dashboard.page_data import Snapshot
from sinks.dashboard.page_store import PageStore
from sinks.dashboard.poller import Poller
from sinks.dashboard.safety import OwnMachineOnly
from sinks.results.kafka_lag import KafkaLag
from taskstream import metrics
from taskstream.endpoints import Endpoints
from taskstream.errors import ServiceError
from taskstream.settings import Settings

HOST = "127.0.0.1"
STOP_S = 3
HEALTH_S = 0.7
"""How long `/health` waits for ClickHouse: it is to answer within a second whatever happens."""
SUMMARY_S = 5.0


def run(
    settings: Settings, find: Callable[[], Endpoints], *, json_ready: bool, announce: Callable[[str], Any] = print
) -> None:
    """Serve the page; returns after SIGTERM or Ctrl-C. ``find`` says where Kafka and ClickHouse are.

    Raises:
        ServiceError: the port is taken.
    """
    listening = _listen(settings.dashboard_port)
    port = listening.getsockname()[1]
    url = f"http://{HOST}:{port}"
    store = PageStore(find, settings.database, settings.k)
    poller = Poller(store, KafkaLag(lambda: settings.model_copy(update={"kafka": find().kafka})), settings.k)
    server = _Server(
        uvicorn.Config(
            OwnMachineOnly(application(poller)),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_S,
        )
    )
    metrics.HEALTH.require("page", lambda: server.started)
    metrics.serve(settings.metrics_port)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop)
        serving = loop.create_task(server.serve(sockets=[listening]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        if server.started:
            ready = {"url": url, "pid": os.getpid()}
            announce(orjson.dumps(ready).decode() if json_ready else f"The page is at {url} (Ctrl-C stops it)")
        await serving

    try:
        asyncio.run(serve())
    finally:
        store.close()


def application(poller: Poller) -> FastAPI:
    """The page at ``/``, its figures at ``/api/summary``, and ``/health``."""

    @contextlib.asynccontextmanager
    async def polling(app: FastAPI) -> AsyncIterator[None]:
        del app
        task = asyncio.get_running_loop().create_task(poller.run())
        yield
        task.cancel()

    app = FastAPI(lifespan=polling, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/health")
    async def health() -> Response:
        snapshot = await _current(poller, HEALTH_S)
        body = {"status": "ready" if poller.ready else "waiting", "problem": snapshot.problem}
        return Response(orjson.dumps(body), 200 if poller.ready else 503, media_type="application/json")

    @app.get("/api/summary")
    async def summary() -> Response:
        return Response(orjson.dumps(summarise(await _current(poller, SUMMARY_S))), media_type="application/json")

    @ui.page("/", title="Taskstream")
    async def page() -> None:
        shown = Overview(poller)
        # What asks for the page without running it (a check, a prefetch) has no choice to tell.
        with contextlib.suppress(TimeoutError):
            await ui.context.client.connected(timeout=10)
            await shown.settle()

    ui.run_with(app, title="Taskstream", show_welcome_message=False, reconnect_timeout=10.0)
    return app


def summarise(snapshot: Snapshot) -> dict[str, Any]:
    """The page's figures for machines. Times in milliseconds."""
    fresh = snapshot.fresh
    return {
        "at_ms": snapshot.at_ms,
        "k": snapshot.k,
        "problem": snapshot.problem,
        "events": {"stored": snapshot.totals.events, "per_s": round(snapshot.events_per_s, 1)},
        "people": snapshot.people or None,
        "freshness_ms": {"p50": round(fresh.p50_ms), "p99": round(fresh.p99_ms)} if fresh else None,
        "lag": {
            "messages": snapshot.waiting,
            "groups": {group.group: group.messages for group in snapshot.kafka.groups},
        },
        "dead_letters": snapshot.dead_letters,
        "hours_per_week": round(sum(each.hours_per_week for each in snapshot.opportunities), 3),
        "opportunities": to_builtins(snapshot.opportunities),
        "transfers": to_builtins(snapshot.transfers),
    }


async def _current(poller: Poller, wait_s: float) -> Snapshot:
    """A snapshot that is not older than its looks are meant to be, though nobody may have looked for hours.

    What has not been answered after ``wait_s`` seconds is as it was last known.
    """
    poller.seen()
    return await poller.look(wait_s)


class _Server(uvicorn.Server):
    """uvicorn with our own signal handling: SIGTERM is a normal end, not a death by signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """Finish; a second time: at once."""
        self.force_exit = self.should_exit
        self.should_exit = True


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise ServiceError(f"port {port} {reason}: choose another with --port, or --port 0 for any free one") from error
    return listening
