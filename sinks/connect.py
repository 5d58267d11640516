"""Clients for ClickHouse over HTTP, with the settings that all parts of the sink share."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from taskstream.endpoints import Endpoints
from taskstream.errors import ServiceError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_ERRNO = re.compile(r"\[Errno -?\d+\] ([^'\")]+)")


def connect(endpoints: Endpoints, database: str | None = None, *, timeout_s: int = 60) -> Client:
    """A client of the server in ``endpoints``. Calls may overlap (no session); it repeats none by itself.

    Raises:
        ServiceError: no server answers there, it refuses the user, or the database does not exist.
    """
    import clickhouse_connect
    from clickhouse_connect.driver.exceptions import ClickHouseError

    for library in ("clickhouse_connect", "urllib3.connectionpool"):
        logging.getLogger(library).setLevel(logging.CRITICAL)  # what they would log is raised, and told once, by us
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
    """The words of ``error`` that fit one line of a terminal: those of the system where the network is the reason."""
    system = _ERRNO.search(str(error))
    lines = (system[1] if system else str(error)).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
