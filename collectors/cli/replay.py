"""``taskstream replay``: recorded UI logs into Kafka, as if from many desktops."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collectors.cli.reading import Reading, exit_as_read, tell, told, with_reading
from collectors.cli.running import Speed, progress, serve_metrics, terminated_as_interrupt
from taskstream.cli.options import with_settings
from taskstream.errors import UsageError
from taskstream.settings import Settings

if TYPE_CHECKING:
    from collectors.delivery.pacing import PacedFeed
    from collectors.delivery.spool import Origin
    from collectors.importers.dealing import DealtDesktop
    from collectors.importers.names.label_words import Labels


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LOG…")
@click.option(
    "--desktops", type=click.IntRange(0, 10_000), default=0, help="deal each log to N desktops; 0: one a person"
)
@click.option("--speed", type=Speed(), default="max", show_default=True, help="times faster than recorded, or max")
@click.option("--keep-times", is_flag=True, help="keep the recorded dates (default: the recording ends now)")
@click.option(
    "--ago", type=click.FloatRange(0, 100_000), default=0.0, metavar="HOURS", help="the recording ended so long ago"
)
@click.option(
    "--flush/--no-flush", default=True, help="at the end, close everything still open by heartbeats [default: flush]"
)
@click.option("--run-id", help="name of this run; the same name continues an interrupted run")
@click.option("--dry-run", is_flag=True, help="show what would be sent, send nothing")
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@with_reading
@with_settings("kafka", "prefix", "tenant", "team", "key_epoch", "metrics_port")
def replay(
    logs: tuple[Path, ...],
    desktops: int,
    speed: float,
    keep_times: bool,
    ago: float,
    flush: bool,
    run_id: str | None,
    dry_run: bool,
    as_json: bool,
    reading: Reading,
    settings: Settings,
) -> None:
    """Send recorded UI logs to Kafka as if they came from desktops.

    LOG is a table (CSV, .xlsx, Parquet), XES, OCEL 2.0, ActivityWatch or JSON lines, also in gzip or zip: see
    docs/reference/logs.md. Values become digests, lengths and forms. Window titles pass through the rules for screens
    (those of the policy and common words); of labels, sheets, addresses and paths only allow-listed words are sent
    (more in labels.txt in the home folder, one a line); any other name becomes a token that tells it from others and
    says nothing else. Exit code 6 means that a part of a log could not be read, 3 that one was refused.
    """
    from collectors.importers import read_logs
    from collectors.importers.dealing import deal
    from taskstream.privacy.pseudonym import derive, local_master_key

    if run_id is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", run_id):
        raise UsageError("--run-id takes letters, digits, - and _, at most 64")
    run = run_id or uuid.uuid4().hex
    folder = settings.home / "replay" / run
    key = _value_key(folder)
    options = reading.options(_labels(settings, key))
    with terminated_as_interrupt(), progress("reading", None, shown=not as_json) as shown:
        read = read_logs(logs, key=key, options=options, on_progress=shown)
    with read:
        dealt = deal(read, desktops)
    if not as_json:
        tell(read)
    origins = _origins(dealt, run, derive(local_master_key(settings.home), "actor", settings.key_epoch), settings)
    summary = {"run_id": run, "reading": told(read)} | _who_sends(dealt, origins)
    if dry_run:
        _print(summary | {"sent": 0}, as_json)
        exit_as_read(read)
        return
    with terminated_as_interrupt():
        if run_id is not None:
            _keep_key(folder, key)  # forgotten with the folder when the run is complete
        end_ms = None if keep_times else _end_ms(dealt, speed, ago)
        sent = _send(settings, dealt, origins, run, speed, end_ms, flush, keep=run_id is not None, quiet=as_json)
    _print(summary | {"sent": sent}, as_json)
    exit_as_read(read)


def _who_sends(dealt: list[DealtDesktop], origins: list[Origin]) -> dict[str, object]:
    return {
        "events": sum(len(desktop.events) for desktop in dealt),
        "desktops": len(dealt),
        "agents": [
            {
                "agent": origin.agent,
                "actor": origin.actor,
                "events": len(desktop.events),
                "parts": [{"log": p.log, "first": p.first, "last": p.last, "events": p.events} for p in desktop.parts],
            }
            for origin, desktop in zip(origins, dealt, strict=True)
        ],
    }


def _labels(settings: Settings, key: bytes) -> Labels:
    """How names are shown: as a live collector would, with the rules of the policy, where there is one, and the words
    of the home folder."""
    from collectors.importers.names.label_words import ClosedLabels, load_words
    from taskstream.privacy import policy as policies
    from taskstream.privacy.personal import SCREENS

    path = policies.place(settings.policy, settings.home)
    own = policies.read(path, policies.keys_of(settings.policy_keys)).policy.screens if path.exists() else ()
    return ClosedLabels(key, (*own, *SCREENS), load_words(settings.home))


def _value_key(folder: Path) -> bytes:
    """The key of the run's value digests: drawn anew, or that of the interrupted run which this one continues."""
    from taskstream.privacy.pseudonym import KEY_BYTES

    path = folder / "value.key"
    return path.read_bytes() if path.is_file() else os.urandom(KEY_BYTES)


