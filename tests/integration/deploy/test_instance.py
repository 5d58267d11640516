"""A whole instance: watched, refused twice, stopped, and never orphaned."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.local.home import InstanceState, is_locked, read_state
from taskstream import endpoints

pytestmark = pytest.mark.integration

FAILS = "import sys; sys.exit('worker: no way to start')"


def _instance(home: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.integration.deploy.instance", str(home), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _taskstream(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "taskstream", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def _await_line(process: subprocess.Popen[str], line: str) -> list[str]:
    assert process.stdout is not None
    said = []
    for text in process.stdout:
        said.append(text.strip())
        if text.strip() == line:
            return said
    raise AssertionError(f"it never said {line!r}: {said}")


def _state(home: Path) -> InstanceState:
    state = read_state(home)
    assert state is not None
    return state


def _until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_the_life_of_an_instance(tmp_path: Path) -> None:
    process = _instance(tmp_path)
    try:
        _await_line(process, "running")
        state = _state(tmp_path)
        assert [each.name for each in state.components] == ["kafka", "clickhouse", "worker", "sink"]
        assert {each.state for each in state.components} == {"running"}
        found = endpoints.read(tmp_path)
        assert found is not None
        assert endpoints.file_of(tmp_path).stat().st_mode & 0o777 == 0o600

        said = _taskstream("status", "--json", "--home", str(tmp_path))
        assert said.returncode == 0
        status = json.loads(said.stdout)
        assert status["kafka"] == {
            "version": "4.1.1", "bootstrap": found.kafka, "embedded": True, "reachable": True, "brokers": 1,
            "problem": "",
        }  # fmt: skip
        assert status["clickhouse"]["version"]
        assert status["clickhouse"]["url"] == found.clickhouse
        assert status["clickhouse"]["reader_password"] == endpoints.reader_password(found.clickhouse_password)
        assert found.clickhouse_password not in said.stdout

        second = _taskstream("up", "--home", str(tmp_path))
        assert second.returncode == 4
        assert second.stderr.startswith(f"taskstream: Taskstream already runs in {tmp_path} (process {state.pid})")
        assert len(second.stderr.splitlines()) == 1
        assert _state(tmp_path).components == state.components

        by_name = {each.name: each.pid for each in state.components}
        os.kill(by_name["worker"], signal.SIGKILL)
        os.kill(by_name["clickhouse"], signal.SIGKILL)
        _until(lambda: all(each.restarts == (each.pid != by_name[each.name]) for each in _state(tmp_path).components)
               and sum(each.restarts for each in _state(tmp_path).components) == 2, 30)  # fmt: skip
        assert endpoints.read(tmp_path) == found

        family = [each.pid for each in _state(tmp_path).components]
        down = _taskstream("down", "--home", str(tmp_path))
        assert (down.returncode, down.stdout) == (0, "stopped\n")
        assert process.wait(10) == 0
        assert all(map(_gone, family))
        assert endpoints.read(tmp_path) is None
        assert _taskstream("down", "--home", str(tmp_path)).stdout == "nothing runs\n"
    finally:
        process.kill()
        process.wait()


def test_kill_9_leaves_no_orphan_and_the_next_one_starts(tmp_path: Path) -> None:
    process = _instance(tmp_path)
    try:
        _await_line(process, "running")
        pids = {each.pid for each in _state(tmp_path).components}
        family = psutil.Process(process.pid).children(recursive=True)
        assert pids <= {child.pid for child in family}
        process.kill()
        process.wait()
        again = _instance(tmp_path)  # at once: it waits for the remains of the first
        try:
            _await_line(again, "running")
            assert all(_gone(child.pid) for child in family)
            again.send_signal(signal.SIGTERM)
            assert again.wait(30) == 0
        finally:
            again.kill()
            again.wait()
        assert not is_locked(tmp_path)
    finally:
        process.kill()
        process.wait()


def test_a_component_that_cannot_run_ends_all_with_its_reason(tmp_path: Path) -> None:
    process = _instance(tmp_path, FAILS)
    try:
        said, _ = process.communicate(timeout=90)
        last = said.strip().splitlines()[-1]
        assert "worker ended 3 times in a row" in last
        assert "no way to start" in last
        assert process.returncode == 4
        assert not is_locked(tmp_path)
    finally:
        process.kill()
        process.wait()


def test_ctrl_c_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    process = _instance(tmp_path)
    try:
        _until((tmp_path / "kafka" / "logs").is_dir, 30)
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        assert said.strip() == "stopped early"
        _until(lambda: all(_gone(child.pid) for child in family), 10)
        assert not is_locked(tmp_path)
    finally:
        process.kill()
        process.wait()


def test_an_own_kafka_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    said = _taskstream("up", "--home", str(tmp_path), "--kafka", "127.0.0.1:1")
    assert said.returncode == 4
    assert "taskstream: Kafka at 127.0.0.1:1 does not answer" in said.stderr
    assert "Traceback" not in said.stderr
    assert not is_locked(tmp_path)


def test_nothing_runs(tmp_path: Path) -> None:
    said = _taskstream("status", "--json", "--home", str(tmp_path))
    assert said.returncode == 1
    assert json.loads(said.stdout)["running"] is False
