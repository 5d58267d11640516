"""The sink dies at every line of its code, once each; its successor leaves each row stored exactly once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from sinks.clickhouse import consumer, ledger, ranges, writer
from tests.unit.sinks.clickhouse.world import Process, World, bury, drain, give, join

_FILES = frozenset(str(Path(module.__file__ or "")) for module in (consumer, ledger, ranges, writer))


class KilledError(BaseException):
    """The process dies here."""


def _dying_at(line: int, scenario: Callable[[], None]) -> bool:
    """Run ``scenario`` until it has begun ``line`` lines of the sink's modules; whether it came that far."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename not in _FILES:
            return None
        if event == "line":
            count += 1
            if count == line:
                raise KilledError
        return trace

    sys.settrace(trace)
    try:
        scenario()
    except KilledError:
        return True
    finally:
        sys.settrace(None)
    return False


def _world() -> World:
    world = World()
    for value, holes in ((b"a b", 0), (b"?", 1), (b"c !d e", 0), (b"f", 2), (b"g h i", 0)):
        world.produce(0, value, holes)
    return world


def _scenario(world: World) -> None:
    process = Process(world)
    join(world, process)
    give(world, 0, process)
    for _ in range(6):
        process.step()


@pytest.mark.parametrize("fresh_tokens", [True, False])
def test_a_kill_at_any_line_loses_and_repeats_nothing(fresh_tokens: bool) -> None:
    line = 0
    while True:
        line += 1
        world = _world()
        died = _dying_at(line, partial(_scenario, world))
        if not fresh_tokens:  # the successor comes so late that ClickHouse has forgotten the tokens
            world.tokens.clear()
            world.now_ms += 600_000
        for process in list(world.members):
            bury(world, process)
        successor = Process(world)
        join(world, successor)
        drain(world, successor, turns=8)
        assert sorted(world.stored) == world.expected(), f"killed at line {line}"
        assert [(partition, offset) for partition, offset, _ in sorted(world.letters)] == [(0, 1), (0, 3)]
        offset, _ = world.commits[0]
        assert offset == world.ends[0]
        if not died:
            break
    assert line > 200


def test_without_the_range_kept_rows_are_repeated() -> None:
    """The test above can fail: if the range in flight is not kept, some line repeats rows."""
    repeated = False
    for line in range(1, 600):
        world = _world()
        if not _dying_at(line, partial(_scenario, world)):
            break
        world.commits = {p: (offset, '{"at_ms":0}') for p, (offset, _) in world.commits.items()}
        world.now_ms += 100
        for process in list(world.members):
            bury(world, process)
        successor = Process(world, rows=100)
        successor.consumer.batch = 10  # its blocks have other bounds
        join(world, successor)
        drain(world, successor, turns=8)
        repeated = repeated or sorted(world.stored) != world.expected()
    assert repeated
