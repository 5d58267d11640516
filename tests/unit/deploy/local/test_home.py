"""One instance a home, and what it says about itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.local import stopping
from deploy.local.home import HomeLock, InstanceState, is_locked, read_state, running_in, worker_name, write_state
from taskstream import endpoints
from taskstream.endpoints import DEMO, Endpoints
from taskstream.errors import ServiceError
from taskstream.settings import load


def _state() -> InstanceState:
    return InstanceState(os.getpid(), 1, "up", "taskstream", "taskstream.")


def test_the_second_is_refused_by_name_and_leaves_the_first_alone(tmp_path: Path) -> None:
    first, second = HomeLock(tmp_path), HomeLock(tmp_path)
    first.acquire()
    write_state(tmp_path, _state())
    with pytest.raises(ServiceError, match=rf"already runs in .* \(process {os.getpid()}\).*taskstream down"):
        second.acquire()
    second.release()
    assert read_state(tmp_path) == _state()
    first.release()
    assert not is_locked(tmp_path)
    assert read_state(tmp_path) is None
    second.acquire()
    second.release()


def test_each_worker_has_a_name_that_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    homes = tmp_path / "one", tmp_path / "two"
    names = [worker_name(home, component) for home in homes for component in ("worker", "worker-2")]
    assert len(set(names)) == 4
    assert [worker_name(home, component) for home in homes for component in ("worker", "worker-2")] == names
    monkeypatch.setattr("deploy.local.home.platform.node", lambda: "josé's, laptop" * 9)
    assert load(home=homes[0], worker_id=worker_name(homes[0], "worker")).worker_id not in names, "another machine"
    monkeypatch.setattr("deploy.local.home.platform.node", lambda: "")
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match="home folder cannot be used"):
        worker_name(tmp_path / "file", "worker")


def test_the_remains_of_a_killed_one_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = HomeLock(tmp_path)
    holder.acquire()
    os.pwrite(holder.handle, b"999999999 ", 0)  # no such process: its guards hold the lock
    monkeypatch.setattr("deploy.local.home.time.sleep", lambda _: holder.release())
    later = HomeLock(tmp_path)
    later.acquire()
    assert later.held
    later.release()


def test_a_home_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match=r"home folder .*file cannot be used"):
        HomeLock(tmp_path / "file").acquire()


def test_a_record_that_is_damaged_counts_as_none(tmp_path: Path) -> None:
    lock = HomeLock(tmp_path)
    lock.acquire()
    (tmp_path / "run" / "instance.json").write_text("{")
    assert read_state(tmp_path) is None
    lock.release()


def test_commands_find_the_demo_when_only_it_runs(tmp_path: Path) -> None:
    assert running_in(tmp_path) == tmp_path
    demo, own = HomeLock(tmp_path / DEMO), HomeLock(tmp_path)
    demo.acquire()
    endpoints.write(tmp_path / DEMO, Endpoints("demo:1", "http://demo:2", "u", "p", pid=os.getpid()))
    assert running_in(tmp_path) == tmp_path / DEMO
    assert endpoints.resolve(load(home=tmp_path)).kafka == "demo:1"
    own.acquire()
    endpoints.write(tmp_path, Endpoints("own:1", "http://own:2", "u", "p", pid=os.getpid()))
    assert running_in(tmp_path) == tmp_path
    assert endpoints.resolve(load(home=tmp_path)).kafka == "own:1"
    own.release()
    demo.release()


def test_purge_removes_data_and_keeps_the_persons_settings(tmp_path: Path) -> None:
    for name in ("kafka", "clickhouse", "simulate", "faust", DEMO):
        (tmp_path / name).mkdir()
    (tmp_path / "taskstream.toml").write_text("k = 5\n")
    lock = HomeLock(tmp_path / DEMO)
    lock.acquire()
    with pytest.raises(ServiceError, match="stop it first"):
        stopping.purge(tmp_path)
    lock.release()
    assert sorted(stopping.purge(tmp_path)) == ["clickhouse", "demo", "faust", "kafka", "simulate"]
    assert [path.name for path in tmp_path.iterdir()] == ["taskstream.toml"]
    assert stopping.purge(tmp_path) == []
    assert stopping.stop(tmp_path) is False


def test_purge_leaves_folders_alone_that_are_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    assert stopping.data_of(tmp_path) == []
    with pytest.raises(ServiceError, match="never been a home"):
        stopping.purge(tmp_path)
    assert (tmp_path / "logs").is_dir()
