"""Starts and stops the endpoint's process."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

from taskstream.endpoints import READER
from taskstream.endpoints import reader_password as derived_password
from taskstream.errors import ServiceError


class EmbeddedClickHouse:
    """The ClickHouse engine over ``data_dir`` as a process of its own, on a loopback port.

    It ends with this process, however this one ends: it holds the other end of a pipe. What it has to say goes to
    ``clickhouse.log`` beside the data directory.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        user: str = "taskstream",
        password: str = "",
        *,
        reader_password: str = "",
        memory_mb: int = 2000,
        log: Path | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.port = port
        self.user = user
        self.password = password or secrets.token_urlsafe(24)
        self.reader_user = READER
        self.reader_password = reader_password or derived_password(self.password)
        self.memory_mb = memory_mb
        self.log = log or data_dir.with_name("clickhouse.log")
        self.url = ""
        self.version = ""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Id of the process; 0 when it is not running."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def start(self, timeout: float = 60.0) -> str:
        """Start it, wait until it answers, and return its URL.

        Raises:
            ServiceError: it did not start: the directory is in use, the port is taken, or chDB is missing.
        """
        if self.pid:
            return self.url
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable, "-m", "deploy.local.clickhouse", "--path", str(self.data_dir), "--port", str(self.port),
            "--user", self.user, "--memory-mb", str(self.memory_mb), "--follow-stdin",
        ]  # fmt: skip
        environment = os.environ | {
            "TASKSTREAM_CLICKHOUSE_PASSWORD": self.password,
            "TASKSTREAM_CLICKHOUSE_READER_PASSWORD": self.reader_password,
        }
        with self.log.open("ab") as log:
            began = log.tell()
            # A session of its own: Ctrl-C in the terminal reaches the parent alone, which then stops this one in order.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment,
                start_new_session=True,
            )  # fmt: skip
        line = _first_line(self._process, timeout)
        try:
            ready: dict[str, Any] = json.loads(line)
            self.url, self.version = ready["url"], ready["version"]
        except (ValueError, KeyError, TypeError):
            self.kill()
            raise ServiceError(self._reason(began)) from None
        return self.url

    def stop(self, timeout: float = 15.0) -> None:
        """Let it finish what it has acknowledged and end it."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
        self._forget()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._forget()

    def __enter__(self) -> EmbeddedClickHouse:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _forget(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _reason(self, began: int) -> str:
        with self.log.open("rb") as log:
            log.seek(began)
            said = log.read().decode(errors="replace").strip().splitlines()
        for line in reversed(said):
            if line.startswith("clickhouse: "):
                return line.removeprefix("clickhouse: ")
        last = said[-1] if said else "it said nothing"
        return f"the embedded ClickHouse did not start: {last} (log: {self.log})"


def _first_line(process: subprocess.Popen[bytes], timeout: float) -> bytes:
    """The first line of standard output, or what there is when the process ends or the time is up."""
    assert process.stdout is not None
    pipe: IO[bytes] = process.stdout
    deadline = time.monotonic() + timeout
    held = b""
    while b"\n" not in held:
        readable, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        data = os.read(pipe.fileno(), 65536) if readable else b""
        if not data:
            break
        held += data
    return held
