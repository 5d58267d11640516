"""Clients for ClickHouse over HTTP, with the settings that all parts of the sink share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskstream.endpoints import Endpoints
from taskstream.errors import ServiceError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def connect(endpoints: Endpoints, database: str | None = None, *, timeout_s: int = 60) -> Client:
    """A client of the server in ``endpoints``. Calls may overlap (no session); it repeats none by itself.

    Raises:
        ServiceError: no server answers there, it refuses the user, or the database does not exist.
    """
    import clickhouse_connect
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        return clickhouse_connect.get_client(
            dsn=endpoints.clickhouse,
            username=endpoints.clickhouse_user,
            password=endpoints.clickhouse_password,
            database=database,
            autogenerate_session_id=False,
            compress=False,
            query_retries=0,
            connect_timeout=10,
            send_receive_timeout=timeout_s,
        )
    except (ClickHouseError, OSError, ValueError) as error:
        raise ServiceError(f"ClickHouse at {endpoints.clickhouse}: {first_line(error)}") from error


def first_line(error: BaseException) -> str:
    """The words of ``error`` that fit one line of a terminal."""
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
