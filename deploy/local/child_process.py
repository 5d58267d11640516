"""A child process that ends with us at the latest, its output in a bounded log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from taskstream.errors import ServiceError

GUARD = Path(__file__).with_name("parent_guard.py")
LOG_BYTES = 10 << 20


class GuardedProcess:
    """Runs one command under ``parent_guard.py``. ``grace_s`` is how long it may take to stop before it is killed.

    ``keep`` are file descriptors the guard (not the command) holds open until the command has ended, such as a lock's.
    ``folder`` is the one that it runs in; None: ours.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        grace_s: float = 10.0,
        environment: Mapping[str, str] | None = None,
        keep: Sequence[int] = (),
        log_bytes: int = LOG_BYTES,
        folder: Path | None = None,
    ) -> None:
        self.log = log
        self._command = [str(part) for part in command]
        self._grace_s = grace_s
        self._environment = environment
        self._keep = tuple(keep)
        self._log_bytes = log_bytes
        self._folder = folder
        self._guard: subprocess.Popen[bytes] | None = None
        self._log_from = 0
        self.pid = 0
        self.started_s = 0.0  # time.monotonic()

    def start(self) -> int:
        """Start the command; its process id.

        Raises:
            ServiceError: it cannot be started, or its log cannot be written.
        """
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self._log_from = self.log.stat().st_size if self.log.exists() else 0
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", GUARD, str(self._grace_s), self.log, str(self._log_bytes), *self._command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=self._keep,
                cwd=self._folder,
                env=None if self._environment is None else dict(self._environment),
            )
        except OSError as error:
            raise ServiceError(f"{self._command[0]} cannot be started: {error}") from error
        assert self._guard.stdout is not None
        assert self._guard.stderr is not None
        said = self._guard.stdout.readline().decode()
        if not said.startswith("pid "):
            trouble = said.removeprefix("error ").strip() or self._guard.stderr.read().decode().strip()
            self._guard.wait()
            raise ServiceError(f"cannot be started: {trouble.splitlines()[-1] if trouble else 'no reason given'}")
        self.pid, self.started_s = int(said.split()[1]), time.monotonic()
        return self.pid

    def poll(self) -> int | None:
        """None while it runs, else its exit code (128 + N when signal N ended it)."""
        return None if self._guard is None else self._guard.poll()

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._guard is not None and self._guard.poll() is None

    def terminate(self) -> None:
        """Ask it to stop and return at once."""
        if self._guard is not None and self._guard.poll() is None:
            self._guard.terminate()

    def wait(self) -> int:
        """Wait for its end, at most its grace time and a little more; its exit code."""
        if self._guard is None:
            return 0
        code = self._guard.wait(self._grace_s + 10)
        for pipe in (self._guard.stdin, self._guard.stdout, self._guard.stderr):
            if pipe is not None:
                pipe.close()
        return code

    def stop(self) -> None:
        """Stop it and wait for its end. Doing it twice is harmless."""
        self.terminate()
        self.wait()

    def kill(self) -> None:
        """kill -9, as a crash would; returns when it is gone."""
        if self.running:
            os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def output(self, limit: int = 20_000) -> str:
        """The end of what it has printed since it was started, at most ``limit`` bytes."""
        try:
            with self.log.open("rb") as handle:
                size = handle.seek(0, os.SEEK_END)
                begin = self._log_from if size >= self._log_from else 0
                handle.seek(max(begin, size - limit))
                return handle.read().decode(errors="replace")
        except OSError:
            return ""
