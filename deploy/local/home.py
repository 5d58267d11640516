"""The home folder of an instance: one instance at a time, and what it says about itself."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import secrets
import time
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from taskstream.endpoints import DEMO
from taskstream.errors import ServiceError

# An instance that was killed has its processes ended by their guards; a new one waits that long for them.
REMAINS_S = 30.0


class ServiceState(Struct, frozen=True):
    """Kafka or ClickHouse: where it is, and whether this instance runs it (then with its process id)."""

    address: str
    embedded: bool
    pid: int = 0
    version: str = ""


class ComponentState(Struct, frozen=True):
    """One process of the instance. ``state``: starting, running, waiting (before a restart), ended."""

    name: str
    state: str
    pid: int
    started_ms: int
    restarts: int
    metrics_port: int
    log: str


class InstanceState(Struct, frozen=True):
    """The running instance, as ``run/instance.json`` in its home tells it. Times in milliseconds since the epoch."""

    pid: int
    started_ms: int
    command: str
    database: str
    prefix: str
    kafka: ServiceState | None = None
    clickhouse: ServiceState | None = None
    dashboard: str = ""
    components: tuple[ComponentState, ...] = ()


def _file(home: Path) -> Path:
    return home / "run" / "instance.json"


def write_state(home: Path, state: InstanceState) -> None:
    """Publish the instance's state. On a full disk only this is lost."""
    draft = _file(home).with_suffix(".new")
    with contextlib.suppress(OSError):
        draft.write_bytes(msgspec.json.encode(state))
        draft.replace(_file(home))


def read_state(home: Path) -> InstanceState | None:
    """The state that the running instance has published; None when none runs."""
    if not is_locked(home):
        return None
    try:
        return msgspec.json.decode(_file(home).read_bytes(), type=InstanceState)
    except (OSError, msgspec.DecodeError):
        return None


def worker_name(home: Path, component: str) -> str:
    """The ``worker_id`` of a component: the same after each restart, and no other home's or component's.

    Drawn once and kept in the home. The machine's name is part of it, for a home may be copied with its machine.

    Raises:
        ServiceError: it cannot be kept.
    """
    kept = home / "run" / "worker-id"
    try:
        if not kept.is_file():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(secrets.token_hex(8))
        drawn = kept.read_text().strip()
    except OSError as error:
        raise ServiceError(f"the home folder cannot be used: {kept}: {error.strerror}") from error
    machine = re.sub(r"[^A-Za-z0-9-]", "-", platform.node())[:24]
    return f"{machine}.{drawn}.{component}"


def is_locked(home: Path) -> bool:
    """Whether an instance runs here, or the remains of a killed one are still ending."""
    import fcntl

    try:
        handle = os.open(home / "run" / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EACCES)
    finally:
        os.close(handle)
    return False


def await_remains(home: Path) -> None:
    """Wait for processes of an earlier instance that was killed: those that end by themselves, without a guard's lock.

    Raises:
        ServiceError: one does not end.
    """
    try:
        state = msgspec.json.decode(_file(home).read_bytes(), type=InstanceState)
    except (OSError, msgspec.DecodeError):
        return
    deadline = time.monotonic() + REMAINS_S
    for each in state.components:
        while _is_ours(each.pid):
            if time.monotonic() > deadline:
                raise ServiceError(f"{each.name} of an earlier run (process {each.pid}) does not end: kill it")
            time.sleep(0.1)


def _is_ours(pid: int) -> bool:
    """Whether the process is alive and one of Taskstream's (its number may have been given to another)."""
    try:
        process = psutil.Process(pid)
        command = process.cmdline()
        return process.status() != psutil.STATUS_ZOMBIE and any(
            word in ("taskstream", "deploy.local.clickhouse", "kafka.Kafka") for word in command
        )
    except psutil.Error:
        return False


def running_in(home: Path) -> Path:
    """The folder of the instance that is meant: the home, or the demo's in it when only that one runs."""
    return home / DEMO if not is_locked(home) and is_locked(home / DEMO) else home


class HomeLock:
    """Held by the one instance that runs in a home, and by the guards of its processes until those have ended."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.handle = -1

    def acquire(self, waiting: AbstractContextManager[None] | None = None) -> None:
        """Take the lock now or not at all; only the remains of a killed instance are waited for, in ``waiting``.

        Raises:
            ServiceError: another instance runs here, or the folder cannot be written.
        """
        try:
            (self._home / "run").mkdir(parents=True, exist_ok=True)
            self.handle = os.open(self._home / "run" / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ServiceError(f"the home folder {self._home} cannot be used: {error.strerror}") from error
        deadline = time.monotonic() + REMAINS_S
        if not self._take(deadline):
            with waiting or contextlib.nullcontext():
                while not self._take(deadline):
                    time.sleep(0.1)
        os.ftruncate(self.handle, 0)
        os.pwrite(self.handle, str(os.getpid()).encode(), 0)

    def _take(self, deadline: float) -> bool:
        import fcntl

        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = self._holder()
            if (holder and psutil.pid_exists(holder)) or time.monotonic() > deadline:
                os.close(self.handle)
                self.handle = -1
                who = f" (process {holder})" if holder else ""
                raise ServiceError(
                    f"Taskstream already runs in {self._home}{who}: stop it with `taskstream down`, "
                    "or choose another --home"
                ) from None
            return False
        return True

    def _holder(self) -> int:
        text = os.pread(self.handle, 32, 0).decode(errors="replace").strip()
        return int(text) if text.isdigit() else 0

    @property
    def held(self) -> bool:
        """Whether it is ours."""
        return self.handle >= 0

    def release(self) -> None:
        """Remove what was said about this instance, and let the next one in."""
        if self.held:
            _file(self._home).unlink(missing_ok=True)
            os.close(self.handle)
            self.handle = -1
