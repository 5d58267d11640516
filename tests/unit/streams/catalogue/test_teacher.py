"""Lessons in a process of their own: learned, failed, hung, or given up."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from streams.catalogue.teacher import Job, LearnedTables, LessonAnswer, Teacher

JOB = Job("acme", 3, 0, b"", [[("a", 1, 0)] * 2])


def answer_of(teacher: Teacher, job: Job = JOB) -> LessonAnswer:
    teacher.begin(job)
    assert teacher.is_busy
    deadline = time.monotonic() + 60
    while (found := teacher.answer()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not teacher.is_busy
    assert teacher.answer() is None
    return found


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The source of what is run in place of a lesson."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "in_its_place.py"


def test_a_lesson_is_learned_in_another_process_with_the_same_modules() -> None:
    found = answer_of(Teacher())
    assert found.learned.failed == ""
    assert 0 < found.seconds < 60


def test_what_is_sent_and_answered_comes_whole(module: Path) -> None:
    module.write_text(
        "import sys, msgspec\n"
        "from streams.catalogue.teacher import Job, LearnedTables\n"
        "job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)\n"
        "n = sum(map(len, job.people))\n"
        "sys.stdout.buffer.write(msgspec.msgpack.encode(LearnedTables(b'x' * n)))\n"
    )
    job = Job("acme", 3, 2, b"known", [[("name of an activity", 10**12, 7)] * 200] * 1_000)
    assert len(answer_of(Teacher("in_its_place"), job).learned.tables) == 200_000


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os; os.kill(os.getpid(), 9)", "its process ended with code -9: "),
        ("1 / 0", "its process ended with code 1: ZeroDivisionError: division by zero"),
        ("print('hello')", "its process ended with code 0: "),
    ],
)
def test_a_process_that_ends_by_itself_is_told(module: Path, source: str, said: str) -> None:
    module.write_text(source)
    assert answer_of(Teacher("in_its_place")).learned == LearnedTables(failed=said)


def test_a_lesson_that_hangs_is_given_up(module: Path) -> None:
    module.write_text("import time; time.sleep(600)")
    assert answer_of(Teacher("in_its_place", 0.5)).learned.failed == "it took more than 0 s"


def test_nothing_outlives_its_teacher(module: Path, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    module.write_text(f"import time, pathlib; pathlib.Path({str(begun)!r}).touch(); time.sleep(600)")
    teacher = Teacher("in_its_place")
    teacher.begin(JOB)
    deadline = time.monotonic() + 30
    while not begun.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process = teacher._process
    assert process is not None
    teacher.close()
    assert process.wait(10) != 0
    late = Teacher("in_its_place")
    late.close()
    assert answer_of(late).learned.failed == "the catalogue ends"


@pytest.mark.parametrize("job", [b"", b"\xff", msgspec.msgpack.encode(JOB)[:-3]])
def test_a_lesson_cut_off_ends_in_silence(job: bytes) -> None:
    """Its catalogue was killed while it wrote it."""
    ended = subprocess.run(
        [sys.executable, "-m", "streams.catalogue.lesson"], input=job, capture_output=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_an_answer_that_nobody_reads_ends_in_silence() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.catalogue.lesson"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(msgspec.msgpack.encode(JOB))
    process.stdin.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""
