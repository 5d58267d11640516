"""``taskstream simulate``: a simulated office, into Kafka or into a file."""

from __future__ import annotations

import csv
import random
import shutil
import uuid
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collectors.cli.running import Speed, progress, serve_metrics, terminated_as_interrupt
from taskstream.cli.options import with_settings
from taskstream.errors import UsageError
from taskstream.settings import Settings

if TYPE_CHECKING:
    from collectors.delivery.spool import Origin
    from collectors.simulate.office import Office


@click.command()
@click.option(
    "--people", type=click.IntRange(1, 1_000_000), default=200, show_default=True, help="people in the office"
)
@click.option("--days", type=click.IntRange(1, 10_000), default=2, show_default=True, help="working days")
@click.option("--seed", type=int, default=7, show_default=True, help="everything follows from it")
@click.option("--tasks", "tasks_file", type=click.Path(path_type=Path), help="JSON file of the tasks people do")
@click.option("--task-seed", type=int, help="draw other tasks at random, from this seed")
@click.option("--task-count", type=click.IntRange(1, 500), default=12, show_default=True, help="how many to draw")
@click.option("--speed", type=Speed(), default="max", show_default=True, help="times faster than real, or max")
@click.option(
    "--log", type=click.Path(path_type=Path), help="write JSON lines to this file instead of Kafka (.gz: packed)"
)
@click.option(
    "--truth", type=click.Path(path_type=Path), help="write the execution and routine of each event to this CSV"
)
@click.option(
    "--flush/--no-flush", default=True, help="at the end, close everything still open by heartbeats [default: flush]"
)
@click.option("--run-id", help="name of this run, from which the pseudonyms follow")
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@with_settings("kafka", "prefix", "tenant", "key_epoch", "metrics_port")
def simulate(
    people: int,
    days: int,
    seed: int,
    tasks_file: Path | None,
    task_seed: int | None,
    task_count: int,
    speed: float,
    log: Path | None,
    truth: Path | None,
    flush: bool,
    run_id: str | None,
    as_json: bool,
    settings: Settings,
) -> None:
    """Make believable days of an office with known truth: routines with variants, interruptions, noise, wrong clocks.

    Without --log the events go to Kafka as if from that many desktops; the last of them happened now.
    """
    from collectors.simulate.generator import generate_tasks
    from collectors.simulate.office import Office
    from collectors.simulate.output import write_log
    from collectors.simulate.task_model import load_tasks

    if tasks_file is not None and task_seed is not None:
        raise UsageError("give --tasks or --task-seed, not both")
    tasks = load_tasks(tasks_file) if tasks_file else None
    if task_seed is not None:
        tasks = generate_tasks(task_count, task_seed)
    office = Office(people, days, seed, tasks=tasks)
    with terminated_as_interrupt():
        if log is not None:
            summary = write_log(office, log, truth).summary()
        else:
            summary = _publish(
                office, settings, run_id or uuid.uuid4().hex, seed, speed, truth, flush, shown=not as_json
            )
    _print(summary, as_json)


def _origins(office: Office, run: str, settings: Settings) -> list[Origin]:
    from collectors.delivery.spool import Origin
    from taskstream.privacy.pseudonym import derive, local_master_key, pseudonym

    key, epoch = derive(local_master_key(settings.home), "actor", settings.key_epoch), settings.key_epoch
    return [
        Origin(
            tenant=settings.tenant,
            team=desktop.team,
            actor=pseudonym(key, epoch, f"actor {run} {desktop.person}"),
            agent=pseudonym(key, epoch, f"agent {run} {desktop.person}"),
        )
        for desktop in office.desktops
    ]


def _publish(
    office: Office,
    settings: Settings,
    run: str,
    seed: int,
    speed: float,
    truth: Path | None,
    flush: bool,
    *,
    shown: bool,
) -> dict[str, object]:
    """Send the office's events; the summary of the run."""
    from collectors.clock import now_ms
    from collectors.delivery.pacing import PacedFeed
    from collectors.importers.dealing import moved
    from collectors.simulate.output import Tally, written
    from taskstream.endpoints import with_kafka

    settings = with_kafka(settings)
    origins = _origins(office, run, settings)
    tally = Tally(office)
    seqs = [0] * len(origins)
    errors_ms = {origin.agent: 0 for origin in origins}  # by how much each desktop's clock is ahead just now
    chance = random.Random(f"{seed} resent")
    folder = settings.home / "simulate" / run
    try:
        with progress("simulating", None, shown=shown) as show, written(truth) as truth_file:
            rows = csv.writer(truth_file, lineterminator="\n") if truth_file else None
            if rows:
                rows.writerow(["agent", "seq", "execution", "routine"])
            feed = PacedFeed(
                settings, folder / "spool.db", speed=speed, on_progress=show,
                sent_ms=lambda agent: now_ms() + errors_ms[agent],
                repeat=lambda: chance.random() < office.behaviour.resent,
            )  # fmt: skip
            serve_metrics(settings.metrics_port)
            with feed:
                items = iter(office)
                first = next(items)
                lasts = (office.end_ms - first.arrival_ms) / speed if speed else 0
                shift = now_ms() + int(lasts) - office.end_ms
                for item in chain([first], items):
                    origin = origins[item.desktop]
                    errors_ms[origin.agent] = office.clock_error_ms(item.desktop, item.arrival_ms)
                    feed.offer(origin, moved(item.event, shift), item.arrival_ms)
                    tally.add(item)
                    if rows and item.execution:
                        rows.writerow([origin.agent, seqs[item.desktop], item.execution, item.routine])
                    seqs[item.desktop] += 1
                feed.finish(close=flush)
            return tally.summary() | {
                "run_id": run,
                "sent": feed.delivered,
                "resent_messages": feed.repeated_messages,
                "agents": [{"agent": o.agent, "actor": o.actor, "team": o.team} for o in origins],
            }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _print(summary: dict[str, object], as_json: bool) -> None:
    import orjson
    from rich.console import Console
    from rich.table import Table

    if as_json:
        click.echo(orjson.dumps(summary, option=orjson.OPT_INDENT_2))
        return
    table = Table("routine", "executions", "people", "events")
    routines = summary["routines"]
    assert isinstance(routines, list)
    for row in routines:
        table.add_row(row["routine"], f"{row['executions']:,}", str(row["people"]), f"{row['events']:,}")
    Console().print(table)
    sent = f", {summary['sent']:,} sent to Kafka" if "sent" in summary else ""
    click.echo(
        f"{summary['events']:,} events of {summary['desktops']} desktops{sent}; {summary['noise_events']:,} are noise"
    )
