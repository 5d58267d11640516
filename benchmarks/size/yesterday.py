"""What was learned of each person yesterday, written where the worker keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from benchmarks.size.company import TENANT, actor_of, batch_of, partition_of
from streams.operator import InputRecord
from streams.runtime.restore import item_key
from streams.stages.partition import PartitionState
from streams.stages.snapshot_format import PersonModel, model_key
from streams.stages.stage_settings import StageSettings
from taskstream.events import BATCH_TYPE, HEARTBEAT_TYPE, Heartbeat, UiEvent, encode
from taskstream.kafka.clients import kafka_config, new_producer
from taskstream.settings import Settings
from taskstream.topics import STATE, UI_EVENTS

BATCH: Final = 50
NIGHT_MS: Final = 16 * 3_600_000


def learned(days: Sequence[Sequence[UiEvent]]) -> list[bytes]:
    """The model of each person whose day it is, as the streams themselves learn and keep it."""
    state, offset, newest_ms = PartitionState(0, StageSettings(partitions=1)), 0, 0
    for number, day in enumerate(days):
        actor = actor_of(number)
        for first in range(0, len(day), BATCH):
            batch = batch_of(actor, first, day[first : first + BATCH])
            newest_ms = max(newest_ms, batch.events[-1].at_ms)
            state.apply(InputRecord(offset, 0, actor.encode(), encode(batch), (("ce_type", BATCH_TYPE),)))
            offset += 1
    night = encode(Heartbeat(schema=1, advance_ms=newest_ms + NIGHT_MS))
    state.apply(InputRecord(offset, 0, None, night, (("ce_type", HEARTBEAT_TYPE),)))
    return [state.models.kept[TENANT, actor_of(number)].model for number in range(len(days))]


def write(settings: Settings, models: Sequence[bytes], agents: int, now_ms: int) -> int:
    """Everybody's model into the topic ``state``, before a worker has begun there; returns the bytes."""
    producer, size = new_producer(kafka_config(settings, "bench") | {"linger.ms": 20, "compression.type": "lz4"}), 0
    for agent in range(agents):
        kept = msgspec.msgpack.encode(PersonModel(agent, now_ms - NIGHT_MS, models[agent % len(models)]))
        key = item_key(UI_EVENTS.name, model_key((TENANT, actor_of(agent))))
        size += len(kept)
        while True:
            try:
                partition = partition_of(agent, settings.partitions)
                producer.produce(settings.prefix + STATE.name, kept, key, partition)
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush(60)
    return size
