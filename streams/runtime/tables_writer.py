"""Writes tables that the catalogue has published into the input of each owned partition that does not use them yet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaException

from streams.runtime.checkpoint import Checkpoint
from streams.runtime.heartbeat import WRITTEN_S, HeartbeatProducer
from streams.runtime.tables_follower import PublishedTables
from streams.stages.partition import PartitionState
from streams.stages.tenant_tables import MAX_TENANTS
from taskstream.events import HEARTBEAT_TYPE, TABLES_HEADER, Heartbeat, encode
from taskstream.settings import Settings
from taskstream.topics import UI_EVENTS

log = logging.getLogger("taskstream.streams")

AGAIN_S: Final = WRITTEN_S
"""Time until tables that have not come back are written again, at least (seconds). By then they are in the log or lost,
for the producer has given them up."""
TICK: Final = Heartbeat(schema=1, advance_ms=1)
"""The heartbeat that carries tables; it says as little as one can."""
AT_ONCE_BYTES: Final = 4 << 20
"""Tables written at a time, at most: all partitions of a worker lack new ones at once, and heartbeats share the
producer."""


@dataclass
class _Written:
    """Tables on their way through the log of a partition. ``end``: of the log, when they were in it or lost."""

    version: int
    at: float
    end: int | None = None


class TablesWriter:
    """Writes a marker with the tables into a partition whose state has older ones or none.

    So they take effect at an offset of the partition's own input, and every replay meets them there. Two workers that
    own a partition one after the other may both write them: the second time changes nothing.
    """

    def __init__(
        self, settings: Settings, producer: HeartbeatProducer, latest: Callable[[], Mapping[str, PublishedTables]]
    ) -> None:
        self._topic = settings.prefix + UI_EVENTS.name
        self._producer = producer
        self._latest = latest
        self._written: dict[tuple[int, str], _Written] = {}

    def write(self, owned: Iterable[Checkpoint], now: float, ends: Mapping[tuple[str, int], int]) -> None:
        """Look at the owned partitions at ``now`` (attended seconds); ``ends`` are their end offsets."""
        latest = self._latest()
        left = AT_ONCE_BYTES
        kept: dict[tuple[int, str], _Written] = {}
        for checkpoint, tenant, tables in _lacking(owned, latest):
            place = checkpoint.partition, tenant
            written = self._written.get(place)
            end = ends.get((self._topic, checkpoint.partition))
            if written is not None and not _is_due(written, tables.version, checkpoint.position, now, end):
                kept[place] = written
            elif left > 0:
                if self._produce(checkpoint.partition, tables.raw):
                    left -= len(tables.raw)
                    kept[place] = _Written(tables.version, now)
                else:
                    left = 0
        self._written = kept
        self._producer.poll(0)

    def _produce(self, partition: int, raw: bytes) -> bool:
        try:
            headers = [("ce_type", HEARTBEAT_TYPE), (TABLES_HEADER, raw)]
            self._producer.produce(self._topic, encode(TICK), partition=partition, headers=headers)
        except BufferError:
            return False  # there is room again at the next look
        except KafkaException as error:  # tried again as if it had been lost on the way
            log.warning("tables for partition %d not written: %s", partition, error)
        return True


def _lacking(
    owned: Iterable[Checkpoint], latest: Mapping[str, PublishedTables]
) -> Iterator[tuple[Checkpoint, str, PublishedTables]]:
    """What which partition lacks: newer tables of tenants that it knows, and of others as many as have room in it."""
    for checkpoint in owned:
        operator = checkpoint.operator
        if checkpoint.state != "ready" or not isinstance(operator, PartitionState):
            continue
        served = operator.tables.served
        room = MAX_TENANTS - len(served)
        for tenant in latest if room > 0 else list(served):
            published = latest.get(tenant)
            if published is None or not operator.tables.wants(tenant, published.version):
                continue
            if tenant not in served:
                if room <= 0:
                    continue
                room -= 1
            yield checkpoint, tenant, published


def _is_due(written: _Written, version: int, position: int, now: float, end: int | None) -> bool:
    """Whether to write once more what is not in use yet: a backlog that it waits behind is no reason."""
    if now - written.at < AGAIN_S:
        return False
    if version > written.version:
        return True
    if end is None:
        return False
    if written.end is None:
        written.end = end
    return position >= min(written.end, end)  # the end is nearer where the topic was created anew
