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
from taskstream.settings import Settings

DEMO = "demo"
"""Folder in the home in which the demo keeps its own instance, apart from the person's data."""


class Endpoints(Struct, frozen=True):
    """Addresses of the services. ``pid`` is the process that runs them, 0 for the user's own."""

    kafka: str
    clickhouse: str
    clickhouse_user: str
    clickhouse_password: str
    dashboard: str = ""
    pid: int = 0


READER: Final = "reader"
"""Name of the embedded ClickHouse's second user, who can only read."""


def reader_password(owner_password: str) -> str:
    """The read-only user's password at the embedded ClickHouse: follows from the owner's, and does not lead back."""
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
    found = Endpoints(
        kafka=settings.kafka or (running.kafka if running else ""),
        clickhouse=settings.clickhouse or (running.clickhouse if running else ""),
        clickhouse_user=settings.clickhouse_user
        or (running.clickhouse_user if running and not settings.clickhouse else "default"),
        clickhouse_password=settings.clickhouse_password
        or (running.clickhouse_password if running and not settings.clickhouse else ""),
        dashboard=running.dashboard if running else "",
        pid=running.pid if running else 0,
    )
    if kafka and not found.kafka:
        raise ServiceError("no Kafka: start `taskstream up`, or name your own with --kafka HOST:PORT")
    if clickhouse and not found.clickhouse:
        raise ServiceError("no ClickHouse: start `taskstream up`, or name your own with --clickhouse URL")
    return found
