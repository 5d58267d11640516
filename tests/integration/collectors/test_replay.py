"""``taskstream replay`` against real Kafka: complete, resumable, no values."""

import csv
import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from taskstream.events import BATCH_TYPE, EventBatch, decode_batch
from tests.integration.collectors.reading import read_all

pytestmark = pytest.mark.integration

EVENTS = 3_000
COMMAND = [sys.executable, "-c", "from taskstream.cli.main import main; main()"]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.csv"
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(
            ["timeStamp", "userID", "targetApp", "eventType", "url", "content", "target.name", "target.value"]
        )
        for number in range(EVENTS):
            time_ = f"2024-01-01T{10 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000Z"
            writer.writerow(
                [time_, "ann", "Chrome", "editField", "https://x.example/form", "", "amount", f"canary{number}"]
            )
    return path


@pytest.fixture
def options(kafka: str, tmp_path: Path) -> list[str]:
    prefix = f"replay-{uuid4().hex[:8]}."
    common = ["--kafka", kafka, "--prefix", prefix, "--home", str(tmp_path / "home")]
    subprocess.run([*COMMAND, "topics", "apply", *common], check=True, capture_output=True, timeout=120)
    return common


def _batches(options: list[str]) -> list[EventBatch]:
    messages = read_all(options[1], options[3] + "ui-events")
    return [decode_batch(message.value()) for message in messages if dict(message.headers())["ce_type"] == BATCH_TYPE]


def _accounted(batches: list[EventBatch]) -> dict[str, int]:
    """Agent → events, counted by (agent, seq), with a check of each agent's order."""
    high: dict[str, int] = {}
    for batch in batches:
        assert batch.first_seq <= high.get(batch.agent, 0)
        high[batch.agent] = max(high.get(batch.agent, 0), batch.first_seq + len(batch.events))
    return high


def test_everything_is_sent_and_the_recording_ends_now(log: Path, options: list[str], tmp_path: Path) -> None:
    before = time.time_ns() // 1_000_000
    run = subprocess.run(
        [*COMMAND, "replay", str(log), "--desktops", "3", "--json", *options],
        capture_output=True,
        timeout=120,
        check=True,
    )
    summary = json.loads(run.stdout)
    assert (summary["events"], summary["sent"], summary["desktops"]) == (EVENTS, EVENTS, 3)
    batches = _batches(options)
    assert _accounted(batches) == {agent["agent"]: 1000 for agent in summary["agents"]}
    assert {batch.actor for batch in batches} == {agent["actor"] for agent in summary["agents"]}
    last = max(event.at_ms for batch in batches for event in batch.events)
    assert before <= last <= time.time_ns() // 1_000_000
    assert all(b"canary" not in message.value() for message in read_all(options[1], options[3] + "ui-events"))
    assert not list((tmp_path / "home" / "replay").iterdir())


def _wait_for_events(spool: Path, more_than: int) -> None:
    """Until the run has numbered that many events."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if spool.exists():
            with closing(sqlite3.connect(f"file:{spool}?mode=ro", uri=True)) as db, suppress(sqlite3.OperationalError):
                (numbered,) = db.execute("select coalesce(sum(next_seq), 0) from counter").fetchone()
                if numbered > more_than:
                    return
        time.sleep(0.05)
    raise AssertionError("the run did not begin")


def test_an_interrupted_run_goes_on_where_it_was(log: Path, options: list[str], tmp_path: Path) -> None:
    # Interrupts are heard also where these tests run as a script's background process, which ignores them.
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command = [*COMMAND[:2], hears + COMMAND[2], "replay", str(log), "--desktops", "2", "--run-id", "again", "--json"]
    command += options
    for number, end in enumerate((signal.SIGTERM, signal.SIGKILL, signal.SIGINT)):
        # At this speed the recording takes four minutes, in wall-clock time since the first start: no run comes to its
        # end, however slow the machine.
        with subprocess.Popen([*command, "--speed", "6"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            _wait_for_events(tmp_path / "home" / "replay" / "again" / "spool.db", more_than=100 * number)
            process.send_signal(end)
            _, stderr = process.communicate(timeout=90)
            assert b"Traceback" not in stderr, stderr.decode()
            assert process.returncode == (-signal.SIGKILL if end is signal.SIGKILL else 130), stderr.decode()
    run = subprocess.run([*command, "--speed", "max"], capture_output=True, timeout=120, check=True)
    summary = json.loads(run.stdout)
    assert 0 < summary["sent"] < EVENTS
    batches = _batches(options)
    assert _accounted(batches) == {agent["agent"]: EVENTS // 2 for agent in summary["agents"]}
    times = {
        (batch.agent, batch.first_seq + i): event.at_ms for batch in batches for i, event in enumerate(batch.events)
    }
    agent = summary["agents"][0]["agent"]
    assert times[agent, 1499] - times[agent, 0] == 1_499_000
    assert not list((tmp_path / "home" / "replay").iterdir())


def test_no_kafka_is_one_clear_line(log: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [*COMMAND, "replay", str(log), "--kafka", "127.0.0.1:1", "--home", str(tmp_path / "home")],
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 4
    assert run.stderr.count(b"\n") == 1
    assert b"127.0.0.1:1 does not answer" in run.stderr
    assert not (tmp_path / "home" / "replay").exists()
