"""Event time where no events come: ticks written into the log of idle partitions, so that a replay sees them again."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Final

from confluent_kafka import KafkaException

from streams.runtime.checkpoint import Checkpoint
from streams.stages.partition import PartitionState
from streams.teams.team_partition import TeamPartitionState
from taskstream.events import TICK_TYPE, Tick, encode
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.settings import Settings
from taskstream.topics import UI_EVENTS

MAX_ADVANCE_MS: Final = 7 * 86_400_000
"""A tick advances event time by this at most, whatever the monotonic clock says (milliseconds)."""

log = logging.getLogger("taskstream.streams")


class Ticker:
    """Writes a tick into a partition after ``tick_ms`` without a record, while somebody waits for its event time."""

    def __init__(self, settings: Settings) -> None:
        self._silence_s = settings.tick_ms / 1000
        self._topic = settings.prefix + UI_EVENTS.name
        self._producer = new_producer(
            kafka_config(settings, "heartbeat") | {"linger.ms": 0, "message.timeout.ms": 10_000}
        )
        self._ticked: dict[int, float] = {}

    def tick(self, owned: Iterable[Checkpoint], now: float, ends: Mapping[tuple[str, int], int]) -> None:
        """Look at the owned partitions at ``now`` (monotonic seconds); ``ends`` are their end offsets."""
        checkpoints = [checkpoint for checkpoint in owned if checkpoint.state == "ready"]
        reached = max((_event_time(checkpoint) for checkpoint in checkpoints), default=-1)
        if reached < 0:
            return
        for checkpoint in checkpoints:
            machine = checkpoint.machine
            if isinstance(machine, PartitionState):
                caught_up = checkpoint.position >= ends.get((self._topic, checkpoint.partition), 1 << 62)
                if caught_up and (machine.waiting or machine.watermark_ms < reached):
                    self._write(checkpoint.partition, checkpoint.applied_at, now, reached)
            elif isinstance(machine, TeamPartitionState) and machine.waiting:
                for source in machine.missing():
                    self._write(source, checkpoint.applied_at, now, reached)
        self._producer.poll(0)

    def close(self) -> None:
        """Nothing is waited for: a tick that is not written is written by the next owner."""
        self._producer.purge()

    def _write(self, partition: int, silent_since: float, now: float, reached_ms: int) -> None:
        last = max(silent_since, self._ticked.get(partition, 0.0))
        if now - last < self._silence_s:
            return
        self._ticked[partition] = now
        tick = Tick(
            schema=1, advance_ms=min(max(1, int((now - last) * 1000)), MAX_ADVANCE_MS), at_ms=max(0, reached_ms)
        )
        try:
            self._producer.produce(self._topic, encode(tick), partition=partition, headers=[("ce_type", TICK_TYPE)])
        except (BufferError, KafkaException) as error:
            log.warning("tick for partition %d not written: %s", partition, error)


def _event_time(checkpoint: Checkpoint) -> int:
    machine = checkpoint.machine
    if isinstance(machine, PartitionState):
        return machine.watermark_ms
    if isinstance(machine, TeamPartitionState):
        return machine.reached_ms
    return -1
