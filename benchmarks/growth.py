"""How the cost of an event grows with agents, partitions, batch size and distinct strings: all stages, without Kafka.

    python -m benchmarks.growth [--events 100000] [--draw docs/img/growth.svg] [--json FILE]

Microseconds of CPU an event in ``streams.stages.partition``, one curve for each, all else fixed: 1,000 agents,
4 partitions, 20 events a message. With 20,000 agents each sends 60 events at least, so that their state is more than
its frame.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import ending
from benchmarks.streams_load import multiplied, partition_of
from streams.operator import InputRecord
from streams.stages.partition import PartitionState
from streams.stages.stage_settings import StageSettings
from taskstream.events import BATCH_TYPE, EventBatch, encode

PEOPLE: Final = 20
AGENTS: Final = (100, 1_000, 5_000, 20_000)
PARTITIONS: Final = (1, 4, 16, 64)
SIZES: Final = (1, 5, 20, 100)
STRINGS: Final = (100, 1_000, 10_000, 100_000)
CHUNK: Final = 1_000
"""Messages encoded at a time, outside the time that counts: the load of 20,000 agents would not fit into memory."""
HEADERS: Final = (("ce_type", BATCH_TYPE),)

Curve = dict[int, dict[str, float]]


def cost(load: Iterable[EventBatch], partitions: int = 4) -> dict[str, float]:
    """Microseconds an event (snapshots apart), and bytes of state an agent, of a load through fresh partitions."""
    states = [PartitionState(n, StageSettings(partitions=partitions, max_agents=1_000_000)) for n in range(partitions)]
    spent, events, offset = 0.0, 0, 0
    stream = iter(load)
    while chunk := list(islice(stream, CHUNK)):
        records = []
        for batch in chunk:
            newest_ms = max(event.at_ms for event in batch.events)
            record = InputRecord(offset, newest_ms, batch.actor.encode(), encode(batch), HEADERS)
            records.append((states[partition_of(batch, partitions)], record))
            events += len(batch.events)
            offset += 1
        began = time.process_time()
        for state, record in records:
            state.apply(record)
        for state in states:
            state.flush()
        spent += time.process_time() - began
    agents = sum(len(state.agents) for state in states)
    began = time.process_time()
    size = sum(len(data or b"") for state in states for _, data in state.snapshot())
    snapshot = time.process_time() - began
    return {
        "us_per_event": spent / events * 1e6,
        "events": events,
        "agents": agents,
        "state_bytes_per_agent": size / max(1, agents),
        "snapshot_us_per_agent": snapshot / max(1, agents) * 1e6,
    }


def with_strings(load: Iterable[EventBatch], distinct: int) -> Iterator[EventBatch]:
    """The load with ``distinct`` names of elements, in turn."""
    number = 0
    for batch in load:
        events = []
        for event in batch.events:
            events.append(msgspec.structs.replace(event, element=f"field:name {number % distinct}"))
            number += 1
        yield msgspec.structs.replace(batch, events=tuple(events))


def middle(found: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure."""
    return {name: statistics.median(one[name] for one in found) for name in found[0]}


def _point(
    copies: int, per_message: int, events: int, *, partitions: int = 4, strings: int | None = None
) -> dict[str, float]:
    load = multiplied(copies, per_message, events, people=PEOPLE)
    return cost(load if strings is None else with_strings(load, strings), partitions)


def curves(events: int, repeats: int) -> dict[str, Curve]:
    """All curves. The repeats go round all points, so that a disturbance of the machine does not fall on one."""
    copies = 1_000 // PEOPLE
    points: dict[tuple[str, int], Callable[[], dict[str, float]]] = {
        ("agents", n): partial(_point, n // PEOPLE, 20, max(events, 60 * n)) for n in AGENTS
    }
    points |= {("partitions", n): partial(_point, copies, 20, events, partitions=n) for n in PARTITIONS}
    points |= {("batch size", n): partial(_point, copies, n, events) for n in SIZES}
    points |= {("distinct strings", n): partial(_point, copies, 20, events, strings=n) for n in STRINGS}
    found: dict[tuple[str, int], list[dict[str, float]]] = {point: [] for point in points}
    for repeat in range(repeats):
        for number, (point, measure) in enumerate(points.items(), 1):
            found[point].append(measure())
            sys.stderr.write(
                f"repeat {repeat + 1} of {repeats}, point {number} of {len(points)}: {point[1]:,} {point[0]}: "
                f"{found[point][-1]['us_per_event']:.2f} us an event\n"
            )
    table: dict[str, Curve] = {}
    for (name, n), values in found.items():
        table.setdefault(name, {})[n] = middle(values)
    return table


def draw(table: dict[str, Curve], file: Path) -> None:
    """The curves as a picture; its format is that of the file's name. The same figures give the same bytes."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "growth"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(table), figsize=(13, 3.2), sharey=True, layout="constrained")
    for axis, (name, curve) in zip(axes, table.items(), strict=True):
        values = [point["us_per_event"] for point in curve.values()]
        axis.plot(list(curve), values, marker="o", color="#2563eb")
        for n, value in zip(curve, values, strict=True):
            axis.annotate(f"{value:.1f}", (n, value), textcoords="offset points", xytext=(0, 7), ha="center")
        axis.set_xscale("log")
        axis.set_xticks(list(curve), [f"{n:,}" for n in curve])
        axis.minorticks_off()
        axis.margins(x=0.15)
        axis.set_ylim(bottom=0)
        axis.set_xlabel(name)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("us of CPU an event")
    top = max(point["us_per_event"] for curve in table.values() for point in curve.values())
    axes[0].set_ylim(0, top * 1.2)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    pyplot.close(figure)


def load(file: Path) -> dict[str, Curve]:
    """Curves written by an earlier run, alone or as a part of the whole benchmark's JSON."""
    found = json.loads(file.read_text())
    found = found["parts"]["growth"] if "parts" in found else found
    return {name: {int(n): point for n, point in curve.items()} for name, curve in found.items()}


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000, help="events of a point, at least")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--draw", type=Path, help="write the curves as a picture (.svg or .png) here")
    parser.add_argument("--from", dest="known", type=Path, help="draw the figures of this JSON; measure nothing")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    table = load(given.known) if given.known else curves(given.events, given.repeats)
    for name, curve in table.items():
        for n, point in curve.items():
            state = f"{point['state_bytes_per_agent']:,.0f} bytes of state an agent"
            sys.stdout.write(f"{n:>9,} {name:<17} {point['us_per_event']:6.2f} us an event, {state}\n")
    if given.json:
        given.json.write_text(json.dumps(table, indent=2))
    if given.draw:
        draw(table, given.draw)


if __name__ == "__main__":
    ending.run(main)
