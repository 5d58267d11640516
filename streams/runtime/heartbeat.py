"""Event time where no events come: idle heartbeats, written into the log of a partition so that a replay sees them."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from confluent_kafka import KafkaException

from streams.runtime.checkpoint import Checkpoint
from streams.runtime.patience import Stuck
from streams.stages.partition import PartitionState
from streams.teams.team_partition import TeamPartitionState
from taskstream.events import FOLLOW_HEADER, HEARTBEAT_TYPE, MAX_ADVANCE_MS, Heartbeat, encode
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.settings import Settings
from taskstream.topics import UI_EVENTS

log = logging.getLogger("taskstream.streams")


WRITTEN_S: Final = 10.0
"""Within so long a record is in the log or given up (seconds)."""


class HeartbeatProducer(Protocol):
    """The part of confluent-kafka's producer that is used here; tests write into a log of their own."""

    def produce(self, topic: str, value: bytes, *, partition: int, headers: list[tuple[str, bytes]]) -> None: ...
    def poll(self, timeout: float) -> int: ...
    def purge(self) -> None: ...


def heartbeat_producer(settings: Settings) -> HeartbeatProducer:
    """A producer for heartbeats and tables; those that Kafka does not accept soon are dropped."""
    made: HeartbeatProducer = new_producer(
        kafka_config(settings, "heartbeat")
        | {
            "linger.ms": 0,
            "message.timeout.ms": int(WRITTEN_S * 1000),
            "message.max.bytes": UI_EVENTS.message_bytes,
            "compression.type": "lz4",
        }
    )
    return made


class IdleHeartbeat:
    """Writes a heartbeat into a partition after ``idle_heartbeat_ms`` without a record, while somebody waits for it.

    A partition that has read all its input follows the partition whose event time is furthest; that one advances with
    the time that passes. The marks of the second phase tell how far the partitions of other workers are.
    """

    def __init__(self, settings: Settings, producer: HeartbeatProducer) -> None:
        self._lateness_ms = settings.lateness_ms
        self._silence_s = settings.idle_heartbeat_ms / 1000
        self._topic = settings.prefix + UI_EVENTS.name
        self._producer = producer
        self._silent: defaultdict[tuple[str, int], Stuck] = defaultdict(Stuck)
        self._written: dict[int, float] = {}

    def beat(self, owned: Iterable[Checkpoint], now: float, ends: Mapping[tuple[str, int], int]) -> None:
        """Look at the owned partitions at ``now`` (attended seconds); ``ends`` are their end offsets."""
        checkpoints = [checkpoint for checkpoint in owned if checkpoint.state == "ready"]
        reached = max((self._event_time(checkpoint) for checkpoint in checkpoints), default=-1)
        for checkpoint in checkpoints:
            operator = checkpoint.operator
            silent = self._silent[checkpoint.topic, checkpoint.partition]
            # its own heartbeats end no silence: the time until they are read back would be lost with each
            heard = operator.heard if isinstance(operator, PartitionState) else checkpoint.position
            since = now - silent.seconds(True, heard, now)
            if reached < 0:
                continue
            if isinstance(operator, PartitionState):
                caught_up = checkpoint.position >= ends.get((self._topic, checkpoint.partition), 1 << 62)
                if caught_up and (operator.waiting or operator.watermark_ms < reached):
                    leads = operator.watermark_ms >= reached
                    self._write(checkpoint.partition, since, now, reached, follows=True, advances=leads)
            elif isinstance(operator, TeamPartitionState) and operator.waiting:
                for source in operator.missing():
                    self._write(source, since, now, reached, follows=False, advances=True)
        self._producer.poll(0)

    def close(self) -> None:
        """Does not wait: the next owner writes what was not written."""
        self._producer.purge()

    def _write(
        self, partition: int, silent_since: float, now: float, reached_ms: int, *, follows: bool, advances: bool
    ) -> None:
        last = max(silent_since, self._written.get(partition, 0.0))
        if now - last < self._silence_s:
            return
        self._written[partition] = now
        passed_ms = min(max(1, int((now - last) * 1000)), MAX_ADVANCE_MS) if advances else 1
        heartbeat = Heartbeat(schema=1, advance_ms=passed_ms, at_ms=max(0, reached_ms))
        headers = [("ce_type", HEARTBEAT_TYPE)] + ([(FOLLOW_HEADER, b"1")] if follows else [])
        try:
            self._producer.produce(self._topic, encode(heartbeat), partition=partition, headers=headers)
        except (BufferError, KafkaException) as error:
            log.warning("heartbeat for partition %d not written: %s", partition, error)

    def _event_time(self, checkpoint: Checkpoint) -> int:
        operator = checkpoint.operator
        if isinstance(operator, PartitionState):
            return operator.watermark_ms
        if isinstance(operator, TeamPartitionState) and operator.reached_ms >= 0:
            return operator.reached_ms + self._lateness_ms  # marks are behind the watermark by the allowed lateness
        return -1