def _keep_key(folder: Path, key: bytes) -> None:
    path = folder / "value.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(key)


def _origins(dealt: list[DealtDesktop], run: str, key: bytes, settings: Settings) -> list[Origin]:
    from collectors.delivery.spool import Origin
    from taskstream.privacy.pseudonym import pseudonym

    return [
        Origin(
            tenant=settings.tenant,
            team=settings.team,
            actor=pseudonym(key, settings.key_epoch, f"actor {run} {desktop.name}"),
            agent=pseudonym(key, settings.key_epoch, f"agent {run} {desktop.name}"),
        )
        for desktop in dealt
    ]


def _send(
    settings: Settings,
    dealt: list[DealtDesktop],
    origins: list[Origin],
    run: str,
    speed: float,
    end_ms: int | None,
    flush: bool,
    *,
    keep: bool,
    quiet: bool,
) -> int:
    """Publish everything; the number of events Kafka has acknowledged in this run. ``end_ms`` None: recorded times."""
    from collectors.delivery.pacing import PacedFeed
    from collectors.importers.dealing import schedule
    from taskstream.endpoints import with_kafka

    settings = with_kafka(settings)
    folder = settings.home / "replay" / run
    total = sum(len(desktop.events) for desktop in dealt)
    finished = False
    try:
        with progress("replaying", total, shown=not quiet) as shown:
            feed = PacedFeed(settings, folder / "spool.db", speed=speed, on_progress=shown)
            serve_metrics(settings.metrics_port)
            with feed:
                parts = [[(part.log, part.first, part.events) for part in desktop.parts] for desktop in dealt]
                end_ms = _same_plan(feed, f"{parts} {end_ms is None} {settings.team}", end_ms)
                skip = [feed.spool.next_seq(origin.agent) for origin in origins]
                try:
                    for arrival, number, event in schedule(dealt, end_ms, skip):
                        feed.offer(origins[number], event, arrival)
                    feed.finish(close=flush)
                except KeyboardInterrupt:
                    feed.drain(5.0)  # events that have a number are sent; the others never got one
                    raise
                finished = True
                return feed.delivered
    finally:
        if finished or not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _end_ms(dealt: list[DealtDesktop], speed: float, ago: float) -> int:
    """When the recording is to have ended: now, or when playing it ends, less ``ago`` hours."""
    from collectors.clock import now_ms
    from collectors.importers.dealing import duration_ms

    return now_ms() + (int(duration_ms(dealt) / speed) if speed else 0) - int(ago * 3_600_000)


def _same_plan(feed: PacedFeed, plan: str, end_ms: int | None) -> int | None:
    """When the recording ends: as in the interrupted run that this one continues, else ``end_ms``."""
    before = feed.spool.note("plan")
    if before is None:
        feed.spool.write_note("plan", plan)
        feed.spool.write_note("end_ms", str(end_ms))
        return end_ms
    if before != plan:
        raise UsageError(
            "a run of this --run-id was interrupted with other logs or options: repeat those, or rename it"
        )
    noted = feed.spool.note("end_ms")
    return int(noted) if noted and noted != "None" else None


def _print(summary: dict[str, object], as_json: bool) -> None:
    import orjson
    from rich.console import Console
    from rich.table import Table

    if as_json:
        click.echo(orjson.dumps(summary, option=orjson.OPT_INDENT_2))
        return
    agents = summary["agents"]
    assert isinstance(agents, list)
    table = Table("agent", "events", "of")
    for agent in agents[:20]:
        parts = ", ".join(f"{part['log']} {part['first']}…{part['last']}" for part in agent["parts"])
        table.add_row(agent["agent"], f"{agent['events']:,}", parts)
    if len(agents) > 20:
        table.add_row(f"… {len(agents) - 20} more", "", "")
    Console().print(table)
    click.echo(f"{summary['sent']:,} of {summary['events']:,} events sent as {summary['desktops']} desktops")
