"""Who sends events in the demo: `taskstream replay` and `taskstream simulate`, as processes of their own."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from deploy.local.child_process import GuardedProcess
from taskstream.errors import ServiceError

RECORDINGS = tuple(Path(__file__).with_name(name) for name in ("StudentRecord.csv", "Reimbursement.csv"))


class Played(Struct, frozen=True):
    """What a player reports: the ``events`` it had, and those ``sent``, which Kafka has acknowledged."""

    events: int
    sent: int
    agents: tuple[str, ...]


def recordings(run: str, desktops: int, speed: str, *, ago: float, flush: bool) -> list[str]:
    """Arguments that play the bundled recordings, as if they had ended ``ago`` hours ago."""
    arguments = ["replay", *map(str, RECORDINGS), "--desktops", str(desktops), "--speed", speed, "--ago", str(ago)]
    return [*arguments, "--json", "--run-id", f"{run}-recordings", "--flush" if flush else "--no-flush"]


def team(run: str, people: int, days: int, seed: int, speed: str) -> list[str]:
    """Arguments that simulate a team."""
    arguments = ["simulate", "--people", str(people), "--days", str(days), "--seed", str(seed), "--speed", speed]
    return [*arguments, "--json", "--run-id", f"{run}-team"]


class Player:
    """One of them. ``keep``: descriptors held open until it has ended."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        *,
        keep: Sequence[int] = (),
        program: Sequence[str] = (sys.executable, "-m", "taskstream"),
    ) -> None:
        self.name = name
        self.seconds = 0.0
        self.played: Played | None = None
        log.unlink(missing_ok=True)
        self._process = GuardedProcess([*program, *arguments], log, environment=environment, keep=keep)

    def start(self) -> None:
        """Begin to send."""
        self._process.start()

    def finished(self) -> bool:
        """Whether it has sent everything.

        Raises:
            ServiceError: it has failed; the message is its own.
        """
        if self.played is not None:
            return True
        code = self._process.poll()
        if code is None:
            return False
        self._process.wait()
        self.seconds = time.monotonic() - self._process.started_s
        said = self._process.output(1 << 20)
        if code:
            last = said.strip().splitlines()
            words = last[-1].removeprefix("taskstream: ") if last else f"exit code {code}"
            raise ServiceError(f"{self.name}: {words} (log: {self._process.log})")
        self.played = parse(self.name, said)
        return True

    def stop(self) -> None:
        """End the player at any point."""
        self._process.stop()


def parse(name: str, said: str) -> Played:
    """The summary, a JSON object, among what the player printed.

    Raises:
        ServiceError: there is none.
    """
    begin, end = said.find("{"), said.rfind("}")
    try:
        summary = json.loads(said[begin : end + 1])
        agents = tuple(str(agent["agent"]) for agent in summary["agents"])
        return Played(int(summary["events"]), int(summary["sent"]), agents)
    except (ValueError, KeyError, TypeError) as error:
        raise ServiceError(f"{name} ended without its summary") from error
