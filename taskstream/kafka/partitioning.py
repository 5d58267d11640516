"""Which partition a key belongs to, as Kafka's clients deal them out.

It is the default of those in Java and, as ``murmur2_random``, one of librdkafka's.
Worked out here where the number of partitions must be one that was, and not the one that the client library knows.
"""

from __future__ import annotations

from typing import Final

_M: Final = 0x5BD1E995
_SEED: Final = 0x9747B28C
_32: Final = 0xFFFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key among ``partitions`` (at least 1)."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """MurmurHash2 (Austin Appleby) of 32 bits, with the seed that Kafka uses."""
    hashed = _SEED ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * _M & _32
        hashed = (hashed * _M & _32) ^ ((word ^ word >> 24) * _M & _32)
    if tail := data[whole:]:
        hashed = (hashed ^ int.from_bytes(tail, "little")) * _M & _32
    hashed = (hashed ^ hashed >> 13) * _M & _32
    return hashed ^ hashed >> 15
