"""Cells in messages and snapshots fit their topics, however long people's names are, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages import cells
from streams.stages.actor_parts import parts
from streams.stages.window import Cell, Key, Windows
from taskstream.events import encode
from taskstream.topics import ACTIVITY_PARTIAL, STATE

LONG = ["\x01", '"', "x", "\U0001f600", "ü"]
"""Names of 128 characters that take 128 to 768 bytes."""


def names(sign: str, count: int) -> set[str]:
    return {f"{n:08}" + sign * 120 for n in range(count)}


@pytest.mark.parametrize("sign", LONG, ids=ascii)
@pytest.mark.parametrize("people", [1, 20, 3_000])
def test_partials_fit_their_topic_with_the_longest_names(sign: str, people: int) -> None:
    """3,000 people made 1.5 MB; so did many cells of few, with long applications."""
    windows, actors = Windows(), names(sign, people)
    count = max(1, 3_000 // people)
    windows.open[5] = {
        (sign * 128, sign * 128): {(f"{n:04}" + sign * 60, "click"): Cell(3, 4, set(actors)) for n in range(count)}
    }
    partials = list(windows.advance(6, 191))
    assert max(len(encode(partial)) for partial in partials) <= ACTIVITY_PARTIAL.value_bytes
    seen = [(cell.app, partial.actors[place]) for partial in partials for cell in partial.cells for place in cell.who]
    assert len(seen) == len(set(seen)) == count * people
    assert sum(cell.events for partial in partials for cell in partial.cells) == 3 * count
    assert len({partial.id for partial in partials}) == len(partials)


def rows(sign: str, people: int, count: int) -> dict[Key, Cell]:
    actors, name = names(sign, people), sign * 128
    return {(name, name, f"{n:04}" + sign * 60, "click"): Cell(3, 4, set(actors)) for n in range(count)}


@pytest.mark.parametrize("sign", LONG, ids=ascii)
@pytest.mark.parametrize(("people", "count"), [(1, 2_000), (20, 100), (3_000, 1), (12_000, 1)])
def test_chunks_fit_their_topic_with_the_longest_names(sign: str, people: int, count: int) -> None:
    given_ = rows(sign, people, count)
    chunks = cells.dump(given_)
    assert max(map(len, chunks)) <= STATE.value_bytes
    found: dict[Key, Cell] = {}
    for chunk in chunks:
        for key, cell in cells.load(chunk, cells.PLAIN):
            cells.add(found.setdefault(key, Cell(0, 0, set())), cell)
    assert [*plain(found)] == [*plain(given_)]


def plain(found: dict[Key, Cell]) -> Iterator[tuple[Key, int, int, set[str]]]:
    for key, cell in found.items():
        yield key, cell.events, cell.active_ms, cell.actors


@given(st.lists(st.text(max_size=9)), st.integers(1, 5), st.integers(1, 30))
def test_parts_hold_everybody_once_and_keep_both_bounds(people: list[str], most: int, most_bytes: int) -> None:
    found = list(parts(people, most, most_bytes, len))
    assert [person for part, _ in found for person in part] == people
    assert all(size == sum(map(len, part)) and len(part) <= most for part, size in found)
    assert all(size <= most_bytes or len(part) == 1 for part, size in found)
    assert [part for part, _ in found if not part] == ([] if people else [[]])
