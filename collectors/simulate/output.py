"""A simulated office as files: a log that ``taskstream mine`` and ``replay`` read, and the truth beside it."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from collectors.simulate.office import Office, Simulated
from taskstream.errors import InputError
from taskstream.events import encode


class Tally:
    """Counts what was simulated, for the summary."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._executions: dict[str, set[str]] = {}
        self._people: dict[str, set[int]] = {}
        self._events: Counter[str] = Counter()

    def add(self, item: Simulated) -> None:
        """Count one event."""
        self._events[item.routine] += 1
        if item.routine:
            self._executions.setdefault(item.routine, set()).add(item.execution)
            self._people.setdefault(item.routine, set()).add(item.desktop)

    def summary(self) -> dict[str, object]:
        """Events, people, and for each routine its executions and people."""
        desktops = self._office.desktops
        return {
            "events": self._events.total(),
            "noise_events": self._events[""],
            "desktops": len(desktops),
            "wrong_clocks": sum(d.clock.ahead_ms != 0 for d in desktops),
            "drifting_clocks": sum(d.clock.drift_ms_per_hour != 0 for d in desktops),
            "offline_desktops": sum(d.offline for d in desktops),
            "routines": [
                {
                    "routine": name,
                    "executions": len(executions),
                    "people": len(self._people[name]),
                    "events": self._events[name],
                }
                for name, executions in sorted(self._executions.items())
            ],
        }


@contextmanager
def written(path: Path | None) -> Iterator[IO[str] | None]:
    """A text file that appears under its name when it is complete; gzip where the name ends in ``.gz``; None for None.

    Raises:
        InputError: it cannot be written.
    """
    if path is None:
        yield None
        return
    draft = path.with_name(path.name + ".new")
    try:
        try:
            if path.suffix == ".gz":
                with gzip.open(draft, "wt", compresslevel=3, encoding="utf-8", newline="") as packed:
                    yield packed
            else:
                with draft.open("w", encoding="utf-8", newline="") as handle:
                    yield handle
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error


def write_log(office: Office, log: Path, truth: Path | None) -> Tally:
    """Write one JSON line an event, and to ``truth`` a CSV with the execution and routine of each (0-based) line.

    Raises:
        InputError: a file cannot be written; then neither is there.
    """
    tally = Tally(office)
    with written(truth) as truth_file, written(log) as log_file:
        assert log_file is not None
        rows = csv.writer(truth_file, lineterminator="\n") if truth_file else None
        if rows:
            rows.writerow(["event", "person", "execution", "routine"])
        for index, item in enumerate(_lines(office, log_file)):
            tally.add(item)
            if rows:
                rows.writerow([index, office.desktops[item.desktop].person, item.execution, item.routine])
    return tally


def _lines(office: Office, log: IO[str]) -> Iterator[Simulated]:
    people = [msgspec.json.encode(desktop.person).decode() for desktop in office.desktops]
    for item in office:
        log.write(f'{{"person":{people[item.desktop]},"event":{encode(item.event).decode()}}}\n')
        yield item
