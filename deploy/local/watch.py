"""Keeps one unit running: notices its end, waits, starts it again, gives up at last."""

from __future__ import annotations

import time
from concurrent.futures import Executor, Future

from deploy.local.restart import RestartPolicy
from deploy.local.unit import Unit, wall_ms
from taskstream.errors import ServiceError, TaskstreamError

STARTING, RUNNING, WAITING, ENDED = "starting", "running", "waiting", "ended"


class Watched:
    """A unit and what has happened to it. ``step`` is called a few times a second and never blocks for long.

    ``started_s`` is of the monotonic clock, ``started_ms`` since the epoch.
    """

    def __init__(self, unit: Unit, policy: RestartPolicy | None = None) -> None:
        self.unit = unit
        self.state = ENDED
        self.restarts = 0
        self.started_ms = 0
        self.why = ""
        self._policy = policy or RestartPolicy()
        self.started_s = 0.0
        self._again_s = 0.0
        self._starting: Future[None] | None = None
        self._asked_s = 0.0

    def start(self) -> None:
        """Start it for the first time; what goes wrong is raised, not retried."""
        self.started_s, self.state = time.monotonic(), STARTING
        self.unit.start()
        self._note_start()

    def _note_start(self) -> None:
        self.started_s, self.started_ms = time.monotonic(), wall_ms()
        self.state = RUNNING if self.unit.ready() else STARTING

    def step(self, executor: Executor) -> str:
        """Look after it; returns a line for the user when something has happened, else "".

        Raises:
            ServiceError: it has ended too often in too short a time.
        """
        now = time.monotonic()
        if self._starting is not None:
            return self._await_start()
        if self.state == WAITING:
            if now >= self._again_s:
                self._starting = executor.submit(self.unit.start)
                self.state = STARTING
            return ""
        self.why = self.unit.ended()
        if self.why:
            return self._ended(now - self.started_s)
        if self.state == STARTING and now - self._asked_s > 0.5:
            self._asked_s = now
            if self.unit.ready():
                self.state = RUNNING
        return ""

    def _await_start(self) -> str:
        assert self._starting is not None
        if not self._starting.done():
            return ""
        error, self._starting = self._starting.exception(), None
        if error is None:
            self.restarts += 1
            self._note_start()
            return f"{self.unit.name} runs again"
        if not isinstance(error, TaskstreamError):
            raise error
        self.why = str(error)
        return self._ended(0.0)

    def _ended(self, ran_s: float) -> str:
        delay = self._policy.ended(ran_s)
        if delay is None:
            self.state = ENDED
            raise ServiceError(
                f"{self.unit.name} ended {self._policy.failures} times in a row, last with {self.why} "
                f"(log: {self.unit.log})"
            )
        self.state, self._again_s = WAITING, time.monotonic() + delay
        return f"{self.unit.name} ended ({self.why}); starting it again in {delay:g} s"
