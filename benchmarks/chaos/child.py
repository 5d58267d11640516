"""A child process that is started again whenever it ends, as a supervisor would."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final

from benchmarks.chaos.wall_clock import WallClock

END_S: Final = 30.0
"""Time that a process has to end by itself (seconds)."""
AGAIN_S: Final = 0.5


class Child:
    """One child. ``self_exits`` is how often it ended although nobody killed it or asked it to. ``clock``
    is its wall clock; None: the machine's."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        clock: WallClock | None = None,
    ) -> None:
        self.name, self.clock = name, clock
        self.self_exits = 0
        self._command, self._environment, self._log = command, dict(environment), log
        if clock is not None:
            self._environment |= clock.environment
        self._stopping = threading.Event()
        self._held = threading.Lock()
        self._child = self._spawn()
        threading.Thread(target=self._watch, name=f"watch {name}", daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id of the one that runs now."""
        return self._child.pid

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            # In a session of its own: Ctrl-C is for who runs this.
            return subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    def _watch(self) -> None:
        while True:
            child = self._child
            code = child.wait()
            with self._held:  # while it is held, nobody starts it
                if self._stopping.is_set():
                    return
                if child is not self._child:  # it was held, and runs again
                    continue
                self.self_exits += code != -signal.SIGKILL
                self._stopping.wait(AGAIN_S)
                self._child = self._spawn()

    def is_ready(self) -> bool:
        """Whether it says so itself, where its log says that it answers."""
        places = re.findall(r"(http://127\.0\.0\.1:\d+)/metrics", self._log.read_text(errors="replace"))
        try:
            with urllib.request.urlopen(f"{places[-1]}/ready", timeout=2) as answer:  # noqa: S310 - always http
                return bool(answer.status == HTTPStatus.OK)
        except (OSError, IndexError):
            return False

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._child.send_signal(number)

    def kill(self) -> None:
        """End it at once, as a crash would; it is started again."""
        self.send(signal.SIGKILL)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Ended cleanly, and not started again before this block is left."""
        with self._held:
            self._end()
            yield
            self._child = self._spawn()

    def stop(self) -> None:
        """End it for good."""
        self._stopping.set()
        with self._held:
            self._end()

    def _end(self) -> None:
        self._child.send_signal(signal.SIGCONT)
        self._child.terminate()
        try:
            self._child.wait(END_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
