"""Clients for ClickHouse over HTTP, with the settings that all parts of the sink share."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from taskstream.endpoints import Endpoints
from taskstream.errors import ServiceError
from taskstream.files import readable
from taskstream.tls import speaks_tls, wants_certificate

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_LOGIN: Final = frozenset({192, 193, 194, 516})
"""ClickHouse's codes for an unknown user, a wrong or missing password, and a failed login."""
_TLS: Final = re.compile(r"SSLError\(.*?\[SSL[^\]]*\] ([^(\n]+?) \(_ssl|SSLError\(([^\n]{1,200})")
CONNECT_S: Final = 8
"""How long a server may take to let us connect (seconds)."""
_ERRNO = re.compile(r"\[Errno -?\d+\] ([^'\")]+)")


ADMISSION_S: Final = 3
"""How long a hanging server may delay a start (seconds); afterwards it is waited for like one that is away."""


class AccessRefused(ServiceError):
    """TLS or the login fails: only who runs the server or gives the settings can mend it."""


def connect(endpoints: Endpoints, database: str | None = None, *, timeout_s: int = 60) -> Client:
    """A client of the server in ``endpoints``. Calls may overlap (no session); it repeats none by itself.

    Raises:
        UsageError: a file of the settings for TLS cannot be read.
        AccessRefused: TLS fails, or the login.
        ServiceError: no server answers there, or the database does not exist.
    """
    import clickhouse_connect
    from clickhouse_connect.driver.exceptions import ClickHouseError

    for library in ("clickhouse_connect", "urllib3.connectionpool"):
        logging.getLogger(library).setLevel(logging.CRITICAL)  # what they would log is raised, and told once, by us
    try:
        return clickhouse_connect.get_client(
            dsn=endpoints.clickhouse,
            interface=urlsplit(endpoints.clickhouse).scheme,  # it goes by the port, else
            username=endpoints.clickhouse_user,
            password=endpoints.clickhouse_password,
            **_tls(endpoints),
            database=database,
            autogenerate_session_id=False,
            compress=False,
            query_retries=0,
            connect_timeout=CONNECT_S,
            send_receive_timeout=timeout_s,
        )
    except (ClickHouseError, OSError, ValueError) as error:
        refused = _refusal(endpoints, error)
        if refused:
            raise AccessRefused(f"ClickHouse at {endpoints.clickhouse} {refused}") from error
        raise ServiceError(f"ClickHouse at {endpoints.clickhouse}: {first_line(error)}") from error


def is_refused_login(error: BaseException) -> bool:
    """Whether the server has refused the user or the password."""
    return getattr(error, "code", None) in _LOGIN


def require_admission(endpoints: Endpoints) -> None:
    """A server that is away may come back; one that refuses us does not.

    Raises:
        UsageError: a file of the settings for TLS cannot be read.
        AccessRefused: TLS fails, or the login.
    """
    try:
        connect(endpoints, timeout_s=ADMISSION_S).close()
    except AccessRefused:
        raise
    except ServiceError as error:
        logging.getLogger("taskstream.sink").info("%s", error)


def _refusal(endpoints: Endpoints, error: Exception) -> str:
    """What ``error`` says about TLS or the login; empty when it is about neither, such as a server that is away."""
    if is_refused_login(error):
        return f"refuses the login of {endpoints.clickhouse_user}: see clickhouse_user and clickhouse_password"
    said = str(error)
    tls = _TLS.search(said)
    if tls:
        words = tls[1] or tls[2]
        return f"cannot be reached by TLS: {words}; see clickhouse_ca, clickhouse_certificate and clickhouse_key"
    url = urlsplit(endpoints.clickhouse)
    try:
        if url.scheme == "http" and url.hostname and speaks_tls((url.hostname, url.port or 8123)):
            return "wants TLS: give clickhouse as an https URL"
        if url.scheme == "https" and url.hostname and wants_certificate((url.hostname, url.port or 8443)):
            return "takes no certificate of ours: see clickhouse_certificate and clickhouse_key (TLS)"
    except OSError:
        return ""
    return ""


def _tls(endpoints: Endpoints) -> dict[str, Any]:
    given = {
        name: str(readable(path, name)) if path else None
        for name, path in (
            ("clickhouse_ca", endpoints.clickhouse_ca),
            ("clickhouse_certificate", endpoints.clickhouse_certificate),
            ("clickhouse_key", endpoints.clickhouse_key),
        )
    }
    # Without a password the certificate is the login (ClickHouse's own way); with one it only opens the connection.
    mode = "strict" if endpoints.clickhouse_password else "mutual"
    return {
        "ca_cert": given["clickhouse_ca"],
        "client_cert": given["clickhouse_certificate"],
        "client_cert_key": given["clickhouse_key"],
        "tls_mode": mode if endpoints.clickhouse_certificate else None,
    }


@cache
def faults() -> tuple[type[Exception], ...]:
    """What a client raises when the server, a proxy or the network does not do as asked, or sends a page in Latin-1."""
    from http.client import HTTPException

    from clickhouse_connect.driver.exceptions import ClickHouseError
    from urllib3.exceptions import HTTPError

    return ClickHouseError, OSError, HTTPError, HTTPException, UnicodeError


def first_line(error: BaseException) -> str:
    """The words of ``error`` that fit one line of a terminal: those of the system where the network is the reason."""
    system = _ERRNO.search(str(error))
    lines = (system[1] if system else str(error)).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
