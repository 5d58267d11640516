"""Dumps the stacks of all threads to standard error when the process hangs, and ends it."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

log = logging.getLogger("taskstream.streams")

LOOK_S: Final = 1.0


def dump_stacks() -> None:
    """Write file, line and function of every frame of every thread to standard error; no values."""
    sys.stderr.flush()
    faulthandler.dump_traceback(file=sys.__stderr__ or sys.stderr, all_threads=True)


def _end(code: int) -> None:
    dump_stacks()
    os._exit(code)


class Watchdog:
    """Ends the process when :meth:`beat` was not called for ``looks`` looks of a second.

    It counts looks instead of measuring time: while the machine sleeps or the process is paused, it does not look.
    """

    def __init__(
        self,
        looks: int,
        exit_code: int,
        *,
        end: Callable[[int], None] = _end,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._looks = looks
        self._code = exit_code
        self._end = end
        self._sleep = sleep
        self._missed = 0
        self._stopped = False

    def start(self) -> None:
        """Watch in a thread of its own."""
        threading.Thread(target=self.watch, name="watchdog", daemon=True).start()

    def beat(self) -> None:
        """The main loop is alive."""
        self._missed = 0

    def stop(self) -> None:
        """Watch no longer."""
        self._stopped = True

    def watch(self) -> None:
        """Look until stopped, or until the process has to end."""
        while not self._stopped:
            self._sleep(LOOK_S)
            self._missed += 1
            if self._missed > self._looks and not self._stopped:
                log.error("the main loop has stood still for %.0f s: ending", self._looks * LOOK_S)
                self._end(self._code)
                return
