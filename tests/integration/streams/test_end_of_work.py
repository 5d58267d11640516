"""The last executions of a day are on the list within a minute of the end of work, not with the next activity."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sinks.clickhouse.migrate import migrate
from sinks.results import opportunities
from taskstream.events import EventBatch, UiEvent
from tests.fixtures.clickhouse import ClickHouse
from tests.fixtures.streams import Deployment
from tests.integration.streams.test_catalogue_process import Running
from tests.integration.streams.test_recognition import TASKS
from tests.unit.streams.build import value

pytestmark = pytest.mark.integration

PEOPLE = "abcd"
BEFORE = 70
"""Executions of each person before the last: their first 300 steps are decided together."""
APART_MS, STEP_MS = 60_000, 4_000
WITHIN_S = 90.0
"""A minute on a machine at rest (54 s), of which 45 s are the quiet that ends work; a busy one adds what it takes to
process. That event time itself keeps step is held exactly by unit/streams/runtime/test_heartbeat.py."""


def execution(person: str, number: int, end_ms: int, now_ms: int) -> EventBatch:
    """One execution that ends at ``end_ms``, as its desktop sends it now."""
    task = TASKS[0] if number == BEFORE else random.Random(f"{person}{number}").choice(TASKS)
    events = [
        UiEvent(
            at_ms=end_ms - STEP_MS * (len(task) - 1 - n), kind=kind, app=app, element=element,  # type: ignore[arg-type]
            value=value(1 + number * 10 + n // 2) if kind in ("copy", "paste", "edit") else None,
        )
        for n, (kind, app, element) in enumerate(task)
    ]  # fmt: skip
    return EventBatch(
        schema=1, tenant="t", team="red", actor=f"actor-{person}", agent=person, first_seq=5 * number,
        events=tuple(events), sent_ms=now_ms,
    )  # fmt: skip


@pytest.fixture
def deployment(kafka: str, clickhouse: ClickHouse, tmp_path: Path) -> Iterator[Deployment]:
    """Worker, catalogue and sink with the waiting times that users have."""
    found = Deployment(kafka, tmp_path)
    usual = type(found.settings).model_fields
    found.settings = found.settings.model_copy(
        update={
            "database": f"t{uuid.uuid4().hex[:8]}",
            "idle_heartbeat_ms": usual["idle_heartbeat_ms"].default,
        }
    )
    migrate(clickhouse.client(), found.settings.database, k=found.settings.k)
    names = {
        "HOME": str(tmp_path), "KAFKA": kafka, "PREFIX": found.settings.prefix, "DATABASE": found.settings.database,
        "CLICKHOUSE": clickhouse.url, "CLICKHOUSE_USER": clickhouse.user, "CLICKHOUSE_PASSWORD": clickhouse.password,
    }  # fmt: skip
    environment = os.environ | {f"TASKSTREAM_{name}": text for name, text in names.items()}
    with (tmp_path / "sink.log").open("wb") as log:
        sink = subprocess.Popen([sys.executable, "-m", "taskstream", "sink"], env=environment, stderr=log, stdout=log)
    yield found
    found.stop()
    sink.kill()
    sink.wait(10)
    clickhouse.client().command(f"DROP DATABASE {found.settings.database}")


@pytest.mark.timeout(240)
def test_the_last_executions_are_listed_within_a_minute(deployment: Deployment, clickhouse: ClickHouse) -> None:
    client = clickhouse.client(deployment.settings.database)

    def assigned(number: int) -> int:
        """Of how many people this execution has a routine."""
        found = client.query(
            "SELECT uniqExact(actor) FROM segments INNER JOIN i_assignments AS said ON segments.id = said.segment "
            f"WHERE routine != '' AND last_seq >= {5 * number} AND first_seq <= {5 * number + 4}"
        )
        return int(found.result_rows[0][0])

    def listed() -> bool:
        """Whether the list counts all executions that have a routine."""
        query = "SELECT uniqExact(execution) FROM i_assignments WHERE routine != ''"
        known = int(client.query(query).result_rows[0][0])
        return 0 < known <= sum(one.executions for one in opportunities.read(client, 100))

    now_ms = time.time_ns() // 1_000_000
    ends = [
        (now_ms - 90_000 - APART_MS * (BEFORE - 1 - number) + 500 * at, person, number)
        for number in range(BEFORE)
        for at, person in enumerate(PEOPLE)
    ]
    deployment.publish(execution(person, number, end_ms, now_ms) for end_ms, person, number in sorted(ends))
    deployment.start_worker()
    with Running(deployment.settings):
        deployment.wait("what was done before is listed", listed, 60)
        assert not assigned(BEFORE)

        end_ms = time.time_ns() // 1_000_000
        deployment.publish(execution(person, BEFORE, end_ms - 500 * at, end_ms) for at, person in enumerate(PEOPLE))
        left_s = WITHIN_S - (time.time_ns() / 1e9 - end_ms / 1e3)
        deployment.wait("the last executions are assigned", lambda: assigned(BEFORE) == len(PEOPLE), left_s)
        left_s = WITHIN_S - (time.time_ns() / 1e9 - end_ms / 1e3)
        deployment.wait("the last executions are listed", listed, left_s)
