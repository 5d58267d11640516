"""Kafka and ClickHouse of an instance: embedded, or the user's own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from deploy.local.child_process import LOG_BYTES
from deploy.local.clickhouse.endpoint_process import EmbeddedClickHouse
from deploy.local.disk import LEAST_FREE_BYTES, require_room
from deploy.local.home import ServiceState
from deploy.local.kafka import EmbeddedKafka
from deploy.local.ports import is_free
from deploy.local.telling import Progress
from deploy.local.unit import ClickHouseUnit, KafkaUnit
from deploy.local.watch import Watched
from taskstream.endpoints import Endpoints, own_clickhouse
from taskstream.errors import ServiceError, UsageError
from taskstream.settings import Settings

REACH_S = 5.0


class Services:
    """``start_kafka`` and ``start_clickhouse`` are independent: two threads may run them at once.

    ``keep`` are file descriptors held open until the embedded Kafka has ended (the home's lock).
    """

    def __init__(self, settings: Settings, on_progress: Progress, *, keep: Sequence[int] = ()) -> None:
        _require_own(settings)
        self._settings = settings
        self.kafka: Watched | None = None
        self.clickhouse: Watched | None = None
        self._broker: EmbeddedKafka | None = None
        self._server: EmbeddedClickHouse | None = None
        home, logs = settings.home, settings.home / "logs"
        if not settings.kafka:
            self._broker = EmbeddedKafka(
                home / "kafka",
                settings.cache,
                settings.kafka_port,
                settings.kafka_heap_mb,
                on_progress,
                java=settings.java,
                repository=settings.maven_repository,
                keep=keep,
            )
            self.kafka = Watched(KafkaUnit(self._broker))
        if not settings.clickhouse:
            self._server = EmbeddedClickHouse(
                home / "clickhouse" / "data",
                settings.clickhouse_port,
                password=_kept_password(home / "clickhouse" / "password"),
                log=logs / "clickhouse.log",
            )
            self.clickhouse = Watched(ClickHouseUnit(self._server))

    def prepare(self) -> None:
        """Everything that may need the network, so that starting does not: Kafka's jars.

        Raises:
            ServiceError: it cannot be had, the disk is full, or a port that was asked for is taken.
        """
        require_room(self._settings.home, LEAST_FREE_BYTES)
        for name in ("kafka_port", "clickhouse_port"):
            port = getattr(self._settings, name)
            if port and not is_free(port):
                raise ServiceError(f"port {port} ({name}) of this machine is taken: choose another")
        if self._broker is not None:
            self._broker.prepare()

    def start_kafka(self) -> None:
        """Start Kafka if it is embedded, and bring its topics in line with their declaration.

        Raises:
            ServiceError: it does not start, cannot be reached, or refuses the topics.
        """
        from taskstream.kafka import topic_admin
        from taskstream.kafka.check import check

        if self.kafka is not None:
            self.kafka.start()
        else:
            check(self._settings, "topics", answer_s=REACH_S)
        topic_admin.apply(self._settings.model_copy(update={"kafka": self.kafka_address}), dry_run=False)

    def start_clickhouse(self) -> str:
        """Start ClickHouse if it is embedded, migrate the database; returns the server's version.

        Raises:
            ServiceError: it does not start, cannot be reached, or refuses the user or the schema.
        """
        from sinks.clickhouse.migrate import migrate
        from sinks.connect import connect

        if self.clickhouse is not None:
            _roll(self.clickhouse.unit.log)
            self.clickhouse.start()
        client = connect(self.endpoints())
        try:
            migrate(client, self._settings.database, k=self._settings.k)
            return str(client.server_version)
        finally:
            client.close()

    @property
    def kafka_address(self) -> str:
        """HOST:PORT."""
        return self._settings.kafka or (self._broker.bootstrap if self._broker else "")

    def endpoints(self, dashboard: str = "") -> Endpoints:
        """The addresses, as other processes are told them."""
        settings, server = self._settings, self._server
        if server is not None:
            found = Endpoints("", server.url, server.user, server.password)
        else:
            found = own_clickhouse(settings)
        return replace(found, kafka=self.kafka_address, dashboard=dashboard, pid=os.getpid())

    def kafka_state(self) -> ServiceState:
        """Kafka for the instance's record; the version is that of the jars that run (an own broker is asked later)."""
        broker = self._broker
        if broker is None:
            return ServiceState(self.kafka_address, embedded=False)
        return ServiceState(self.kafka_address, embedded=True, pid=broker.pid, version=broker.version)

    def clickhouse_state(self, version: str) -> ServiceState:
        """ClickHouse for the instance's record."""
        if self._server is None:
            return ServiceState(self._settings.clickhouse, embedded=False, version=version)
        return ServiceState(self._server.url, embedded=True, pid=self._server.pid, version=version)


def _roll(log: Path) -> None:
    """Begin a new log when the old one is long; the one before that is removed."""
    if log.is_file() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def _require_own(settings: Settings) -> None:
    """Refuse settings for TLS and logins where the embedded service would be started.

    Raises:
        UsageError: TLS or a login is asked for without an address.
    """
    if not settings.kafka and settings.kafka_security_protocol != "PLAINTEXT":
        raise UsageError(
            f"kafka_security_protocol is {settings.kafka_security_protocol}, but no own Kafka is named: "
            "give --kafka HOST:PORT (the embedded one is on this machine alone and speaks PLAINTEXT)"
        )
    if not settings.clickhouse and settings.clickhouse_password_file:
        raise UsageError("clickhouse_password_file is given, but no own ClickHouse: give --clickhouse URL")


def _kept_password(path: Path) -> str:
    """The embedded ClickHouse's password: drawn once, so that a notebook's connection works tomorrow too."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            return path.read_text().strip()
        password = secrets.token_urlsafe(24)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(password)
        return password
    except OSError as error:
        raise ServiceError(f"the home folder cannot be used: {path}: {error.strerror}") from error
