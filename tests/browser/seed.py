"""Small, believable data for the page: inserted as the sink would, without Kafka."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sinks.clickhouse.migrate import migrate
from tests.fixtures.clickhouse import ClickHouse

K = 3
STEPS = ("Copy column C in Excel", "Open the invoice form", "Paste into amount", "Press submit")
ACTIVITIES = ("excel|copy|invoices|cell:c", "chrome|navigate|erp/invoice|", "chrome|paste|erp/invoice|field:amount",
              "chrome|submit|erp/invoice|button:submit")  # fmt: skip


def prepare(server: ClickHouse, database: str) -> Any:
    """An empty database with the sink's tables and views; returns the owner's client."""
    client = server.client()
    client.command(f"DROP DATABASE IF EXISTS {database}")
    migrate(client, database, k=K)
    client.close()
    return server.client(database)


def add_events(client: Any, people: int, each: int, first: int = 0) -> None:
    """``each`` events of ``people`` people in the last half hour, and their minutes."""
    client.command(
        "INSERT INTO ui_events (tenant, team, actor, agent, seq, at_ms, kind, app, sent_ms, stored_ms) "
        "SELECT 'local', 'accounts', concat('p', toString(number % {people:UInt32})), "
        "concat('a', toString(number % {people:UInt32})), {first:UInt64} + intDiv(number, {people:UInt32}), "
        "now64(3) - toIntervalSecond(number % 1800), 'click', ['excel', 'chrome', 'outlook'][number % 3 + 1], "
        "stored_ms - toIntervalMillisecond(300 + sipHash64(number) % 900 + if(number % 50 = 0, 900, 0)), "
        "now64(3) - toIntervalSecond(number % 1800) AS stored_ms "
        "FROM numbers({people:UInt32} * {each:UInt32})",
        parameters={"people": people, "each": each, "first": first},
    )
    client.command(
        "INSERT INTO activity_1m (id, tenant, team, window_start_ms, app, kind, events, active_ms, people) "
        "SELECT concat(toString({first:UInt64}), '-', toString(number)), 'local', 'accounts', "
        "toStartOfMinute(now()) - toIntervalMinute(intDiv(number, 5)), "
        "['excel', 'chrome', 'outlook', 'sap', '(other)'][number % 5 + 1], 'click', "
        "toUInt64(20 + 40 * (5 - number % 5) * (1 + sin(number / 17))), 30000, 5 FROM numbers(250)",
        parameters={"first": first},
    )


def add_transfers(client: Any, source: str, target: str, people: int, each: int) -> None:
    """``each`` pasted values of each of ``people`` people."""
    client.command(
        "INSERT INTO transfers (id, tenant, team, actor, agent, seq, at_ms, lag_ms, how, source_app, target_app) "
        "SELECT concat({source:String}, {target:String}, toString(number)), 'local', 'accounts', "
        "concat('p', toString(number % {people:UInt32})), 'a', number, now64(3), 4000, 'paste', {source:String}, "
        "{target:String} FROM numbers({people:UInt32} * {each:UInt32})",
        parameters={"source": source, "target": target, "people": people, "each": each},
    )


def add_opportunity(client: Any, number: int, name: str, people: int, hours: float, **more: Any) -> None:
    """One routine and its opportunity, of ``people`` people and ``hours`` a week."""
    routine = f"r{number}"
    opportunity = {
        "id": routine, "tenant": "local", "rank": number, "name": name, "pattern": "copy bridge", "steps": STEPS,
        "apps": ["excel", "chrome"], "executions": 420, "executions_per_week": 84.0, "people": people,
        "active_median_ms": 74_000, "active_p90_ms": 133_000, "active_low_ms": 70_000, "active_high_ms": 79_000,
        "hours_per_week": hours, "transferred_values": 3.2, "transfer_share": 0.8, "determinism": 0.91, "variants": 3,
        "hours_spent_per_year": hours * 44, "hours_spent_per_year_low": hours * 30,
        "hours_spent_per_year_high": hours * 52,
        "hours_saved_per_year": hours * 35, "hours_saved_per_year_low": hours * 24,
        "hours_saved_per_year_high": hours * 42,
        "hours_per_week_low": hours * 0.7, "hours_per_week_high": hours * 1.2, "currency": "EUR",
        "people_known": people,
        "first_ms": 1_759_000_000.0, "last_ms": 1_760_000_000.0, "working_days": 8.0, "preliminary": "",
        "build_cost": 4800, "yearly_saving": hours * 44 * 36, "payback_months_low": 2.1, "payback_months": 3.4,
        "payback_months_high": 6.0, "verdict": "worth it",
        "why": {"hours a year spent": hours * 44, "can be automated": 0.9, "will be adopted": 0.9,
                "without exceptions": 0.98},
        "assumptions": {"hourly_cost": 45, "adoption": 0.8, "weeks_per_year": 44},
        "updated_ms": 1_760_000_000.0, "version": 1, "withdrawn": False,
    } | more  # fmt: skip
    _insert(client, "opportunities", opportunity)
    _insert(client, "routines", {
        "id": routine, "tenant": "local", "name": name, "skeleton": ACTIVITIES,
        "optional": ["outlook|window|inbox|"], "people": people, "executions": 420, "active_median_ms": 74_000,
        "flows.source": [ACTIVITIES[0]], "flows.target": [ACTIVITIES[2]], "flows.how": ["paste"],
        "flows.form": ["money"], "flows.share": [0.92], "version": 1,
    })  # fmt: skip


def _insert(client: Any, table: str, row: Mapping[str, Any]) -> None:
    client.raw_insert(table, None, json.dumps(row).encode(), fmt="JSONEachRow")
