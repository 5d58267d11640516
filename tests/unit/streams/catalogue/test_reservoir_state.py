"""What is kept to learn from comes back from its checkpoints; what is damaged is left out and goes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.catalogue import reservoir_state
from streams.discovery import reservoir
from streams.discovery.reservoir import Reservoir
from taskstream.records import StepSample
from tests.unit.streams.discovery.routine_samples import START_MS
from tests.unit.streams.discovery.step_samples import day, sample
from tests.unit.streams.discovery.test_reservoir import SAMPLES


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with patch.multiple(reservoir, LIMIT=60, MAX_PEOPLE=8, FIRST=30):
        yield


def saved(kept: dict[str, bytes], found: Reservoir) -> dict[str, bytes]:
    """What Kafka holds after a checkpoint on top of ``kept``."""
    merged: dict[str, bytes | None] = {**kept, **reservoir_state.dump(found)}
    return {name: value for name, value in merged.items() if value is not None}


def loaded(kept: dict[str, bytes]) -> Reservoir:
    told: list[str] = []
    found = reservoir_state.load(kept, lambda name, _: told.append(name))
    assert told == []
    return found


def told_of(kept: dict[str, bytes]) -> tuple[Reservoir, list[str]]:
    told: list[str] = []
    return reservoir_state.load(kept, lambda name, _: told.append(name)), told


def seen(found: Reservoir) -> Any:
    blocks = [[(s.number, s.id) for s in found.block(number)] for number in sorted(found.blocks())]
    counts = found.came, found.learned_from, found.version, found.latest_ms, found.next_number, len(found), found.due()
    return blocks, found.people(), list(found._people), counts


@given(st.lists(st.tuples(SAMPLES, st.sampled_from(["", "", "", "save", "restart", "learn"])), max_size=60))
def test_a_restart_at_any_checkpoint_changes_nothing(turns: list[tuple[StepSample, str]]) -> None:
    with patch.object(reservoir, "BLOCK", 2), patch.object(reservoir_state, "BLOCK", 2):
        restarted_at_any_checkpoint(turns)


def restarted_at_any_checkpoint(turns: list[tuple[StepSample, str]]) -> None:
    going_on, restarted, kept = Reservoir(), Reservoir(), dict[str, bytes]()
    for one, then in turns:
        at = START_MS + (one.start_ms - START_MS) * 10_000
        assert going_on.take(one, at) == restarted.take(one, at)
        if then == "learn":
            for found in (going_on, restarted):
                found.learned(found.lesson())
                found.version += 1
        elif then:
            kept = saved(kept, restarted)
            if then == "restart":
                restarted = loaded(kept)
                assert not restarted.unsaved
        assert seen(going_on) == seen(restarted)
    kept = saved(kept, restarted)
    assert seen(loaded(kept)) == seen(going_on)
    assert set(kept) == {"learning", *(f"steps/{number}" for number in going_on.blocks())}
    assert all(reservoir_state.ITEM.fullmatch(name) for name in kept)


def test_a_checkpoint_writes_the_blocks_that_changed() -> None:
    found = Reservoir()
    with patch.object(reservoir, "LIMIT", 10_000):
        for one in day(people=8, each=13):
            found.take(one)
        assert set(reservoir_state.dump(found)) == {"learning", "steps/0", "steps/1", "steps/2", "steps/3"}
        found.take(sample("p3", 7))
        assert set(reservoir_state.dump(found)) == {"learning", "steps/3"}
    assert set(reservoir_state.dump(found)) == {"learning"}


def kept_day() -> tuple[Reservoir, dict[str, bytes]]:
    found = Reservoir()
    with patch.object(reservoir, "LIMIT", 10_000):
        for one in day(people=8, each=13):
            found.take(one)
    return found, saved({}, found)


def changed(data: bytes, *path: Any, to: Any) -> bytes:
    value = inside = msgspec.msgpack.decode(zlib.decompress(data))
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = to
    return zlib.compress(msgspec.msgpack.encode(value))


DAMAGES: list[tuple[Any, ...]] = [
    (0, 2), (1, 7), (1, 0, 0, 40), (1, 0, 0, -1), (1, 0, 1, 2**60), (1, 0, 2, 5), (1, 0, 5, []), (1, 0, 6, 0, 99),
    (1, 0, 6, 0, -1), (1, 0, 7, []), (1, 0, 8, 0, 2**60), (1, 0, 9, 0, -(2**60)), (1, 1, 0, 0), (1, 0, 3, "x" * 2_000),
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=[".".join(map(str, damage))[:20] for damage in DAMAGES])
def test_a_damaged_block_is_left_out_and_goes(damage: tuple[Any, ...]) -> None:
    with patch.object(reservoir, "LIMIT", 10_000):
        found, kept = kept_day()
        broken = kept | {"steps/0": changed(kept["steps/0"], *damage[:-1], to=damage[-1])}
        again, told = told_of(broken)
        assert told == ["steps/0"]
        assert again.blocks() == {1, 2, 3}
        assert again.next_number == found.next_number
        assert reservoir_state.dump(again)["steps/0"] is None


def test_a_sample_that_two_blocks_hold_is_kept_once() -> None:
    with patch.object(reservoir, "LIMIT", 10_000):
        found, kept = kept_day()
        first = found.block(0)[0].id
        again, told = told_of(kept | {"steps/1": changed(kept["steps/1"], 1, 0, 2, to=first)})
        assert told == []
        assert [s.id for number in again.blocks() for s in again.block(number)].count(first) == 1
        assert again.unsaved == {1}


@given(st.dictionaries(st.sampled_from(["learning", "steps/0", "steps/2", "steps/999999999999"]), st.binary()))
def test_whatever_stands_in_its_place_the_rest_comes_back(foreign: dict[str, bytes]) -> None:
    with patch.object(reservoir, "LIMIT", 10_000):
        found, kept = kept_day()
        again, told = told_of(kept | foreign)
        assert set(told) <= set(foreign)
        assert again.blocks() == found.blocks() - {int(name[6:]) for name in foreign if name != "learning"}
        assert again.take(sample("new", 1))
        assert seen(loaded(saved(kept, again))) == seen(again)


def test_bytes_that_unpack_to_more_than_was_ever_written_are_not_unpacked() -> None:
    with patch.object(reservoir_state, "MAX_BLOCK_BYTES", 1_000):
        _, told = told_of({"steps/0": zlib.compress(bytes(100_000))})
    assert "steps/0" in told


def test_numbers_of_a_later_format_are_left_out() -> None:
    _, kept = kept_day()
    with patch.object(reservoir, "LIMIT", 10_000):
        again, told = told_of(kept | {"learning": msgspec.msgpack.encode([2, 5, 6, 7, 8, 9])})
    assert told == ["learning"]
    assert (again.learned_from, again.came) == (0, len(again))
