"""The migration files, as text."""

from __future__ import annotations

import re

import msgspec
import pytest

from sinks.clickhouse.feeds import FEEDS
from sinks.clickhouse.migrate import migrations, statements_of
from taskstream import records

_NOT_STORED = {("DeadLetter", "detail"), ("DeadLetter", "key"), ("DeadLetter", "payload")}


def _columns(table: str) -> set[str]:
    """Columns that the migrations give ``table``, in CREATE and in ALTER statements."""
    found: set[str] = set()
    for migration in migrations():
        for statement in migration.statements:
            if re.match(rf"CREATE TABLE IF NOT EXISTS {table}\b", statement):
                found |= set(re.findall(r"^    (\w+) ", statement, re.MULTILINE))
            if re.match(rf"ALTER TABLE {table}\b", statement):
                found |= set(re.findall(r"ADD COLUMN IF NOT EXISTS (\w+) ", statement))
                for before, after in re.findall(r"RENAME COLUMN IF EXISTS (\w+) TO (\w+)", statement):
                    found = found - {before} | {after}
                found -= set(re.findall(r"DROP COLUMN IF EXISTS (\w+)", statement))
    return found


def test_statements_end_at_a_semicolon_that_ends_a_line() -> None:
    assert statements_of("-- a; b\nSELECT ';' ,\n 1;\n\nSELECT 2 ;\n") == ("SELECT ';' ,\n 1", "SELECT 2")


def test_every_statement_can_be_repeated() -> None:
    for migration in migrations():
        for statement in migration.statements:
            assert re.match(
                r"CREATE (TABLE IF NOT EXISTS|OR REPLACE VIEW) |DROP (TABLE|VIEW) IF EXISTS |"
                r"ALTER TABLE \w+\s+(ADD COLUMN IF NOT EXISTS|(RENAME|DROP) COLUMN IF EXISTS) ",
                statement,
            ), statement[:60]


@pytest.mark.parametrize("feed", [feed for feed in FEEDS if feed.key], ids=lambda feed: feed.table)
def test_every_field_of_a_record_has_a_column(feed: object) -> None:
    """So that a field added to a record is stored, or left out on purpose."""
    record = getattr(records, feed.topic.record)  # type: ignore[attr-defined]
    columns = _columns(feed.table)  # type: ignore[attr-defined]
    for field in msgspec.structs.fields(record):
        if (record.__name__, field.name) not in _NOT_STORED:
            assert field.name in columns, f"{record.__name__}.{field.name}"
