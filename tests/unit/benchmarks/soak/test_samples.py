"""Samples, what a run goes on from, and the picture."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.soak.drawing import curves, draw
from benchmarks.soak.samples import Record, Sample, disk_of, memory_of, take


def test_a_record_is_what_was_saved(tmp_path: Path) -> None:
    assert Record.load(tmp_path) is None
    record = Record(12, 7, 120.0, 5, run_s=3.5, offered=9, restarts={"sink": 1}, samples=[Sample(1.0, 2, {"a": 1}, {})])
    record.save(tmp_path)
    assert Record.load(tmp_path) == record


def test_memory_and_disk_of_something_real(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(os.urandom(100_000))
    assert 100_000 <= disk_of(tmp_path) < 200_000
    assert memory_of(os.getpid()) > 10_000_000
    found = take(1.0, 2, {"here": os.getpid(), "gone": 2**22 + 1, "starting": 0}, {"data": tmp_path})
    assert set(found.memory) == {"here"}
    assert found.disk["data"] >= 100_000


def test_the_same_samples_are_the_same_picture(tmp_path: Path) -> None:
    samples = [Sample(60.0 * n, n, {"worker": 10**8 + n, "sink": 10**7}, {"kafka": 10**9}) for n in range(5)]
    assert set(curves(samples, "memory")) == {"worker", "sink"}
    for name in ("a.svg", "b.svg"):
        draw(samples, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes() != b""
