"""The demo without a terminal: two recordings, every event once, something found."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.demo.players import RECORDINGS
from deploy.local.home import is_locked
from taskstream.endpoints import DEMO

pytestmark = pytest.mark.integration


def _rows(path: Path) -> int:
    with path.open(newline="") as handle:
        return sum(1 for _ in csv.reader(handle)) - 1


def _demo(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "taskstream", "demo", "--headless", "--home", str(home), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.timeout(600)
def test_every_recorded_event_is_stored_once_run_after_run(tmp_path: Path) -> None:
    rows = sum(map(_rows, RECORDINGS))
    assert rows == 7000
    for attempt in range(2):
        out = tmp_path / f"out{attempt}.json"
        said = _demo(tmp_path, "--recordings-only", "--json", str(out))
        assert said.returncode == 0, said.stderr
        report = json.loads(out.read_bytes())
        assert report["events"] == {"sent": rows, "stored": rows, "lost": 0, "duplicated": 0}
        assert report["dead_letters"] == 0
        assert 0 < report["freshness_ms"]["p50"] <= report["freshness_ms"]["p99"]
        assert report["seconds"]["first_opportunity"] > 0
        assert report["versions"]["kafka"] == "4.1.1"
        best = report["opportunities"][0]
        assert best["people"] >= 5
        assert best["active_median_ms"] > 0
        assert best["name"] in " ".join(said.stdout.split())  # a long name takes two lines of 80 columns
    assert not is_locked(tmp_path / DEMO)


def test_a_result_that_could_not_be_kept_is_refused_at_once(tmp_path: Path) -> None:
    said = _demo(tmp_path, "--json", str(tmp_path / "nowhere" / "out.json"))
    assert said.returncode == 2
    assert said.stderr.count("\n") == 1
    assert not (tmp_path / DEMO).exists()
