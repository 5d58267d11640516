"""Freed memory goes back to the operating system."""

from __future__ import annotations

import sys

import psutil
import pytest

from streams.runtime.give_back import give_back


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be asked")
def test_freed_memory_is_given_back() -> None:
    process = psutil.Process()
    kept = []
    for _ in range(200):  # each piece that is kept pins the heap above the pieces that are freed
        piece = [bytes(1_000) for _ in range(200)]
        kept.append(bytes(1_000))
        del piece
    filled = [bytes(1_000) for _ in range(40_000)]
    kept.append(bytes(1_000))
    del filled
    before = process.memory_info().rss
    give_back()
    assert process.memory_info().rss <= before
    assert len(kept) == 201
