"""``taskstream collect`` on a real X11 desktop: right counts, no content anywhere."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from taskstream.events import UiEvent
from tests.desktop.recording import COMMAND, Recorder, program, run

pytestmark = pytest.mark.desktop


def _total(events: list[UiEvent], kind: str) -> int:
    return sum(event.kind == kind for event in events)


def test_typing_is_counted_and_its_text_is_nowhere(recorder: Recorder) -> None:
    canary = "Xylophone7342"
    with program(recorder.environment, "xterm", "-T", "Topsecret Max Mustermann", "-e", "cat"):
        recorder.do("type", "--delay", "25", canary)
        recorder.do("key", "space", "BackSpace", "Left", "F5")
        recorder.wait(2.0)
        recorder.do("click", "1")
        recorder.do("click", "5", "click", "5", "click", "5")
        subprocess.run(["xclip", "-selection", "clipboard"], input=b"Clipcanary", env=recorder.environment, check=True)
        recorder.do("key", "ctrl+v")
        recorder.do("key", "alt+p")
        recorder.wait(2.0)
    summary, events = recorder.finish()
    keys = [event.keys for event in events if event.keys]
    assert sum(k.letter for k in keys) == 9
    assert sum(k.digit for k in keys) == 4
    assert sum(k.punctuation for k in keys) == 1
    assert (sum(k.edit for k in keys), sum(k.navigation for k in keys), sum(k.function for k in keys)) == (1, 1, 1)
    assert _total(events, "click") == 1
    assert _total(events, "scroll") == 1
    assert _total(events, "copy") == 1
    assert [event.shortcut for event in events if event.shortcut] == ["ctrl+v", "other"]
    assert {event.app for event in events if event.kind == "keys"} == {"xterm"}
    assert {event.screen for event in events} <= {"", "other"}
    assert summary["recorded"]["keys"] == _total(events, "keys")
    written = recorder.everything_written().lower()
    for secret in (
        canary,
        canary[:6],
        canary[-4:],
        "topsecret",
        "mustermann",
        "clipcanary",
        os.environ.get("USER") or "root",
    ):
        assert secret.lower().encode() not in written.replace(str(recorder.home).lower().encode(), b""), secret


def test_nothing_is_counted_in_a_password_prompt(recorder: Recorder) -> None:
    with program(recorder.environment, "zenity", "--password", "--title", "Password"):
        recorder.do("type", "--delay", "25", "hunter2hunter2")
        recorder.wait(2.0)
    _, events = recorder.finish()
    typed = [event for event in events if event.kind == "keys"]
    assert [(event.app, event.keys, event.active_ms) for event in typed] == [("password prompt", None, 0)]
    assert b"hunter" not in recorder.everything_written()


def test_pausing_by_signal_and_by_the_notice(recorder: Recorder) -> None:
    with program(recorder.environment, "xterm", "-e", "cat"):
        recorder.process.send_signal(signal.SIGUSR1)
        recorder.wait(2.5)
        recorder.do("type", "--delay", "20", "unseen")
        recorder.process.send_signal(signal.SIGUSR2)
        recorder.wait(2.5)
        recorder.do("type", "--delay", "20", "abc")
        recorder.wait(2.0)
        recorder.do("mousemove", "900", "20", "click", "1")
        recorder.wait(2.5)
        recorder.do("type", "--delay", "20", "unseen")
        recorder.do("mousemove", "900", "20", "click", "1")
        recorder.wait(2.5)
    _, events = recorder.finish(signal.SIGINT)
    told = [event.element.removeprefix("recording:") for event in events if event.kind == "health"]
    assert [what for what in told if what != "layout changed"] == ["paused", "resumed", "paused", "resumed"]
    assert sum(event.keys.letter for event in events if event.keys) == 3
    assert _total(events, "click") == 0


def test_auto_repeat_counts_once(recorder: Recorder) -> None:
    with program(recorder.environment, "xterm", "-e", "cat"):
        recorder.do("keydown", "a", "sleep", "1.2", "keyup", "a")
        recorder.wait(2.0)
    _, events = recorder.finish()
    assert sum(event.keys.letter for event in events if event.keys) == 1


def test_the_notice_is_on_the_screen_and_a_second_recording_is_refused(recorder: Recorder) -> None:
    tree = subprocess.run(
        ["xwininfo", "-root", "-tree"], env=recorder.environment, capture_output=True, text=True, check=True
    )
    assert '"Taskstream"' in tree.stdout
    second = subprocess.run(
        [*COMMAND, "collect", "--yes", "--no-send", "--home", str(recorder.home)],
        env=recorder.environment, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert second.returncode == 2
    assert "runs already" in second.stderr
    assert "Traceback" not in second.stderr
    recorder.finish()


@pytest.mark.parametrize("name", [":9999", ":65000", "nonsense"])
def test_a_display_that_does_not_answer_is_one_clear_line(tmp_path: Path, name: str) -> None:
    missing = {key: value for key, value in os.environ.items() if not key.startswith(("WAYLAND", "XDG_SESSION"))}
    missing |= {"DISPLAY": name}
    run(missing, "policy", "new", "--personal", "--home", str(tmp_path / "home"))
    done = subprocess.run(
        [*COMMAND, "collect", "--yes", "--no-send", "--home", str(tmp_path / "home")],
        env=missing, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert done.stderr.splitlines()[-1].startswith("taskstream: ")
    assert "Traceback" not in done.stderr
