"""How much memory there is: the machine's, or what a container is allowed."""

from __future__ import annotations

from pathlib import Path

import psutil

from taskstream.memory import machine_mb


def test_a_containers_limit_counts_before_the_machine(tmp_path: Path) -> None:
    whole = psutil.virtual_memory().total >> 20
    assert machine_mb(tmp_path) == whole, "no control groups"
    (tmp_path / "memory.max").write_text("max\n")
    assert machine_mb(tmp_path) == whole
    (tmp_path / "memory.max").write_text(f"{64 << 20}\n")
    assert machine_mb(tmp_path) == 64
    (tmp_path / "memory.max").unlink()
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert machine_mb(tmp_path) == whole
