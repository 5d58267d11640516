"""What a run of the demo has shown, as numbers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from taskstream.errors import DataLossError, UsageError

if TYPE_CHECKING:
    from sinks.results.opportunities import ListedOpportunity


class Events(Struct, frozen=True):
    """``sent``: acknowledged by Kafka; ``stored``: rows in ``ui_events``; the others by (agent, seq)."""

    sent: int
    stored: int
    lost: int
    duplicated: int


class Freshness(Struct, frozen=True):
    """From sent to queryable, in milliseconds."""

    p50: float
    p99: float


class PlayedSource(Struct, frozen=True):
    """One player."""

    name: str
    desktops: int
    events: int
    sent: int


class Versions(Struct, frozen=True):
    """What ran."""

    kafka: str
    clickhouse: str


class Report(Struct, frozen=True):
    """The file that ``--json`` writes. ``seconds`` by phase; ``first_opportunity`` and ``total`` from the start."""

    run: str
    events: Events
    freshness_ms: Freshness
    seconds: dict[str, float]
    dead_letters: int
    sources: tuple[PlayedSource, ...]
    versions: Versions
    opportunities: tuple[ListedOpportunity, ...]

    def check(self) -> None:
        """Raise when anything is lost or duplicated.

        Raises:
            DataLossError: with the counts.
        """
        events = self.events
        if events.lost or events.duplicated:
            raise DataLossError(
                f"{events.sent:,} events sent, {events.stored:,} stored: {events.lost:,} lost, "
                f"{events.duplicated:,} duplicated"
            )


def events_of(sent: int, stored: int, distinct: int) -> Events:
    """The counts that follow from three."""
    return Events(sent, stored, max(0, sent - distinct), stored - distinct)


def writable(path: Path) -> None:
    """Check before the run that its result can be written.

    Raises:
        UsageError: it cannot.
    """
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(f"--json {path} cannot be written: there must be a folder {path.parent} of yours")


def write(path: Path, report: Report) -> None:
    """The whole file or none."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    draft.replace(path)
