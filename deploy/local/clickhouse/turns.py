"""Bounds how many statements run and wait at a time, so that slow queries of the reader never delay the owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deploy.local.clickhouse.failures import TOO_MANY_QUERIES, failure
from deploy.local.clickhouse.limits import EndpointLimits


class Turns:
    """Separate turns for the reader and for the owner."""

    def __init__(self, limits: EndpointLimits) -> None:
        self._limits = limits
        self._reader = asyncio.Semaphore(limits.reader_turns)
        self._owner = asyncio.Semaphore(limits.owner_turns)
        self._waiting = 0

    @asynccontextmanager
    async def turn(self, *, reader: bool) -> AsyncIterator[None]:
        """Wait for a turn, keep it for the block.

        Raises:
            Failure: too many wait already, or it took too long (clients repeat after this one).
        """
        semaphore = self._reader if reader else self._owner
        if self._waiting >= self._limits.waiting:
            raise failure(TOO_MANY_QUERIES, f"Too many simultaneous queries: {self._waiting} wait already")
        self._waiting += 1
        try:
            await asyncio.wait_for(semaphore.acquire(), self._limits.wait_seconds)
        except TimeoutError:
            raise failure(TOO_MANY_QUERIES, "Too many simultaneous queries: no turn in time") from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            semaphore.release()
