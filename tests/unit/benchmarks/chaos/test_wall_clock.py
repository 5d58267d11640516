"""A process's wall clock can be set while it runs; its waits and its monotonic clock stay right."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.chaos.wall_clock import WallClock, build

PROGRAM = """
import sys, threading, time
from confluent_kafka import Consumer
for line in sys.stdin:
    began = time.monotonic()
    threading.Event().wait(0.2)
    consumer = Consumer({"bootstrap.servers": "127.0.0.1:1", "group.id": "g", "log_level": 0})
    consumer.poll(0.2)  # waits for a moment of the wall clock
    consumer.close()
    print(time.time(), time.monotonic() - began, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="preloading is Linux's")
@pytest.mark.parametrize("ahead_s", [86_400 * 40, -3_600])
def test_it_is_set_under_a_running_process(tmp_path: Path, ahead_s: int) -> None:
    clock = WallClock(build(tmp_path), tmp_path / "clock")
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(
        command, env=os.environ | clock.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for wanted in (0, ahead_s, 0):
            clock.set(wanted)
            child.stdin.write("\n")
            child.stdin.flush()
            wall, waited = map(float, child.stdout.readline().split())
            assert abs(wall - time.time() - wanted) < 5
            assert 0.35 < waited < 10
        child.stdin.close()
