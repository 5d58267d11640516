"""A child process that is started again whenever it ends, as a supervisor would."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from pathlib import Path


class Child:
    """One child. ``self_exits`` is how often it ended without being killed."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.name, self._command, self._environment, self._log = name, command, environment, log
        self.self_exits = 0
        self._stopping = False
        self._child = self._spawn()
        threading.Thread(target=self._watch, name=f"watch {name}", daemon=True).start()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)

    def _watch(self) -> None:
        while not self._stopping:
            code = self._child.wait()
            if self._stopping:
                return
            self.self_exits += code != -signal.SIGKILL
            time.sleep(0.5)
            self._child = self._spawn()

    def send(self, number: signal.Signals) -> None:
        self._child.send_signal(number)

    def stop(self) -> None:
        self._stopping = True
        self._child.send_signal(signal.SIGCONT)
        self._child.terminate()
        try:
            self._child.wait(20)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
