"""Work by quarter of a day."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.discovery.grouping.days import Days

QUARTERS = st.dictionaries(st.integers(0, 9), st.tuples(st.integers(0, 9), st.integers(0, 9)))


@given(QUARTERS, st.floats(0, 2))
def test_scaled_days_are_written_as_they_are_read(quarters: dict[int, tuple[int, int]], scale: float) -> None:
    scaled = Days(quarters).scaled(scale).quarters
    written = msgspec.msgpack.encode(scaled)
    assert msgspec.msgpack.decode(written, type=dict[int, tuple[int, int]]) == scaled
    assert all((scaled[q][0] > 0) >= (n > 0) for q, (n, _) in quarters.items())
