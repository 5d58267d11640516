"""The sink dies at every line of its code, once each; its successor leaves each row stored exactly once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import pytest

from sinks.clickhouse import consumer, joint, ledger, ranges, writer
from sinks.clickhouse.ranges import Mark, read_mark
from tests.unit.sinks.clickhouse.world import Process, World, bury, drain, give, join

_FILES = frozenset(str(Path(module.__file__ or "")) for module in (consumer, joint, ledger, ranges, writer))


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


PARTITIONS = 3


def _shared_world() -> World:
    """Three partitions whose rows go together, of two months, one row that nobody stores."""
    world = World(PARTITIONS)
    for partition, values in enumerate(((b"a b~", b"c"), (b"d !e", b"f~"), (b"g", b"?", b"h i"))):
        for value in values:
            world.produce(partition, value)
    return world


def _shared_scenario(world: World, process: Process, landing: bool) -> None:
    join(world, process)
    for partition in range(PARTITIONS):
        give(world, partition, process)
    for _ in range(4):
        process.step()
        while landing and process.pool.waiting:
            process.pool.run_one()


@pytest.mark.parametrize("landing", ["at once", "late", "torn"])
@pytest.mark.parametrize("owners", [1, 2])
def test_blocks_of_several_partitions_survive_a_kill_at_any_line(landing: str, owners: int) -> None:
    """Their partitions are one successor's, or two's; what was in flight is stored, arrives late, or half of it is.

    Each of the six cases takes every sixth line, another one than the others."""
    line = 3 * owners + ("at once", "late", "torn").index(landing) - 8
    while True:
        line += 6
        world = _shared_world()
        process = Process(world, by_hand=True, rows=20)
        died = _dying_at(line, partial(_shared_scenario, world, process, landing == "at once"))
        bury(world, process)
        if landing == "torn" and process.pool.waiting:
            world.torn = ConnectionError("torn")
            process.pool.run_one()
            world.torn = None
        successors = [Process(world, by_hand=True, rows=20) for _ in range(owners)]
        for successor in successors:
            join(world, successor)
        for partition in range(PARTITIONS):
            give(world, partition, successors[partition % owners])
        for turn in range(10):
            for successor in successors:
                successor.step()
                while successor.pool.waiting:
                    successor.pool.run_one()
            if landing == "late" and turn == 1:
                while process.pool.waiting:
                    process.pool.run_one()
        assert sorted(world.stored) == world.expected(), f"killed at line {line}"
        assert sorted(world.letters) == [(1, 0, 1), (2, 1, -1)]
        assert [world.commits[partition][0] for partition in range(PARTITIONS)] == world.ends
        assert [_mark(world, partition).rows for partition in range(PARTITIONS)] == [3, 2, 3]
        if not died:
            break
    assert line > 200


@pytest.mark.parametrize("forgotten", ["joint", "check"])
def test_without_what_is_kept_of_them_rows_are_repeated_or_lost(forgotten: str) -> None:
    """The test above can fail: without the block's token, or without the mark that a part is on its own."""
    wrong = False
    for late in (True, False):
        world = _shared_world()
        process = Process(world, by_hand=True, rows=20)
        _shared_scenario(world, process, landing=False)
        bury(world, process)
        assert process.pool.waiting
        if forgotten == "joint":
            _forget(world, joint="")
        first = Process(world, by_hand=True, rows=20)
        join(world, first)
        give(world, 0, first)
        for _ in range(3):
            first.step()
        while first.pool.waiting:
            first.pool.run_one()
        bury(world, first)
        if forgotten == "check":
            _forget(world, check=False)
        if late:
            while process.pool.waiting:
                process.pool.run_one()
        last = Process(world, by_hand=True, rows=20)
        join(world, last)
        drain(world, last, turns=10)
        wrong = wrong or sorted(world.stored) != world.expected()
    assert wrong


def _mark(world: World, partition: int) -> Mark:
    mark = read_mark(world.commits[partition][1])
    assert mark is not None
    return mark


def _forget(world: World, **changes: Any) -> None:
    for partition, (offset, _) in world.commits.items():
        mark = msgspec.structs.replace(_mark(world, partition), **changes)
        world.commits[partition] = (offset, msgspec.json.encode(mark).decode())
