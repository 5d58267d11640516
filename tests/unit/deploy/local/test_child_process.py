"""A guarded process: its end, its output, and no orphans."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.local.child_process import GuardedProcess
from taskstream.errors import ServiceError

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
WITH_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
print(child.pid, flush=True)
time.sleep(60)
"""


def _python(code: str, log: Path, *, grace_s: float = 5.0, log_bytes: int = 1 << 20) -> GuardedProcess:
    return GuardedProcess([sys.executable, "-c", code], log, grace_s=grace_s, log_bytes=log_bytes)


def _until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_exit_code_and_output(tmp_path: Path) -> None:
    process = _python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)", tmp_path / "log")
    process.start()
    assert process.wait() == 7
    assert sorted(process.output().split()) == ["err", "out"]


def test_stop_is_clean_and_may_be_repeated(tmp_path: Path) -> None:
    process = _python("import time; time.sleep(60)", tmp_path / "log")
    pid = process.start()
    assert process.running
    process.stop()
    process.stop()
    assert process.poll() == 128 + signal.SIGTERM
    assert _gone(pid)


def test_one_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    process = _python(STUBBORN, tmp_path / "log", grace_s=0.3)
    process.start()
    _until(lambda: "up" in process.output())
    begin = time.monotonic()
    process.stop()
    assert 0.25 < time.monotonic() - begin < 3
    assert process.poll() == 128 + signal.SIGKILL


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    process = _python(WITH_CHILD, tmp_path / "log")
    process.start()
    _until(lambda: process.output().strip().isdigit())
    grandchild = int(process.output())
    process.stop()
    _until(lambda: _gone(grandchild))


@pytest.mark.parametrize("code", ["import time; time.sleep(60)", WITH_CHILD], ids=["simple", "with a child"])
def test_no_orphan_when_the_parent_is_killed(tmp_path: Path, code: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", "import sys, time\n"
         "from pathlib import Path\n"
         "from deploy.local.child_process import GuardedProcess\n"
         f"process = GuardedProcess([sys.executable, '-c', {code!r}], Path({str(tmp_path / 'log')!r}))\n"
         "print(process.start(), flush=True)\n"
         "time.sleep(60)"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    family = [pid, *(child.pid for child in psutil.Process(pid).children())]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _until(lambda: all(map(_gone, family)))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_no_orphan_when_the_guard_is_killed(tmp_path: Path) -> None:
    process = _python("import time; time.sleep(60)", tmp_path / "log")
    pid = process.start()
    os.kill(psutil.Process(pid).ppid(), signal.SIGKILL)
    _until(lambda: _gone(pid))
    process.wait()


def test_kill_is_a_crash(tmp_path: Path) -> None:
    process = _python("import time; time.sleep(60)", tmp_path / "log")
    process.start()
    process.kill()
    assert process.poll() == 128 + signal.SIGKILL


def test_output_never_fills_the_disk(tmp_path: Path) -> None:
    process = _python("for i in range(20000): print(i)", tmp_path / "log", log_bytes=20_000)
    process.start()
    assert process.wait() == 0
    assert (tmp_path / "log").stat().st_size <= 20_000
    assert (tmp_path / "log.1").stat().st_size <= 20_000
    assert process.output().split()[-1] == "19999"


def test_a_program_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="nowhere"):
        GuardedProcess([tmp_path / "nowhere"], tmp_path / "log").start()


def test_a_log_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with pytest.raises(ServiceError, match="cannot be started"):
        _python("pass", tmp_path / "log").start()


def test_descriptors_are_kept_until_the_end(tmp_path: Path) -> None:
    read, write = os.pipe()
    process = GuardedProcess([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log", keep=[write])
    process.start()
    os.close(write)
    os.set_blocking(read, False)
    with pytest.raises(BlockingIOError):
        os.read(read, 1)
    process.stop()
    assert os.read(read, 1) == b""
    os.close(read)
