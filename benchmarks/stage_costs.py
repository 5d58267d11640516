"""What each stage of the streams costs, in microseconds of CPU an event, without Kafka.

    python -m benchmarks.stage_costs [--events 60000] [--json FILE]

Every stage runs alone over the same batches (a simulated office), so that the figures can be added up; ``all`` is the
whole partition, as the worker runs it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import ending
from benchmarks.streams_load import batches
from streams.discovery.semimarkov.served import ServedTables, load_tables
from streams.discovery.semimarkov.teaching import teach
from streams.operator import InputRecord
from streams.runtime.chunks import CHUNK_RECORDS
from streams.stages.deduplicate import Numbering
from streams.stages.gather import BatchColumns
from streams.stages.link import Linker
from streams.stages.partition import PartitionState
from streams.stages.segment import AgentSegmenter
from streams.stages.sessionise import Sessioniser
from streams.stages.skew import skew_of
from streams.stages.stage_settings import StageSettings
from streams.stages.validate import decode
from streams.stages.window import Windows
from taskstream.events import BATCH_TYPE, EventBatch, encode
from taskstream.privacy.redact import redact_batch

REPEATS = 3
PEOPLE = 20
"""So few that each has a long past: with few events an agent, executions are hardly ever decided."""


def stages(load: list[EventBatch]) -> dict[str, Callable[[], None]]:
    """Each stage as a function that works through the load once, from a fresh state."""
    headers = (("ce_type", BATCH_TYPE),)
    records = [
        InputRecord(n, max(event.at_ms for event in batch.events), batch.actor.encode(), encode(batch), headers)
        for n, batch in enumerate(load)
    ]

    def validate() -> None:
        for record in records:
            decode(record)

    def deduplicate() -> None:
        numbers: dict[str, Numbering] = {}
        for batch in load:
            numbers.setdefault(batch.agent, Numbering()).admit(batch.first_seq, len(batch.events))

    def clock() -> None:
        for record, batch in zip(records, load, strict=True):
            newest_ms = max([event.at_ms for event in batch.events])
            skew_of(batch.sent_ms, newest_ms, record.timestamp, 600_000)

    def redact() -> None:
        for batch in load:
            redact_batch(batch)

    def gather() -> None:
        columns = BatchColumns()
        for number, batch in enumerate(load, 1):
            columns.add(batch, 0)
            if number % CHUNK_RECORDS == 0:
                columns.take()

    def sessionise() -> None:
        state: dict[str, Sessioniser] = {}
        for batch in load:
            state.setdefault(batch.agent, Sessioniser()).push(batch.first_seq, batch.events, 900_000, 30_000, [])

    def link() -> None:
        state: dict[str, Linker] = {}
        for batch in load:
            state.setdefault(batch.agent, Linker()).push(batch.first_seq, batch.events)

    def segment() -> None:
        _segmented(load, None)

    tables = _taught(load)

    def segment_by_tables() -> None:
        _segmented(load, tables)

    def count() -> None:
        windows = Windows()
        for batch in load:
            windows.add(batch, [0] * len(batch.events))

    return {
        "validate (decode)": validate, "deduplicate": deduplicate, "clock": clock, "redact": redact,
        "gather columns": gather, "sessionise": sessionise, "link": link, "segment": segment,
        "segment, by tables": segment_by_tables, "windows, phase 1": count,
    } | _whole(records)  # fmt: skip


def _segmented(load: list[EventBatch], tables: ServedTables | None, *, sampling: bool = False) -> list[AgentSegmenter]:
    """Work through the load; ``sampling``: keep the steps."""
    state: dict[str, AgentSegmenter] = {}
    for batch in load:
        if batch.agent not in state:
            made = state[batch.agent] = AgentSegmenter(batch.tenant, batch.team, batch.actor, batch.agent)
            made.sampling = sampling
            made.use(tables)
        push = state[batch.agent].push
        for number, event in enumerate(batch.events, batch.first_seq):
            push(number, event)
    return list(state.values())


def _taught(load: list[EventBatch]) -> ServedTables:
    """What the load's own steps teach."""
    people = []
    for segmenter in _segmented(load, None, sampling=True):
        segmenter.flush()
        sample = segmenter.take_sample()
        if sample is not None:
            people.append(
                [(sample.names[one.name], sample.start_ms + one.offset_ms, one.value) for one in sample.steps]
            )
    return load_tables(teach("bench", 1, people))


def _whole(records: list[InputRecord]) -> dict[str, Callable[[], None]]:
    """All stages together, and the snapshot of what they leave."""
    left = PartitionState(0, StageSettings(partitions=4))
    for record in records:
        left.apply(record)

    def everything() -> None:
        state = PartitionState(0, StageSettings(partitions=4))
        for number, record in enumerate(records, 1):
            state.apply(record)
            if number % CHUNK_RECORDS == 0:
                state.flush()

    def snapshot() -> None:
        for agent in left.agents.values():
            agent.dump()

    return {"all": everything, f"snapshot of {len(left.agents)} agents": snapshot}


def measure(function: Callable[[], None]) -> float:
    """CPU seconds, the median of several runs."""
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        function()
        found.append(time.process_time() - start)
    return statistics.median(found)


def costs(per_message: int, events: int) -> dict[str, float]:
    """Microseconds an event, by stage."""
    load = list(batches(per_message, events, people=PEOPLE))
    total = sum(len(batch.events) for batch in load)
    return {name: measure(function) / total * 1e6 for name, function in stages(load).items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    sizes = (5, 20, 100)
    table = {size: costs(size, given.events) for size in sizes}
    sys.stdout.write(f"{'us an event':<28}" + "".join(f"{size:>5} a message" for size in sizes) + "\n")
    for name in table[20]:
        sys.stdout.write(
            f"{name:<28}" + "".join(f"{table[size].get(name, float('nan')):>15.2f}" for size in sizes) + "\n"
        )
    if given.json:
        given.json.write_text(json.dumps(table, indent=2))


if __name__ == "__main__":
    ending.run(main)
