"""Sessions: connections kept between requests, for temporary tables and SET."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from deploy.local.clickhouse.engine import Connection
from deploy.local.clickhouse.failures import SESSION_LOCKED, TOO_MANY_QUERIES, failure
from deploy.local.clickhouse.limits import EndpointLimits

Key = tuple[str, str]


class _Session:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.busy = False
        self.expiry: asyncio.TimerHandle | None = None


class Sessions:
    """The sessions in being, by user and id. Each serves one request at a time and ends when it rests too long."""

    def __init__(self, limits: EndpointLimits, connect: Callable[[], Connection]) -> None:
        self._limits = limits
        self._connect = connect
        self._kept: dict[Key, _Session] = {}

    @asynccontextmanager
    async def hold(self, key: Key, seconds: int) -> AsyncIterator[Connection]:
        """The connection of a session, made when it is new.

        Raises:
            Failure: another request is using it, or there are too many.
        """
        session = self._kept.get(key)
        if session is None:
            if len(self._kept) >= self._limits.sessions:
                raise failure(TOO_MANY_QUERIES, f"Too many sessions: {len(self._kept)}")
            session = self._kept[key] = _Session(self._connect())
        if session.busy:
            raise failure(SESSION_LOCKED, f"Session {key[1]} is locked by a concurrent client")
        if session.expiry is not None:
            session.expiry.cancel()
        session.busy = True
        try:
            yield session.connection
        finally:
            session.busy = False
            session.expiry = asyncio.get_running_loop().call_later(seconds, self._end, key)

    def close(self) -> None:
        """End all sessions."""
        for key in list(self._kept):
            self._end(key)

    def _end(self, key: Key) -> None:
        session = self._kept.pop(key, None)
        if session is None:
            return
        if session.expiry is not None:
            session.expiry.cancel()
        session.connection.close()
