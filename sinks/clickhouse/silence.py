"""Partitions that have messages of which none comes: the client library has lost track of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from sinks.clickhouse.ledger import is_past
from sinks.clickhouse.ranges import TopicPartition

SILENT_MS: Final = 10_000
"""How long nothing may come of a partition that holds more."""
MOST_MS: Final = 300_000
"""Partitions that stay silent are looked after at intervals that double up to this: what is left of them may be aborted
transactions, of which nothing can come."""


class _Still(NamedTuple):
    """Where a partition stands since ``since_ms``; for how long that is patience enough."""

    position: int
    since_ms: int
    patience_ms: int


class Silence:
    """For how long each partition has stood still before its end."""

    def __init__(self) -> None:
        self._still: dict[TopicPartition, _Still] = {}

    def clear(self) -> None:
        """Nothing was asked for: nobody is silent."""
        self._still.clear()

    def over(
        self, positions: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], now_ms: int
    ) -> list[TopicPartition]:
        """Those of ``positions`` (the next offset to take in) that have been silent for too long."""
        found = []
        still: dict[TopicPartition, _Still] = {}
        for source, position in positions.items():
            if ends.get(source, 0) <= position:
                continue
            before = self._still.get(source)
            if before is None or before.position != position:
                before = _Still(position, now_ms, SILENT_MS)
            elif is_past(now_ms, before.since_ms, before.patience_ms):
                found.append(source)
                before = _Still(position, now_ms, min(2 * before.patience_ms, MOST_MS))
            still[source] = before
        self._still = still
        return found
