"""A desktop without a screen: Xvfb with a window manager, on a free display number."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

NEEDED = ("Xvfb", "openbox", "xdotool", "xterm", "xclip", "zenity", "xprop")


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
        manager = subprocess.Popen(["openbox"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _wait_for_manager(environment)
        yield environment
    finally:
        for process in (manager, server):
            if process is not None:
                process.terminate()
                process.wait(10)


def _wait_for_manager(environment: dict[str, str]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        shown = subprocess.run(
            ["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"], env=environment, capture_output=True, text=True, check=False
        )
        if "window id" in shown.stdout:
            return
        time.sleep(0.1)
    raise AssertionError("the window manager did not start")
