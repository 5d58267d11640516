"""The Faust application's settings."""

import asyncio
from pathlib import Path
from unittest.mock import Mock

from streams.runtime.app import create_app
from streams.runtime.routine_follower import RoutineFollower
from streams.runtime.tables_follower import TablesFollower
from taskstream.settings import Settings


def test_it_leaves_nothing_where_it_is_started(tmp_path: Path) -> None:
    app, _ = create_app(Settings(home=tmp_path, kafka="127.0.0.1:1"))
    assert Path(app.conf.datadir).is_relative_to(tmp_path)


def test_the_worker_looks_after_tables_whenever_it_looks_after_event_time(tmp_path: Path) -> None:
    _, worker = create_app(Settings(home=tmp_path, kafka="127.0.0.1:1"))
    calls = Mock()
    worker._heartbeat, worker._tables = calls.heartbeat, calls.tables
    asyncio.run(worker._watch(7.0))
    owned = worker.ownership.owned.values()
    assert [call[0] for call in calls.mock_calls] == ["heartbeat.beat", "tables.write"]
    assert [(list(call[1][0]), call[1][1:]) for call in calls.mock_calls] == [(list(owned), (7.0, {}))] * 2
    assert {type(follower) for follower in worker._followers} == {RoutineFollower, TablesFollower}
