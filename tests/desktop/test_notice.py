"""The notice can be seen, or the recording ends."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.desktop.recording import Recorder

pytestmark = pytest.mark.desktop

BEFORE = """
import sys, time
from Xlib import X, Xatom, display
d = display.Display()
root = d.screen().root
def find(window):
    for one in window.query_tree().children:
        if one.get_wm_name() == "Taskstream":
            return one
notice = find(root)
"""
COVER = """
cover = root.create_window(600, 0, 424, 200, 0, d.screen().root_depth, background_pixel=0, override_redirect=True)
cover.map()
for _ in range(600):
    cover.configure(stack_mode=X.Above)
    d.sync()
    time.sleep(0.02)
"""


def _attack(recorder: Recorder, code: str) -> None:
    subprocess.run(
        [sys.executable, "-c", f"{BEFORE}{code}\nd.sync()\n"], env=recorder.environment, check=True, timeout=60
    )


@contextmanager
def _lasting(recorder: Recorder, code: str) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", BEFORE + code], env=recorder.environment)
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("notice.unmap()", "was taken off the screen"),
        ("notice.configure(x=-500)", "was moved or shrunk"),
        ("notice.configure(width=1, height=1)", "was moved or shrunk"),
        ("notice.destroy()", "was destroyed"),
        (
            "other = root.create_window(0, 0, 9, 9, 0, d.screen().root_depth)\nnotice.reparent(other, 0, 0)\nd.sync()\n"
            "time.sleep(5)",
            "was",
        ),
        (
            "notice.change_property(d.intern_atom('_NET_WM_WINDOW_OPACITY'), Xatom.CARDINAL, 32, [0])",
            "was made transparent",
        ),
        ("d.shape_query_version()\nnotice.shape_rectangles(0, 0, 0, 0, 0, [])", "was cut out of the screen"),
    ],
    ids=["unmapped", "moved", "shrunk", "destroyed", "reparented", "transparent", "shaped"],
)
def test_a_notice_that_cannot_be_seen_ends_the_recording(recorder: Recorder, code: str, why: str) -> None:
    _attack(recorder, code)
    exit_code, last = recorder.ended()
    assert exit_code == 4
    assert f"the notice that a recording runs {why}" in last


def test_a_window_that_insists_on_covering_it_ends_the_recording(recorder: Recorder) -> None:
    with _lasting(recorder, COVER):
        exit_code, last = recorder.ended()
    assert exit_code == 4
    assert "is covered by another window" in last


def test_a_window_that_opens_above_it_once_is_overtaken(recorder: Recorder) -> None:
    with _lasting(recorder, COVER.replace("range(600)", "range(1)") + "time.sleep(30)\n"):
        time.sleep(4.0)
        assert recorder.process.poll() is None
    recorder.finish()
