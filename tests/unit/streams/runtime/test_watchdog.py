"""A process that stands still says where."""

from __future__ import annotations

import subprocess
import sys

from streams.runtime.watchdog import Watchdog

HANGS = """
import time
from streams.runtime.watchdog import Watchdog
def sleep(_): time.sleep(0.01)
def where_it_hangs(secret):
    time.sleep(60)
Watchdog(3, 4, sleep=sleep).start()
where_it_hangs("a secret value")
"""


def test_a_process_that_hangs_dumps_its_stacks_and_ends() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, timeout=30, check=False)
    assert done.returncode == 4
    assert b"in where_it_hangs" in done.stderr
    assert b"a secret value" not in done.stderr


def test_who_beats_lives_and_looks_are_counted_not_time() -> None:
    ended: list[int] = []
    looks = 0

    def sleep(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks % 3 == 0:
            subject.beat()
        if looks == 30:
            subject.stop()

    subject = Watchdog(3, 4, end=ended.append, sleep=sleep)
    subject.watch()
    assert (ended, looks) == ([], 30)
