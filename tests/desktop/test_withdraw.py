"""Who withdraws stops the recording within a second, and what was not sent is erased."""

import os
import subprocess
import time
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from tests.desktop.recording import COMMAND, Recorder, program, run

pytestmark = pytest.mark.desktop


@pytest.mark.parametrize("removed", [True, False], ids=["file", "command"])
def test_withdrawing_ends_the_recording_and_erases_the_spool(recorder: Recorder, removed: bool) -> None:
    with program(recorder.environment, "xterm", "-e", "cat"):
        recorder.do("type", "--delay", "20", "abc")
        recorder.wait(3.5)
        assert recorder.batches(), "something was recorded"
        if removed:
            (recorder.home / "consent.json").unlink()
            began = time.monotonic()
            while recorder.process.poll() is None and time.monotonic() - began < 30:
                recorder.do("type", "--delay", "20", "def")
        else:
            assert "nothing is recorded" in run(
                recorder.environment, "consent", "withdraw", "--home", str(recorder.home)
            )
        code, _ = recorder.ended()
    assert code == 0
    assert "consent was withdrawn" in recorder.output
    assert list((recorder.home / "spool").iterdir()) == []
    assert "no consent" in run(recorder.environment, "consent", "show", "--home", str(recorder.home))


def test_the_policys_hash_is_in_every_batch_and_in_the_consent(recorder: Recorder) -> None:
    with program(recorder.environment, "xterm", "-e", "cat"):
        recorder.do("click", "1")
        recorder.wait(2.0)
    recorder.finish()
    policy = sha256((recorder.home / "policy.json").read_bytes()).hexdigest()
    assert {batch.policy for batch in recorder.batches()} == {policy}
    said = msgspec.json.decode(run(recorder.environment, "consent", "show", "--json", "--home", str(recorder.home)))
    assert (said["policy_sha256"], said["by_machine"], said["k"]) == (policy, True, 5)
    assert {batch.actor for batch in recorder.batches()} == {said["actor"]}


def test_a_policy_that_is_replaced_ends_the_recording_and_keeps_what_was_agreed_to(recorder: Recorder) -> None:
    with program(recorder.environment, "xterm", "-e", "cat"):
        recorder.do("click", "1")
        recorder.wait(3.0)
        run(recorder.environment, "policy", "new", "--personal", "--force", "--k", "2", "--home", str(recorder.home))
        code, last = recorder.ended()
    assert code == 1
    assert "was changed: nothing is recorded until it is agreed to" in last
    assert recorder.batches()
    again = subprocess.run(
        [*COMMAND, "collect", "--no-send", "--home", str(recorder.home)],
        env=recorder.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
    )  # fmt: skip
    assert again.returncode == 2
    assert "the policy has changed since it was agreed to" in again.stderr


def test_a_floor_below_the_one_agreed_to_is_asked_about(recorder: Recorder) -> None:
    recorder.finish()
    lower = subprocess.run(
        [*COMMAND, "collect", "--no-send", "--k", "4", "--home", str(recorder.home)],
        env=recorder.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
    )  # fmt: skip
    assert lower.returncode == 2
    assert "results of 5 people or more were agreed to; now they may be of 4" in lower.stderr


def test_a_first_run_in_a_terminal_offers_a_policy_and_asks(display: dict[str, str], tmp_path: Path) -> None:
    """Both questions answered in a real terminal (a pseudo-terminal): then it records."""
    master, slave = os.openpty()
    process = subprocess.Popen(
        [*COMMAND, "collect", "--no-send", "--seconds", "2", "--home", str(tmp_path)],
        env=display, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(slave)
    os.write(master, b"y\ny\n")
    try:
        stdout, stderr = process.communicate(timeout=90)
    finally:
        process.kill()
        os.close(master)
    assert process.returncode == 0, stderr
    assert "Make a personal one" in stderr
    assert "signed by this desktop's own key" in stderr
    assert "recorded" in stdout
    kept = msgspec.json.decode((tmp_path / "consent.json").read_bytes())
    assert kept["by_machine"] is False
