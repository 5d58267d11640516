"""A desktop without a screen: Xvfb with a window manager, on a free display number."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desktop.recording import Recorder

NEEDED = ("Xvfb", "openbox", "xdotool", "xterm", "xclip", "zenity", "xprop")
TRIES = 4
PATIENCE_S = 15.0


@pytest.fixture
def display() -> Iterator[dict[str, str]]:
    """The environment of programs on a fresh desktop. Everything on it ends with the test."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    manager = None
    try:
        with os.fdopen(read) as handle:
            number = handle.readline().strip()
        assert number, "Xvfb did not start"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("WAYLAND", "XDG_SESSION"))
        }
        environment |= {"DISPLAY": f":{number}", "NO_AT_BRIDGE": "1"}
        for _ in range(TRIES):
            manager = subprocess.Popen(
                ["openbox"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            if _managed(environment):
                break
            manager.kill()
            manager.wait(10)
        else:
            raise AssertionError("the window manager did not start")
        yield environment
    finally:
        for process in (manager, server):
            if process is not None:
                process.terminate()
                process.wait(10)


def _managed(environment: dict[str, str]) -> bool:
    """Whether the window manager is there, after some patience: now and then openbox starts and never takes over."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        shown = subprocess.run(
            ["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"], env=environment, capture_output=True, text=True, check=False
        )
        if "window id" in shown.stdout:
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def recorder(display: dict[str, str], tmp_path: Path) -> Iterator[Recorder]:
    recorder = Recorder(display, tmp_path / "home")
    yield recorder
    if recorder.process.poll() is None:
        recorder.process.kill()
        recorder.process.wait(10)
