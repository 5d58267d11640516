"""A log as discovery sees it, beside its truth: of a world drawn here, or of files that any generator wrote."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from benchmarks.worlds.recording import Row, World
from benchmarks.worlds.rendering import clocked, rendered
from benchmarks.worlds.traits import draw
from collectors.importers import ImportedEvent, read_log
from taskstream.activity import activity

_KEY: Final = b"benchmark key of thirty-two byte"
FOLDERS: Final = ("input", "truth", "about")


class Truth(Struct, frozen=True):
    """What an event truly is: its task and execution, both empty for none, and the name of what was done."""

    task: str
    execution: str
    act: str


class Log(Struct, frozen=True):
    """``events`` in the order in which they happened; ``truth[event.index]`` is the truth of an event."""

    seed: int
    traits: dict[str, str]
    events: list[ImportedEvent]
    truth: list[Truth]


def recorded(
    seed: int, fixed: Mapping[str, str] | None = None, executions: int | None = None
) -> tuple[World, list[Row]]:
    """The world of a seed and its recording."""
    world = World(seed, draw(seed, fixed), executions)
    return world, clocked(world, world.rows())


def drawn(seed: int, fixed: Mapping[str, str] | None = None, executions: int | None = None) -> Log:
    """The log of a seed, read by the product's own importer from the file that a recorder would have written.

    ``fixed`` gives traits instead of those drawn; ``executions`` bounds how often the most frequent task is done.
    """
    world, rows = recorded(seed, fixed, executions)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(rendered(world, rows))
        events = list(read_log(path, key=_KEY))
    truth = [Truth(row.task, row.execution, row.act) for row in rows]
    return Log(seed, asdict(world.traits), events, truth)


def write(folder: Path, seed: int, fixed: Mapping[str, str] | None = None, executions: int | None = None) -> str:
    """Write ``input``, ``truth`` and ``about`` of a seed below the folder; a line that says what was drawn."""
    world, rows = recorded(seed, fixed, executions)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    ending = "jsonl" if world.traits.recorder == "agent" else "csv"
    (folder / "input" / f"{seed}.{ending}").write_bytes(rendered(world, rows))
    with (folder / "truth" / f"{seed}.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["event", "type", "case"])
        writer.writerows([number, row.task, row.execution] for number, row in enumerate(rows))
    about = json.dumps(asdict(world.traits) | {"events": len(rows)})
    (folder / "about" / f"{seed}.json").write_text(about + "\n", encoding="utf-8")
    return f"{seed}: {len(rows)} events; " + " ".join(f"{k}={v}" for k, v in asdict(world.traits).items())


def seeds_in(folder: Path) -> list[int]:
    """Seeds of which a folder holds logs, ascending.

    Raises:
        FileNotFoundError: the folder holds none.
    """
    found = sorted(int(path.stem) for path in (folder / "truth").glob("*.csv"))
    if not found:
        raise FileNotFoundError(f"{folder} holds no truth/SEED.csv: write logs there first")
    return found


def read(folder: Path, seed: int) -> Log:
    """The log of a seed from files such as :func:`write` makes: ``input``, ``truth`` (event,type,case), ``about``.

    Raises:
        FileNotFoundError: one of the three is missing.
        ValueError: the truth is not of this log.
    """
    inputs = sorted((folder / "input").glob(f"{seed}.*"))
    if not inputs:
        raise FileNotFoundError(f"{folder} holds no input/{seed}.csv")
    events = list(read_log(inputs[0], key=_KEY))
    with (folder / "truth" / f"{seed}.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    if len(rows) != len(events):
        raise ValueError(f"{inputs[0]} holds {len(events)} events, its truth {len(rows)} rows")
    about = json.loads((folder / "about" / f"{seed}.json").read_text(encoding="utf-8"))
    acts = {one.index: activity(one.event) for one in events}
    truth = [Truth(row["type"] if row["case"] else "", row["case"], acts[k]) for k, row in enumerate(rows)]
    traits = {name: value for name, value in about.items() if isinstance(value, str)}
    return Log(seed, traits, events, truth)


def by_person(log: Log) -> list[list[ImportedEvent]]:
    """Each person's events in order."""
    people: dict[str, list[ImportedEvent]] = {}
    for one in log.events:
        people.setdefault(one.person, []).append(one)
    return list(people.values())


def rows_of(events: Sequence[ImportedEvent]) -> list[int]:
    """The rows of events."""
    return [one.index for one in events]
