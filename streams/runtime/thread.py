"""One thread for the blocking calls of one partition, kept for the life of the process.

With a thread per assignment an older ``init_transactions`` could run after a newer one and fence it; in one thread they
run in order. Daemon threads: a hanging broker call cannot keep a stopping process alive.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class PartitionThread:
    """Runs functions one after the other, off the event loop."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Future[Any], Callable[[], Any]]] = (
            queue.SimpleQueue()
        )
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def run(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Queue ``function``; the future of its result. Cancelling the future does not stop what already runs."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((loop, future, function))
        return future

    def _run(self) -> None:
        while True:
            loop, future, function = self._jobs.get()
            result: Any = None
            failure: BaseException | None = None
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001  # whatever it is belongs to the caller
                failure = error
            try:
                loop.call_soon_threadsafe(_settle, future, result, failure)
            except RuntimeError:
                return  # the loop is closed: the process is ending
            # Whoever waits for the next job holds nothing of the last one: a producer ends with its last reference.
            del future, function, result, failure


def _settle(future: asyncio.Future[Any], result: Any, failure: BaseException | None) -> None:
    if future.done():
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)
