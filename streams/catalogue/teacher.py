"""Has lessons learned beside the catalogue's work, one at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from queue import Empty, SimpleQueue
from typing import Final

import msgspec
from msgspec import Struct

from streams.discovery.semimarkov.tables_record import TaughtStep
from taskstream.errors import UNDECODABLE
from taskstream.faults import place_of

LONGEST_S: Final = 300.0
"""A lesson that takes longer is given up (seconds). Of fourteen tasks one of all that is kept takes 25, of
hundreds minutes: then it is of half as much."""


class Job(Struct, array_like=True):
    """Learn from ``people`` for version ``version``; ``known``: what version ``known_version`` is, or nothing."""

    tenant: str
    version: int
    known_version: int
    known: bytes
    people: list[list[TaughtStep]]


class LearnedTables(Struct, array_like=True):
    """``tables``: empty where nothing recurs, or all is as it was. ``failed``: what went wrong, and where."""

    tables: bytes = b""
    failed: str = ""


class LessonAnswer(Struct, frozen=True):
    """What came of a lesson, and how long it took."""

    learned: LearnedTables
    seconds: float


class Teacher:
    """Starts a process for each lesson. A lesson that is not done when the catalogue ends is lost, and comes again."""

    def __init__(self, module: str = "streams.catalogue.lesson", longest_s: float = LONGEST_S) -> None:
        self._module = module
        self._longest_s = longest_s
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: SimpleQueue[LessonAnswer] = SimpleQueue()
        self._is_closed = False
        self._lock = threading.Lock()
        self.is_busy = False

    def begin(self, job: Job) -> None:
        """Have ``job`` learned; not while :attr:`is_busy`."""
        self.is_busy = True
        threading.Thread(target=self._run, args=(job,), name="teacher", daemon=True).start()

    def answer(self) -> LessonAnswer | None:
        """What came of the lesson, once."""
        try:
            answer = self._answers.get_nowait()
        except Empty:
            return None
        self.is_busy = False
        return answer

    def close(self) -> None:
        """Give up what is under way."""
        with self._lock:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()

    def _run(self, job: Job) -> None:
        began = time.monotonic()
        try:
            learned = self._learned(msgspec.msgpack.encode(job))
        except Exception as error:  # noqa: BLE001  # whatever it is: the catalogue says it and goes on
            learned = LearnedTables(failed=place_of(error))
        self._answers.put(LessonAnswer(learned, time.monotonic() - began))

    def _learned(self, job: bytes) -> LearnedTables:
        with self._lock:
            if self._is_closed:
                return LearnedTables(failed="the catalogue ends")
            process = self._process = self._started()
        try:
            out, said = process.communicate(job, self._longest_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return LearnedTables(failed=f"it took more than {self._longest_s:.0f} s")
        try:
            return msgspec.msgpack.decode(out, type=LearnedTables)
        except UNDECODABLE:
            last = said.decode(errors="replace").strip().rpartition("\n")[2]
            return LearnedTables(failed=f"its process ended with code {process.returncode}: {last:.300}")

    def _started(self) -> subprocess.Popen[bytes]:
        """With the modules of this process, wherever it was started; an interrupt at the terminal is not for it."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([path for path in sys.path if path])},
            start_new_session=True,
        )
