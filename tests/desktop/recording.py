"""A running ``taskstream collect`` for the tests of a desktop."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collectors.delivery.spool import Spool
from taskstream.events import EventBatch, UiEvent, decode_batch

COMMAND = [sys.executable, "-c", "from taskstream.cli.main import main; main()"]
Environment = dict[str, str]


def run(environment: Environment, *arguments: str) -> str:
    """Run a command of taskstream to its end; what it printed."""
    done = subprocess.run(
        [*COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Recorder:
    """A running ``taskstream collect`` and the desktop it records."""

    def __init__(self, environment: Environment, home: Path) -> None:
        self.environment = environment
        self.home = home
        self.output = ""
        if not (home / "policy.json").exists():
            run(environment, "policy", "new", "--personal", "--home", str(home))
        self.process = subprocess.Popen(
            [*COMMAND, "collect", "--yes", "--no-send", "--json", "--home", str(home)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.output += line
            if line.startswith("recording"):
                break
        else:
            raise AssertionError(self.output)
        time.sleep(1.0)

    def do(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self.environment, check=True, timeout=30, capture_output=True)

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def finish(self, number: signal.Signals = signal.SIGTERM) -> tuple[dict[str, Any], list[UiEvent]]:
        """End the recording; its summary and what is in the spool."""
        self.process.send_signal(number)
        stdout, stderr = self.process.communicate(timeout=30)
        self.output += stderr + stdout
        assert self.process.returncode == 0, self.output
        batches = self.batches()
        seq = 0
        for batch in batches:
            assert batch.first_seq == seq
            seq += len(batch.events)
        return json.loads(stdout), [event for batch in batches for event in batch.events]

    def batches(self) -> list[EventBatch]:
        """What is in the spool."""
        spool = Spool(self.home / "spool" / "spool.db")
        batches = [decode_batch(row.body) for row in spool.take(10_000)]
        spool.close()
        return batches

    def ended(self) -> tuple[int, str]:
        """Wait until the recording ends by itself: its exit code, and the last line it wrote."""
        stdout, stderr = self.process.communicate(timeout=60)
        self.output += stderr + stdout
        assert "Traceback" not in self.output
        return self.process.returncode, stderr.strip().splitlines()[-1]

    def everything_written(self) -> bytes:
        """All bytes of the home folder and of the output."""
        files = [path.read_bytes() for path in self.home.rglob("*") if path.is_file()]
        return b"\n".join([*files, self.output.encode()])


@contextmanager
def program(environment: Environment, *command: str) -> Iterator[None]:
    """A program with a window in front."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2.0)
        yield
    finally:
        process.terminate()
        process.wait(10)
