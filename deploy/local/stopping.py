"""Ends the instance of a home from outside, and removes its data."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import psutil

from deploy.local.home import is_locked, read_state
from taskstream.endpoints import DEMO
from taskstream.errors import ServiceError

STOP_S = 60.0
KILL_S = 40.0
# All that an instance, replays and simulations write in its home. Settings, keys and spool of the collector are the
# user's and stay.
DATA = ("kafka", "clickhouse", "logs", "run", "replay", "simulate", "faust", DEMO)
# One of these is in every home that has been used: other folders may hold `logs` of somebody else.
MARKS = ("run/lock", "keys", f"{DEMO}/run/lock")


def stop(home: Path) -> bool:
    """Stop the instance and wait until all its processes have ended; False when none ran.

    Raises:
        ServiceError: it does not end.
    """
    if not is_locked(home):
        return False
    state = read_state(home)
    if state is not None and psutil.pid_exists(state.pid):
        _signal(state.pid, signal.SIGTERM)
    if _wait(home, STOP_S):
        return True
    if state is not None:  # it hangs; its guards end what it leaves behind
        _signal(state.pid, signal.SIGKILL)
    if not _wait(home, KILL_S):
        raise ServiceError(f"the instance in {home} does not end; look for its processes with `ps`")
    return True


def data_of(home: Path) -> list[Path]:
    """The folders that ``purge`` would remove; none where nothing says that the folder is Taskstream's."""
    return [home / name for name in DATA if (home / name).exists()] if _is_home(home) else []


def _is_home(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in MARKS)


def purge(home: Path) -> list[str]:
    """Remove the data of an instance that is stopped; returns the names of the folders removed.

    Raises:
        ServiceError: an instance runs, the folder is not Taskstream's, or the folders cannot be removed.
    """
    foreign = [name for name in DATA if (home / name).exists()]
    if foreign and not _is_home(home):
        raise ServiceError(f"{home} has never been a home of Taskstream: its {', '.join(foreign)} stay")
    for folder in (home, home / DEMO):
        if is_locked(folder):
            raise ServiceError(f"an instance runs in {folder}: stop it first (`taskstream down`)")
    found = data_of(home)
    for path in found:
        try:
            shutil.rmtree(path)
        except OSError as error:
            raise ServiceError(f"{path} cannot be removed: {error.strerror}") from error
    return [path.name for path in found]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise ServiceError(f"process {pid} belongs to another user") from error


def _wait(home: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_locked(home):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
