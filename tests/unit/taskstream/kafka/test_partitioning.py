"""Keys go where Kafka's own clients put them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskstream.kafka.partitioning import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829), ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)  # fmt: skip
def test_hashes_are_those_of_kafka(key: str, wanted: int) -> None:
    """The values that Kafka's own tests expect (as signed numbers of 32 bits)."""
    assert murmur2(key.encode()) == wanted % (1 << 32)


@given(st.binary(max_size=40), st.integers(1, 10_000))
def test_every_key_has_a_partition(key: bytes, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions
