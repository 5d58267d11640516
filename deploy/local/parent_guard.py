"""Keeps a child process from outliving the process that wanted it, and its output from filling the disk.

Run as a program (by its path, with the standard library alone: it starts in some 20 ms and stays small)::

    python -I -S parent_guard.py GRACE_S LOG LOG_BYTES COMMAND...

It starts COMMAND in a process group of its own and writes ``pid N`` to standard output. It ends the group (SIGTERM,
GRACE_S seconds, SIGKILL) when it is told to by SIGTERM, or when its standard input closes, which happens whatever way
the parent ends, kill -9 included. Should the guard itself be killed, Linux kills the child. What the command prints
goes to the file LOG, which is renamed to LOG.1 when it reaches LOG_BYTES. The guard exits as the child did.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
CHUNK = 65536


class _Log:
    """The command's output: two files of at most ``limit`` bytes each. A full disk loses output, nothing else."""

    def __init__(self, path: str, limit: int) -> None:
        self._path, self._limit = path, limit
        self._file = open(path, "ab", buffering=0)  # noqa: PTH123, SIM115 (pathlib would double the start time)

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            for begin in range(0, len(data), self._limit):
                self._append(data[begin : begin + self._limit])

    def _append(self, data: bytes) -> None:
        if self._file.tell() + len(data) > self._limit:
            os.replace(self._path, self._path + ".1")  # noqa: PTH105
            self._file.close()
            self._file = open(self._path, "ab", buffering=0)  # noqa: PTH123, SIM115
        self._file.write(data)


class _Guard:
    def __init__(self, grace_s: float, log: _Log, command: list[str]) -> None:
        self._grace_s, self._log = grace_s, log
        self._woken, wake = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGINT):
            signal.signal(number, lambda *_: None)  # Ctrl-C is for the parent, which stops its children in order
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_guard if sys.platform == "linux" else None,  # noqa: PLW1509 (one thread: safe)
        )
        assert self._child.stdout is not None
        self._output = self._child.stdout.fileno()
        os.set_blocking(self._output, False)
        self._events = selectors.DefaultSelector()
        for handle in (self._woken, self._output, 0):
            self._events.register(handle, selectors.EVENT_READ)

    @property
    def pid(self) -> int:
        return self._child.pid

    def run(self) -> int:
        """Until the command has ended; its exit code, or 128 + its signal."""
        while self._child.poll() is None:
            if self._told_to_stop(timeout_s=5.0):
                self._stop()
        self._kill_group()
        self._pump()
        code = self._child.returncode
        return code if code >= 0 else 128 - code

    def _told_to_stop(self, timeout_s: float) -> bool:
        stop = False
        for key, _ in self._events.select(timeout_s):
            if key.fd == self._output:
                self._pump()
            elif key.fd == 0:
                if not os.read(0, CHUNK):
                    self._events.unregister(0)
                    stop = True
            else:
                stop = stop or signal.SIGTERM in os.read(self._woken, CHUNK)
        return stop

    def _pump(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._output, CHUNK):
                self._log.write(data)
            with contextlib.suppress(KeyError):  # closed: the command will not print any more
                self._events.unregister(self._output)

    def _stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._child.pid, signal.SIGTERM)
        deadline = time.monotonic() + self._grace_s
        while self._child.poll() is None and (left := deadline - time.monotonic()) > 0:
            self._told_to_stop(timeout_s=min(left, 0.2))
        self._kill_group()
        self._child.wait()

    def _kill_group(self) -> None:
        """The command when it hangs, and whatever it has left behind in its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)


def _die_with_guard() -> None:
    """In the child, before exec, on Linux: be killed when the guard dies. The guard has one thread, so this is safe."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main(arguments: list[str]) -> int:
    """Run the command under guard."""
    grace_s, log, log_bytes, *command = arguments
    try:
        guard = _Guard(float(grace_s), _Log(log, int(log_bytes)), command)
    except OSError as error:
        os.write(1, f"error {command[0]}: {error.strerror}\n".encode())
        return 127
    with contextlib.suppress(BrokenPipeError):
        os.write(1, b"pid %d\n" % guard.pid)
    os.close(1)
    return guard.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
