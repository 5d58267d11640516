"""How much memory there is: the machine's, or what a container is allowed; and what is freed goes back."""

from __future__ import annotations

import ctypes
from pathlib import Path

import psutil
import pytest

from taskstream.memory import give_back, machine_mb


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


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc can be asked")
def test_freed_memory_is_given_back() -> None:
    process = psutil.Process()
    filled = [bytes(1_000) for _ in range(40_000)]
    above = bytes(1_000)  # keeps the heap from shrinking by itself
    del filled
    before = process.memory_info().rss
    give_back()
    assert process.memory_info().rss < before - 20_000_000
    assert above
