"""Values in pieces: whatever their sizes, each item keeps the bound and every value comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskstream.errors import InputError
from taskstream.kafka.pieces import MARK, join, split

VALUES = st.binary(max_size=400).filter(lambda value: not value.startswith(MARK))


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.none() | VALUES, max_size=3), max_size=6))
def test_the_latest_values_come_back_however_they_grow_and_shrink(commits: list[dict[str, bytes | None]]) -> None:
    topic: dict[str, bytes] = {}
    latest: dict[str, bytes] = {}
    for commit in commits:
        for name, value in commit.items():
            for key, item in split(name, value, 50):
                if item is None:
                    topic.pop(key, None)
                else:
                    assert len(item) <= 50
                    topic[key] = item
            if value is None:
                latest.pop(name, None)
            else:
                latest[name] = value
    assert join(topic) == latest


def test_a_missing_piece_is_told() -> None:
    items = {key: item for key, item in split("big", bytes(200), 50) if item is not None}
    del items["big\x1e2"]
    with pytest.raises(InputError, match=r"lacks piece 2 of 5"):
        join(items)


def test_what_could_not_be_told_apart_is_refused() -> None:
    with pytest.raises(InputError, match="begins like"):
        list(split("a", MARK, 50))
    with pytest.raises(InputError, match="more than 65535 pieces"):
        list(split("a", bytes(65_536), 4))
