"""Connections to the chDB engine: one process, one directory, one fresh connection a request.

Everything here blocks and runs in worker threads (the engine releases the interpreter lock); nothing here knows HTTP.
"""

from __future__ import annotations

import fcntl
import importlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import astuple

from deploy.local.clickhouse.failures import UNKNOWN_FORMAT, Failure, failure, from_engine
from deploy.local.clickhouse.guard import Known
from deploy.local.clickhouse.incoming import Incoming
from deploy.local.clickhouse.limits import EndpointLimits
from taskstream.errors import ServiceError

STREAMED = frozenset({"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow", "JSONCompactEachRow"})
"""Formats whose blocks can be concatenated, so that an answer need not be held in memory."""

_FORMAT = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)


class Counts(Struct, frozen=True):
    """What a statement read and wrote; ``rows`` are those of the answer."""

    rows: int = 0
    rows_read: int = 0
    bytes_read: int = 0
    rows_written: int = 0
    bytes_written: int = 0

    def plus(self, other: Counts) -> Counts:
        """The sum of both."""
        return Counts(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))


class Answer(Struct, frozen=True):
    """A whole answer."""

    data: bytes
    counts: Counts


class Connection:
    """One connection: its own settings, database and temporary tables."""

    def __init__(self, raw: Any, directory: Path) -> None:
        self._raw = raw
        self._directory = directory

    def prepare(self, database: str, settings: Mapping[str, str]) -> None:
        """Choose the database and settings for the statements that follow."""
        if database:
            self.run(f"USE {quote_name(database)}")
        if settings:
            self.run("SET " + ", ".join(f"{quote_name(name)} = {quote(value)}" for name, value in settings.items()))

    def run(self, sql: str | bytes, form: str = "TabSeparated", params: Mapping[str, str] | None = None) -> Answer:
        """Run one statement and return its whole answer."""
        try:
            result = self._raw.query(_text(sql), form, params=dict(params or {}))
            return Answer(result.bytes(), _counts(result))
        except (RuntimeError, UnicodeDecodeError) as error:
            raise from_engine(error) from error

    def stream(self, sql: bytes, form: str, params: Mapping[str, str]) -> Iterator[Answer]:
        """The answer of one SELECT in pieces, in one of the formats :data:`STREAMED`, each with the counts so far."""
        try:
            handle = self._raw.send_query(_text(sql), form, params=dict(params))
            while True:
                piece = self._raw.streaming_fetch_result(handle)
                data = piece.bytes() if piece is not None else b""
                if not data:
                    return
                yield Answer(data, _counts(piece))
        except (RuntimeError, UnicodeDecodeError) as error:
            raise from_engine(error) from error

    def insert(self, sql: bytes, form: str, settings: bytes = b"") -> Insert:
        """Begin an INSERT whose data follow in pieces; ``settings`` is its SETTINGS clause."""
        if not _FORMAT.fullmatch(form):
            # It may come from a header, which the guard has not judged, and becomes part of a statement.
            raise failure(UNKNOWN_FORMAT, "Unknown format")
        return Insert(self, sql, form, settings, Incoming(self._directory))

    def classify(self, sql: bytes) -> str:
        """What the engine's own parser says the statement would do, such as ``READ_ONLY``."""
        return str(self._raw.classify_query(_text(sql))["query_class"].name)

    def close(self) -> None:
        """Drop settings and temporary tables."""
        self._raw.close()


class Insert:
    """An INSERT under way: nothing of it is stored before :meth:`done`."""

    def __init__(self, connection: Connection, sql: bytes, form: str, settings: bytes, data: Incoming) -> None:
        self._connection = connection
        self._sql = sql
        self._form = form
        self._settings = settings
        self._data = data

    def append(self, data: bytes) -> None:
        """Hand over a piece of the data."""
        self._data.append(data)

    def done(self) -> Counts:
        """Store it, and wait until it is stored.

        Raises:
            Failure: it could not be stored. A statement of several blocks may have stored its first ones; a repeat
                with the same ``insert_deduplication_token`` stores the rest.
        """
        source = f"FROM INFILE {quote(self._data.path)} COMPRESSION 'none'".encode()
        try:
            return self._connection.run(
                b" ".join((self._sql, source, self._settings, b"FORMAT", self._form.encode()))
            ).counts
        finally:
            self._data.close()

    def cancel(self) -> None:
        """Give it up, unless :meth:`done` has ended."""
        self._data.close()


