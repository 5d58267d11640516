"""A database of an earlier version is brought to this one, and shows the same."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from sinks.clickhouse import migrate as schema
from taskstream.errors import ServiceError
from tests.browser import seed
from tests.fixtures.clickhouse import ClickHouse

pytestmark = pytest.mark.integration

SAME = {
    "v_opportunities": "id, name, rank, people",
    "v_transfers": "source_app, target_app, transfers, people",
    "v_transitions": "source, target, transitions, people",
    "event_log": '"concept:name", "time:timestamp", "case:routine"',
}
"""What each view showed before, and shows after."""


@pytest.mark.parametrize("version", [6, 7, 8, 10])
def test_views_show_the_same_after_an_upgrade(
    clickhouse: ClickHouse, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    name = f"u{uuid.uuid4().hex[:8]}"
    known = schema.migrations()
    with monkeypatch.context() as earlier:
        earlier.setattr(schema, "migrations", lambda: known[:version])
        schema.migrate(clickhouse.client(), name, k=seed.K)
    client = clickhouse.client(name)
    seed.add_transfers(client, "excel", "chrome", people=seed.K, each=4)
    seed.add_opportunity(client, 1, "Shown", people=seed.K, hours=2)
    for person in range(seed.K):
        client.command(
            f"INSERT INTO segments (id, tenant, actor, steps.activity, steps.seq, steps.offset_ms, steps.active_ms, "
            f"steps.role) VALUES ('s{person}', 't', 'p{person}', ['a', 'b'], [1, 2], [0, 5], [1, 1], ['', ''])"
        )
        client.command(
            f"INSERT INTO routine_assignments (segment, tenant, routine, variant) VALUES ('s{person}', 't', 'r', 'v')"
        )

    def shown() -> dict[str, list[Any]]:
        return {view: sorted(client.query(f"SELECT {names} FROM {view}").result_rows) for view, names in SAME.items()}

    before = shown()
    assert all(before.values()), before
    applied = schema.migrate(clickhouse.client(), name, k=seed.K)
    assert [row.number for row in applied] == list(range(version + 1, len(known) + 1))
    assert shown() == before
    saved = "yearly_saving_low, yearly_saving, yearly_saving_high"
    low, value, high = client.query(f"SELECT {saved} FROM v_opportunities").result_rows[0]
    if version >= 10:  # before, hours saved were not stored
        assert low < value < high, "of a row that was stored without them"
    views = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"
    for (view,) in client.query(views).result_rows:
        client.query(f"SELECT * FROM {view}")
    assert schema.migrate(clickhouse.client(), name, k=seed.K) == []
    client.command(f"DROP DATABASE {name}")


def test_a_database_of_a_newer_version_is_left_alone(clickhouse: ClickHouse) -> None:
    name = f"u{uuid.uuid4().hex[:8]}"
    schema.migrate(clickhouse.client(), name)
    client = clickhouse.client(name)
    client.insert("schema_migrations", [(99, "later", "x")], column_names=["number", "name", "checksum"])
    with pytest.raises(ServiceError, match="0099_later was applied by another version of Taskstream"):
        schema.migrate(clickhouse.client(), name)
    client.command(f"DROP DATABASE {name}")
