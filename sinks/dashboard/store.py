"""Reads the views that are made for people; nothing below k people, no person's own rows."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

import msgspec

from taskstream.endpoints import READER, Endpoints, reader_password
from taskstream.errors import ServiceError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

T = TypeVar("T")
TIMEOUT_S = 20
_SETTINGS = {
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 0,
    "max_execution_time": TIMEOUT_S,
}


class NoTables(ServiceError):
    """The database or a view does not exist yet."""


class UnknownForm(ServiceError):
    """A view's rows are not what this version expects."""


class Store:
    """The database behind the page. Connects when it is first asked, and again after a failure.

    ``find`` says where it is: asked at each connecting, since the embedded one may have been started anew elsewhere.
    """

    def __init__(self, find: Callable[[], Endpoints], database: str, k: int) -> None:
        self._find = find
        self._database = database
        self._k = k
        self._client: Client | None = None

    def rows(self, query: str, kind: type[T]) -> tuple[T, ...]:
        """The rows of ``sql/QUERY.sql``.

        Raises:
            NoTables: the database is not set up yet.
            UnknownForm: the rows are not what this version expects.
            ServiceError: ClickHouse does not answer, or not as it should.
        """
        from clickhouse_connect.driver.exceptions import ClickHouseError

        sql = files("sinks.results").joinpath("queries", f"{query}.sql").read_text()
        try:
            data = self._connected().raw_query(sql, {"k": self._k}, settings=_SETTINGS, fmt="JSONEachRow")
            return tuple(msgspec.json.Decoder(kind).decode_lines(data))
        except (ClickHouseError, OSError) as error:
            self.close()
            if getattr(error, "code", None) in (60, 81):
                raise NoTables(f"the database {self._database} has no tables yet") from error
            text = str(error).strip().splitlines()
            raise ServiceError(
                f"ClickHouse does not answer: {text[0][:200] if text else type(error).__name__}"
            ) from error
        except msgspec.MsgspecError as error:
            raise UnknownForm(f"ClickHouse answered {query} in an unknown form: {error}") from error

    def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _connected(self) -> Client:
        import clickhouse_connect

        if self._client is None:
            endpoints = as_reader(self._find())
            self._client = clickhouse_connect.get_client(
                dsn=endpoints.clickhouse,
                username=endpoints.clickhouse_user,
                password=endpoints.clickhouse_password,
                database=self._database,
                autogenerate_session_id=False,
                compress=False,
                connect_timeout=5,
                send_receive_timeout=TIMEOUT_S,
            )
        return self._client


def as_reader(endpoints: Endpoints) -> Endpoints:
    """``endpoints`` with the read-only user, where ClickHouse is the embedded one; else as they are."""
    try:
        with urllib.request.urlopen(f"{endpoints.clickhouse.rstrip('/')}/ping", timeout=5) as answer:
            embedded = answer.headers.get("X-ClickHouse-Server-Display-Name") == "taskstream"
    except (OSError, ValueError):
        return endpoints
    if not embedded or endpoints.clickhouse_user == READER:
        return endpoints
    password = reader_password(endpoints.clickhouse_password)
    return msgspec.structs.replace(endpoints, clickhouse_user=READER, clickhouse_password=password)