class Engine:
    """The engine with its data directory. Only one process can own a directory at a time."""

    def __init__(self, path: Path, limits: EndpointLimits) -> None:
        self._path = path
        self._limits = limits
        self._lock = _own(path)
        # Bare names in SQL are looked up as files relative to the working directory until _hide_files has run.
        nowhere = path / "nowhere"
        nowhere.mkdir(exist_ok=True)
        os.chdir(nowhere)
        # Not `import chdb`: its stubs do not know these functions.
        _chdb = importlib.import_module("chdb._chdb")
        _chdb.set_signal_handlers_enabled(False)
        self._connect = _chdb.connect
        self._address = f"{path}?max_server_memory_usage={limits.server_memory_bytes}"
        try:
            self._root = Connection(self._connect(self._address), self._path)
            self._hide_files()
        except (RuntimeError, Failure) as error:
            raise ServiceError(f"the ClickHouse directory {path} cannot be opened: {error}") from error
        self.version = self._root.run("SELECT version()").data.decode().strip()
        self.timezone = self._root.run("SELECT timezone()").data.decode().strip()
        self.known = Known(
            table_functions=self._names("table_functions"),
            engines=self._names("table_engines") | self._names("database_engines"),
            functions=self._names("functions"),
        )

    def connect(self) -> Connection:
        """A fresh connection (about 0.1 ms)."""
        try:
            return Connection(self._connect(self._address), self._path)
        except (RuntimeError, UnicodeDecodeError) as error:
            raise from_engine(error) from error

    def cancel(self, query_id: str) -> None:
        """Ask the engine to stop the statement with this id; does not wait."""
        connection = self.connect()
        try:
            connection.run(f"KILL QUERY WHERE Settings['log_comment'] = {quote(query_id)} ASYNC")
        finally:
            connection.close()

    def close(self) -> None:
        """Close the directory; what was acknowledged is stored."""
        self._root.close()
        os.close(self._lock)

    def _hide_files(self) -> None:
        """Make ``default`` an ordinary database: chDB overlays it with one in which every file is a table."""
        metadata = self._path / "metadata"
        if (metadata / "default").exists():
            self._root.run("DETACH DATABASE default")
            self._root.run("ATTACH DATABASE default")
        else:
            if self._root.run("SELECT count() FROM system.tables WHERE database = 'default'").data != b"0\n":
                raise failure(36, "it holds tables that another program has made in the database `default`")
            self._root.run("DROP DATABASE default")
            # Left by an earlier start when nobody has made a table in it: it cannot be attached, nor made over.
            (metadata / "default.sql").unlink(missing_ok=True)
            self._root.run("CREATE DATABASE default ENGINE = Atomic")
        engine = self._root.run("SELECT engine FROM system.databases WHERE name = 'default'").data
        if engine != b"Atomic\n":
            raise failure(36, "the database `default` still shows files")
        self._root.run("USE default")

    def _names(self, table: str) -> frozenset[str]:
        names = self._root.run(f"SELECT DISTINCT lower(name) FROM system.{table}").data.decode().split("\n")
        return frozenset(name for name in names if name)


def _own(path: Path) -> int:
    """Lock the directory for this process.

    Raises:
        ServiceError: another process has it, or it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ServiceError(f"the ClickHouse directory {path} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.read(handle, 32).decode(errors="replace").strip() or "?"
        os.close(handle)
        raise ServiceError(f"the ClickHouse directory {path} is in use by process {owner}: stop it first") from error
    os.ftruncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())
    return handle


def quote(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_name(name: str) -> str:
    """An identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _text(sql: str | bytes) -> str:
    if isinstance(sql, str):
        return sql
    try:
        return sql.decode()
    except UnicodeDecodeError as error:
        raise failure(62, "A statement is UTF-8 text") from error


def _counts(result: Any) -> Counts:
    return Counts(
        rows=result.rows_read(),
        rows_read=result.storage_rows_read(),
        bytes_read=result.storage_bytes_read(),
        rows_written=result.rows_written(),
        bytes_written=result.bytes_written(),
    )
