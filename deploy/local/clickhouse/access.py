"""Access control: passwords, and no requests from foreign web pages."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from deploy.local.clickhouse.failures import ACCESS_DENIED, AUTHENTICATION_FAILED, failure

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class User(Struct, frozen=True):
    """One of the two users."""

    name: str
    password: str
    readonly: bool


def authenticate(users: Mapping[str, User], headers: Mapping[str, str], query: Mapping[str, str]) -> User:
    """The user whose name and password the request carries: X-ClickHouse-User/Key, Basic, or URL parameters.

    Raises:
        Failure: unknown user or wrong password (the two are not told apart).
    """
    name, password = _credentials(headers, query)
    user = users.get(name)
    expected = user.password if user else ""
    if not hmac.compare_digest(password.encode(), expected.encode()) or user is None or not expected:
        text = f"{name}: Authentication failed: password is incorrect, or there is no user with such name"
        raise failure(AUTHENTICATION_FAILED, text)
    return user


def _credentials(headers: Mapping[str, str], query: Mapping[str, str]) -> tuple[str, str]:
    if "X-ClickHouse-User" in headers or "X-ClickHouse-Key" in headers:
        return headers.get("X-ClickHouse-User", "default"), headers.get("X-ClickHouse-Key", "")
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return name, password
    return query.get("user", "default"), query.get("password", "")


def refuse_foreign(headers: Mapping[str, str]) -> None:
    """Refuse what a web page sends: any page can post to loopback, and a name it owns may resolve to loopback.

    Raises:
        Failure: ``Host`` is not loopback, or ``Origin`` or ``Sec-Fetch-Site`` say that another page asks.
    """
    if not is_loopback(headers.get("Host", "")):
        raise failure(ACCESS_DENIED, "This endpoint answers to loopback addresses only")
    origin = headers.get("Origin", "")
    if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") or (
        origin and urlsplit(origin).netloc != headers.get("Host", "")
    ):
        raise failure(ACCESS_DENIED, "This endpoint does not answer web pages")


def is_loopback(host: str) -> bool:
    """Whether a ``Host`` header names this machine's loopback address."""
    try:
        return urlsplit(f"//{host}").hostname in _LOOPBACK
    except ValueError:
        return False
