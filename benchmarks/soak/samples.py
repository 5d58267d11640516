"""Memory of each process and disk of each server, sampled; kept in a file from which an interrupted run goes on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import psutil

FILE: Final = "soak.json"


class Sample(msgspec.Struct, frozen=True):
    """What was seen at one moment: seconds of running time, events offered, bytes by part."""

    at_s: float
    events: int
    memory: dict[str, int]
    disk: dict[str, int]


class Record(msgspec.Struct):
    """All of a run. ``offered``: events handed to the spool; ``shift_ms``: from company time to the clock's."""

    people: int
    seed: int
    day_s: float
    shift_ms: int
    run_s: float = 0.0
    offered: int = 0
    restarts: dict[str, int] = {}
    samples: list[Sample] = []

    def save(self, folder: Path) -> None:
        """Write it; the file is whole at every moment."""
        draft = folder / f"{FILE}.new"
        draft.write_bytes(msgspec.json.encode(self))
        draft.replace(folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Record | None:
        """The record of an earlier run in this folder; None without one."""
        file = folder / FILE
        return msgspec.json.decode(file.read_bytes(), type=cls) if file.exists() else None


def memory_of(pid: int) -> int:
    """Resident bytes of a process and all below it; 0 where it is being restarted."""
    try:
        process = psutil.Process(pid)
        return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def disk_of(folder: Path) -> int:
    """Bytes of all files below a folder as they lie on the disk; those that go away meanwhile are left out."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_blocks * 512  # noqa: PTH118 - many thousands of files
            except FileNotFoundError:
                continue
    return total


def take(at_s: float, events: int, pids: Mapping[str, int], folders: Mapping[str, Path]) -> Sample:
    """One sample."""
    memory = {name: memory_of(pid) for name, pid in pids.items() if pid}
    return Sample(at_s, events, {k: v for k, v in memory.items() if v}, {k: disk_of(v) for k, v in folders.items()})
