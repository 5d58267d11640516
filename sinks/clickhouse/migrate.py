"""Bring a ClickHouse database to the schema that the numbered files in ``migrations/`` describe.

Each file is applied once, in order, and recorded with its checksum. Every statement in a file can be repeated, so a
migration that was interrupted is simply applied again.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from taskstream.errors import InputError, ServiceError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations
(
    number UInt32,
    name String,
    checksum String,
    applied_ms DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY number
"""

Verdict = Literal["applied", "pending", "changed", "unknown"]


class Migration(Struct, frozen=True):
    """One numbered file: its statements in order, and a checksum of them without comments and spacing."""

    number: int
    name: str
    checksum: str
    statements: tuple[str, ...]


class Status(Struct, frozen=True):
    """One migration and how the database stands to it.

    ``unknown``: applied by a newer version of this program; ``changed``: applied from a file that read differently.
    """

    number: int
    name: str
    state: Verdict


def statements_of(text: str) -> tuple[str, ...]:
    """The SQL statements in ``text``, without comment lines; each ends with ``;`` at the end of a line."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    pieces = re.split(r";[ \t]*(?:\n|$)", "\n".join(lines))
    return tuple(piece.strip() for piece in pieces if piece.strip())


def migrations() -> tuple[Migration, ...]:
    """All migrations that come with this version, by number.

    Raises:
        InputError: two files have the same number, or a number is left out.
    """
    found = []
    for entry in (resources.files("sinks.clickhouse") / "migrations").iterdir():
        match = _NAME.fullmatch(entry.name)
        if match is None:
            continue
        statements = statements_of(entry.read_text(encoding="utf-8"))
        canonical = ";".join(" ".join(statement.split()) for statement in statements)
        checksum = hashlib.sha256(canonical.encode()).hexdigest()[:16]
        found.append(Migration(int(match[1]), match[2], checksum, statements))
    found.sort(key=lambda migration: migration.number)
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise InputError("the migrations are not numbered 1, 2, 3 and so on: the installation is damaged")
    return tuple(found)


def status(client: Client, database: str) -> list[Status]:
    """How the database stands to every migration. Changes nothing."""
    applied = _applied(client, database)
    known = migrations()
    rows = []
    for migration in known:
        checksum = applied.get(migration.number, ("", ""))[1]
        state: Verdict = "pending" if not checksum else "applied" if checksum == migration.checksum else "changed"
        rows.append(Status(migration.number, migration.name, state))
    rows += [Status(number, applied[number][0], "unknown") for number in sorted(applied) if number > len(known)]
    return rows


def migrate(client: Client, database: str, *, k: int = 5, dry_run: bool = False) -> list[Status]:
    """Apply what is pending and set the k-anonymity floor. Returns what was (with ``dry_run``: would be) applied.

    Doing it again changes nothing. ``client`` may be connected to any database of the server.

    Raises:
        ServiceError: ClickHouse refuses a statement, or the database was migrated by another version of the files.
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError

    rows = status(client, database)
    wrong = [row for row in rows if row.state in {"changed", "unknown"}]
    if wrong:
        raise ServiceError(
            f"database {database}: migration {wrong[0].number:04d}_{wrong[0].name} was applied by another version of "
            "Taskstream; upgrade it, or use another --database"
        )
    pending = [row for row in rows if row.state == "pending"]
    if dry_run:
        return pending
    by_number = {migration.number: migration for migration in migrations()}
    done = None
    try:
        client.command(f"CREATE DATABASE IF NOT EXISTS `{database}`")
        _run(client, database, _LEDGER)
        for done in pending:
            _apply(client, database, by_number[done.number])
        _set_parameters(client, database, k)
    except ClickHouseError as error:
        where = f"migration {done.number:04d}_{done.name}: " if done else ""
        raise ServiceError(f"database {database}: {where}{str(error).splitlines()[0]}") from error
    return pending


def _applied(client: Client, database: str) -> dict[int, tuple[str, str]]:
    """Number to (name, checksum) of the migrations that the database has."""
    exists = client.query(
        "SELECT count() FROM system.tables WHERE database = {database:String} AND name = 'schema_migrations'",
        parameters={"database": database},
    )
    if not exists.result_rows[0][0]:
        return {}
    rows: Sequence[Sequence[object]] = client.query(
        "SELECT number, argMax(name, applied_ms), argMax(checksum, applied_ms) "
        f"FROM `{database}`.schema_migrations GROUP BY number"
    ).result_rows
    return {int(str(number)): (str(name), str(checksum)) for number, name, checksum in rows}


def _apply(client: Client, database: str, migration: Migration) -> None:
    for statement in migration.statements:
        _run(client, database, statement)
    client.insert(
        "schema_migrations",
        [(migration.number, migration.name, migration.checksum)],
        column_names=["number", "name", "checksum"],
        database=database,
    )


def _set_parameters(client: Client, database: str, k: int) -> None:
    """Write the floor when it differs from the one in force; the salt is drawn once and then carried along."""
    rows = client.query(
        f"SELECT argMax(k, set_ms), argMax(salt, set_ms) FROM `{database}`.parameters HAVING count() > 0"
    ).result_rows
    if rows and rows[0][0] == k:
        return
    salt = int(rows[0][1]) if rows else secrets.randbits(64)
    client.insert("parameters", [(k, salt)], column_names=["k", "salt"], database=database)


def _run(client: Client, database: str, statement: str) -> None:
    """Run a statement whose unqualified names mean ``database``, whatever database the client is connected to."""
    previous = client.database
    client.database = database
    try:
        client.command(statement)
    finally:
        client.database = previous
