"""Where Kafka and ClickHouse are: the user's own, or those that ``taskstream up`` or ``demo`` runs on this machine.

The running instance writes ``run/endpoints.json`` in the home folder (readable by its owner alone: it holds the
embedded ClickHouse's password) and removes it when it stops.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from taskstream.errors import ServiceError
from taskstream.files import secret
from taskstream.settings import Settings

DEMO = "demo"
"""Folder in the home in which the demo keeps its own instance, apart from the person's data."""


class Endpoints(Struct, frozen=True):
    """Addresses of the services. ``pid`` is the process that runs them, 0 for the user's own.

    How an own ClickHouse is reached by TLS is in ``clickhouse_ca``, ``_certificate`` and ``_key``: paths of PEM files.
    """

    kafka: str
    clickhouse: str
    clickhouse_user: str
    clickhouse_password: str
    dashboard: str = ""
    pid: int = 0
    clickhouse_ca: str = ""
    clickhouse_certificate: str = ""
    clickhouse_key: str = ""

    def __repr__(self) -> str:
        """Without the password: what is printed ends in logs."""
        return f"Endpoints(kafka={self.kafka!r}, clickhouse={self.clickhouse!r}, pid={self.pid})"


READER: Final = "reader"
"""Name of the embedded ClickHouse's second user, who can only read."""


def reader_password(owner_password: str) -> str:
    """The read-only user's password at the embedded ClickHouse, derived from the owner's by a one-way hash."""
    mac = hmac.new(owner_password.encode(), b"taskstream reader", hashlib.sha256)
    return base64.urlsafe_b64encode(mac.digest()[:24]).decode()


def file_of(home: Path) -> Path:
    """The file in which a running instance says where it is."""
    return home / "run" / "endpoints.json"


def write(home: Path, endpoints: Endpoints) -> None:
    """Publish the addresses to other processes of the same user (mode 0600, replaced atomically)."""
    path = file_of(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(msgspec.json.encode(endpoints))
    draft.replace(path)


def read(home: Path) -> Endpoints | None:
    """The running instance's addresses, or None when none runs (or its process has ended without saying so)."""
    try:
        endpoints = msgspec.json.decode(file_of(home).read_bytes(), type=Endpoints)
    except (OSError, msgspec.DecodeError):
        return None
    return endpoints if endpoints.pid == 0 or _alive(endpoints.pid) else None


def _alive(pid: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(pid))


def resolve(settings: Settings, *, kafka: bool = True, clickhouse: bool = True) -> Endpoints:
    """The addresses to use; ``kafka`` and ``clickhouse`` say which of the two are needed.

    Where no instance runs in the home, but the demo does, it is the demo's.

    Raises:
        ServiceError: one is needed, not given, and nothing runs here.
    """
    running = read(settings.home) or read(settings.home / DEMO)
    found = own_clickhouse(settings) if settings.clickhouse or running is None else running
    found = msgspec.structs.replace(
        found,
        kafka=settings.kafka or (running.kafka if running else ""),
        clickhouse_user=settings.clickhouse_user or found.clickhouse_user,
        clickhouse_password=clickhouse_password(settings) or found.clickhouse_password,
        dashboard=running.dashboard if running else "",
        pid=running.pid if running else 0,
    )
    if kafka and not found.kafka:
        raise ServiceError("no Kafka: start `taskstream up`, or name your own with --kafka HOST:PORT")
    if clickhouse and not found.clickhouse:
        raise ServiceError("no ClickHouse: start `taskstream up`, or name your own with --clickhouse URL")
    return found


def own_clickhouse(settings: Settings) -> Endpoints:
    """The endpoints for the user's own ClickHouse, as the settings name it; without a Kafka."""
    return Endpoints(
        kafka="",
        clickhouse=settings.clickhouse,
        clickhouse_user=settings.clickhouse_user or "default",
        clickhouse_password=clickhouse_password(settings),
        clickhouse_ca=settings.clickhouse_ca,
        clickhouse_certificate=settings.clickhouse_certificate,
        clickhouse_key=settings.clickhouse_key,
    )


def clickhouse_password(settings: Settings) -> str:
    """The password at ClickHouse that the settings give, or that is in the file which they name; empty for none.

    Raises:
        UsageError: the file cannot be read.
    """
    return secret(settings.clickhouse_password, settings.clickhouse_password_file, "clickhouse_password_file")


def with_kafka(settings: Settings) -> Settings:
    """``settings`` with the address of the running instance's Kafka, where they name no own one.

    Raises:
        ServiceError: none is named, and nothing runs here.
    """
    return settings.model_copy(update={"kafka": resolve(settings, clickhouse=False).kafka})
