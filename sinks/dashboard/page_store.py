"""Reads the views that are made for people; nothing below k people, no person's own rows."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from sinks.connect import connect
from sinks.results import database
from sinks.results.database import TIMEOUT_S, UnknownForm
from taskstream.endpoints import READER, Endpoints, reader_password
from taskstream.errors import ServiceError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

T = TypeVar("T")


class PageStore:
    """The database behind the page, for several threads. Connects when it is first asked, and again after a failure.

    ``find`` says where it is: asked at each connecting, since the embedded one may have been started anew elsewhere.
    """

    def __init__(self, find: Callable[[], Endpoints], database: str, k: int) -> None:
        self._find = find
        self._database = database
        self._k = k
        self._client: Client | None = None
        self._lock = threading.Lock()
        self._failure: tuple[float, ServiceError] | None = None

    def rows(self, query: str, kind: type[T], **parameters: Any) -> tuple[T, ...]:
        """The rows of ``sinks/results/queries/QUERY.sql``, of no fewer people than the page's floor.

        Raises:
            ServiceError: as :func:`sinks.results.database.rows`.
        """
        client = self._connected()
        try:
            return database.rows(client, query, kind, k=self._k, **parameters)
        except UnknownForm:
            raise
        except ServiceError:
            with self._lock:
                if self._client is client:
                    self._client = None  # others may be using it still
            raise

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self) -> Client:
        """The client; one at a time connects, and a failure is the answer to all who wait for it.

        Raises:
            ServiceError: no server answers.
        """
        asked_s = time.monotonic()
        with self._lock:
            if self._failure is not None and self._failure[0] >= asked_s:
                raise self._failure[1].with_traceback(None)
            if self._client is None:
                try:
                    client = connect(as_reader(self._find()), timeout_s=TIMEOUT_S)
                except ServiceError as error:
                    self._failure = time.monotonic(), error
                    raise
                client.database = self._database  # named afterwards: that it is missing is said by the first question
                self._client = client
            return self._client


def as_reader(endpoints: Endpoints) -> Endpoints:
    """``endpoints`` with the read-only user, where ClickHouse is the embedded one; else as they are."""
    if not endpoints.clickhouse.startswith("http:"):
        return endpoints  # the embedded one is on this machine and speaks no TLS
    try:
        with urllib.request.urlopen(f"{endpoints.clickhouse.rstrip('/')}/ping", timeout=5) as answer:
            embedded = answer.headers.get("X-ClickHouse-Server-Display-Name") == "taskstream"
    except (OSError, ValueError):
        return endpoints
    if not embedded or endpoints.clickhouse_user == READER:
        return endpoints
    password = reader_password(endpoints.clickhouse_password)
    return msgspec.structs.replace(endpoints, clickhouse_user=READER, clickhouse_password=password)
