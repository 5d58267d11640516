"""``taskstream mine``: opportunities from log files, without Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskstream.cli.options import with_settings
from taskstream.errors import UsageError
from taskstream.settings import Settings

if TYPE_CHECKING:
    from deploy.offline.mine import Miner
    from sinks.results.opportunities import ListedOpportunity
    from sinks.results.routine import ListedRoutine


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="LOG…")
@click.option("--assignments", type=click.Path(path_type=Path), help="write event,segment,routine of each event (CSV)")
@click.option("--routines", type=click.Path(path_type=Path), help="write the routines with example events (JSON)")
@click.option(
    "--people",
    "k",
    type=click.IntRange(1, 1000),
    default=1,
    help="list only what N people do",
    metavar="N",
    show_default=True,
)
@click.option("--evidence", is_flag=True, help="tell all that is known of each routine: times, steps, values, variants")
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@with_settings("hourly_cost", "weeks_per_year", "adoption")
def mine(
    logs: tuple[Path, ...],
    assignments: Path | None,
    routines: Path | None,
    k: int,
    evidence: bool,
    as_json: bool,
    settings: Settings,
) -> None:
    """Find repetitive work in recorded UI logs: the stream's own stages on files, without Kafka.

    LOG is an RPA UI Logger CSV, an XES file (also .gz), or JSON lines of Taskstream. They are your own files: results
    of a single person are shown, which the stream never does.
    """
    import secrets
    import time

    from collectors.cli.running import progress, terminated_as_interrupt
    from collectors.importers import read_log
    from deploy.offline.mine import Miner
    from sinks.results import opportunities, routine

    if len(logs) > 1 and (assignments or routines):
        raise UsageError("--assignments and --routines name events by their row: give one LOG")
    for target in (assignments, routines):
        if target is not None and not target.absolute().parent.is_dir():
            raise UsageError(f"there is no folder {target.parent} to write {target.name} into")
    miner = Miner(settings, k=k)
    started = time.perf_counter()
    key = secrets.token_bytes(32)
    with terminated_as_interrupt(), progress("reading", None, shown=not as_json) as shown:
        for path in logs:
            miner.run(str(path), read_log(path, key=key), shown)
        found = [opportunities.listed(one) for one in miner.finish()]
    seconds = time.perf_counter() - started
    if assignments is not None:
        _write_assignments(assignments, miner)
    if routines is not None:
        _write_routines(routines, miner)
    summary = {
        "logs": [path.name for path in logs],
        "events": miner.events,
        "executions": miner.segments,
        "assigned": len(miner.assigned()),
        "routines": len(miner.routines()),
        "people_at_least": k,
        "seconds": round(seconds, 3),
        "events_per_s": round(miner.events / seconds) if seconds > 0 else 0,
    }
    told = [routine.listed(one) for one in miner.routines()] if evidence else []
    if as_json:
        _print_json(summary, found, told if evidence else None)
    else:
        _print_lists(summary, found, told, k)


def _write_assignments(path: Path, miner: Miner) -> None:
    import csv

    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["event", "segment", "routine"])
        writer.writerows(miner.assignments())


def _write_routines(path: Path, miner: Miner) -> None:
    import msgspec

    path.write_bytes(msgspec.json.encode(miner.examples()))


def _print_json(summary: dict[str, Any], found: list[ListedOpportunity], evidence: list[ListedRoutine] | None) -> None:
    import msgspec
    import orjson

    body = summary | {"opportunities": msgspec.to_builtins(found)}
    if evidence is not None:
        body["evidence"] = msgspec.to_builtins(evidence)
    click.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2))


def _print_lists(
    summary: dict[str, Any], found: list[ListedOpportunity], evidence: list[ListedRoutine], k: int
) -> None:
    from rich.console import Console

    from sinks.cli import opportunity_table, routine_evidence

    console = Console()
    if found:
        opportunity_table.show(console, found)
    else:
        console.print("No repeated work found: nothing was done in the same way three times or more.")
    for routine in evidence:
        routine_evidence.show(console, routine)
    console.print(
        f"{summary['events']:,} events, {summary['executions']:,} executions, {summary['assigned']:,} of them of "
        f"{summary['routines']:,} routines, in {summary['seconds']:.1f} s"
    )
    if k == 1:
        console.print("Personal view: these are your own files, so work of a single person is shown.")
