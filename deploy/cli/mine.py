"""``taskstream mine``: opportunities from log files, without Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec import structs

from collectors.cli.reading import Reading, exit_as_read, tell, told, with_reading
from taskstream.cli.options import with_settings
from taskstream.errors import InputError, UsageError
from taskstream.settings import Settings

if TYPE_CHECKING:
    from collectors.importers import Logs
    from collectors.importers.meaning.unknown_header import UnknownHeader
    from deploy.offline.mine import Miner
    from sinks.results.opportunities import ListedOpportunity
    from sinks.results.routine import ListedRoutine

LEFT_OUT: Final = 10
"""Sequences left out of the list that are named on a terminal."""


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
@click.option("--idle", is_flag=True, help="list also sequences in which nothing is written, copied or completed")
@click.option("--evidence", is_flag=True, help="tell all that is known of each routine: times, steps, values, variants")
@click.option("--explain", is_flag=True, help="show how the logs are understood, with their first rows; find nothing")
@click.option("--json", "as_json", is_flag=True, help="machine-readable output")
@with_reading
@with_settings("hourly_cost", "weeks_per_year", "adoption")
def mine(
    logs: tuple[Path, ...],
    assignments: Path | None,
    routines: Path | None,
    k: int,
    idle: bool,
    evidence: bool,
    explain: bool,
    as_json: bool,
    reading: Reading,
    settings: Settings,
) -> None:
    """Find repetitive work in recorded UI logs: the stream's own stages on files, without Kafka.

    LOG is a table (CSV, .xlsx, Parquet), XES, OCEL 2.0, ActivityWatch or JSON lines, also in gzip or zip: see
    docs/reference/logs.md. What it was taken for is told; exit code 6 means that a part could not be read, 3 that it
    was refused. They are your own files: results of a single person are shown, which the stream never does.
    """
    import secrets
    import time

    from collectors.cli.running import progress, terminated_as_interrupt
    from collectors.importers import read_logs
    from collectors.importers.meaning.unknown_header import UnknownHeader
    from deploy.offline.mine import Miner
    from sinks.results import routine, words

    _check_targets(logs, assignments, routines)
    miner = Miner(settings, k=k, keep_idle=idle)
    started = time.perf_counter()
    with terminated_as_interrupt(), progress("reading", None, shown=not as_json) as shown:
        try:
            read = read_logs(logs, key=secrets.token_bytes(32), options=reading.options(), on_progress=shown)
        except InputError as error:
            if len(logs) == 1:
                error.told.setdefault("file", logs[0].name)
            if isinstance(error, UnknownHeader) and explain and not as_json:
                _explain_refused(error)
            raise
    with terminated_as_interrupt(), read, progress("mining", None, shown=not as_json) as shown:
        if explain:
            _explain(read, as_json)
            exit_as_read(read)
            return
        miner.run("log", read, shown)
        found, doubtful = _parted(miner, read.resolution_ms)
    seconds = time.perf_counter() - started
    if assignments is not None:
        _write_assignments(assignments, miner)
    if routines is not None:
        _write_routines(routines, miner)
    summary = _summary(logs, read, miner, k, seconds) | {"not_sure": [one.name for one in doubtful]}
    nothing = "" if found else _nothing_listed(miner, k, doubtful)
    summary |= {"nothing_listed": nothing} if nothing else {}
    shown_routines = [routine.listed(one) for one in miner.routines()] if evidence else []
    with words.finest(read.resolution_ms):
        if as_json:
            _print_json(summary, found, shown_routines if evidence else None)
        else:
            tell(read)
            _print_lists(summary, found, doubtful, shown_routines, k)
    exit_as_read(read)


def _check_targets(logs: tuple[Path, ...], *targets: Path | None) -> None:
    """See before any reading that results by row can be written.

    Raises:
        UsageError: they cannot.
    """
    if len(logs) > 1 and any(targets):
        raise UsageError("--assignments and --routines name events by their row: give one LOG")
    for target in targets:
        if target is not None and not target.absolute().parent.is_dir():
            raise UsageError(f"there is no folder {target.parent} to write {target.name} into")


def _summary(logs: tuple[Path, ...], read: Logs, miner: Miner, k: int, seconds: float) -> dict[str, Any]:
    return {
        "logs": [path.name for path in logs],
        "reading": told(read),
        "resolution_ms": read.resolution_ms,
        "events": miner.events,
        "executions": miner.segments,
        "assigned": len(miner.assigned()),
        "routines": len(miner.routines()),
        "idle": [structs.asdict(one) for one in miner.left_out()],
        "sure": {name: round(share, 3) for name, share in miner.sureness().items()},
        "people_at_least": k,
        "seconds": round(seconds, 3),
        "events_per_s": round(miner.events / seconds) if seconds > 0 else 0,
    }


def _explain(read: Logs, as_json: bool) -> None:
    """Show what the logs were taken for, their first rows as understood, and a mapping file that says the same."""
    import orjson

    from collectors.importers.explain import first_rows, proposed

    rows = first_rows(read)
    if as_json:
        body = told(read) | {"rows": rows, "mappings": [proposed(report) for report in read.reports]}
        click.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2))
        return
    tell(read)
    for number, report in enumerate(read.reports):
        click.echo(f"\n{report.log}, the first rows as understood:")
        for row in (row for row in rows if row["log"] == number):
            click.echo(
                f"  {row['time']}  {row['person'] or '(nobody named)'}  {row['activity']}  {row['value']}".rstrip()
            )
        if report.columns:
            click.echo("\nthe same as a mapping file (--mapping M.toml):\n")
            click.echo(proposed(report))


def _explain_refused(error: UnknownHeader) -> None:
    """Show the first rows of a log whose header is not known, and the mapping that would probably read it."""
    from collectors.importers.read_options import as_toml

    for line in error.lines():
        click.echo(line)
    click.echo("\nthe same as a mapping file (--mapping M.toml):\n")
    click.echo(as_toml(error.mapping, {}))


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

    body = summary | {"opportunities": [msgspec.to_builtins(one) | {"durations": _durations(one)} for one in found]}
    if evidence is not None:
        body["evidence"] = msgspec.to_builtins(evidence)
    click.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2))


def _durations(one: ListedOpportunity) -> dict[str, str]:
    """The times of an execution in words, which claim nothing below the resolution of the log's times, and no digit
    that the interval of the median does not allow."""
    from sinks.results.opportunities import active

    names = ("active_median_ms", "active_p90_ms", "active_low_ms", "active_high_ms")
    return {name.removesuffix("_ms"): active(one, getattr(one, name)) for name in names}


def _parted(miner: Miner, resolution_ms: int) -> tuple[list[ListedOpportunity], list[ListedOpportunity]]:
    """The list of what is sure enough, and what is not."""
    from deploy.offline.mine import LISTED_SURE
    from sinks.results import opportunities

    found = [opportunities.listed(one) for one in miner.finish(resolution_ms)]
    sure = miner.sureness()
    listed = [one for one in found if sure[one.id] >= LISTED_SURE]
    ranked = [structs.replace(one, rank=rank) for rank, one in enumerate(listed, 1)]
    return ranked, [one for one in found if sure[one.id] < LISTED_SURE]


def _nothing_listed(miner: Miner, k: int, doubtful: list[ListedOpportunity]) -> str:
    """Why nothing is listed, in the words of the live list."""
    from sinks.results import standing

    if doubtful:
        return "Nothing certain found: work recurs, but not so that its executions can be told apart."
    if miner.segments and miner.people < k:
        return f"Nothing listed: {standing.too_few_people(k, miner.segments).said} (--people)"
    if miner.recurring and k > 1:
        return f"Nothing listed: {standing.not_shared(k).said} (--people)"
    return "No repeated work found: nothing was done in the same way three times or more."


def _print_lists(
    summary: dict[str, Any],
    found: list[ListedOpportunity],
    doubtful: list[ListedOpportunity],
    evidence: list[ListedRoutine],
    k: int,
) -> None:
    from rich.console import Console

    from sinks.cli import opportunity_table, routine_evidence
    from sinks.results import words

    console = Console()
    if found:
        opportunity_table.show(console, found)
    else:
        console.print(summary["nothing_listed"], highlight=False)
    for one in doubtful:
        console.print(
            f"Seen, but not sure: {one.name}, about {one.executions:,} times; its executions begin and end as found in "
            f"{summary['sure'][one.id]:.0%} of cases by estimate, too few to list it."
        )
    if summary["idle"]:
        console.print(_left_out(summary["idle"]), markup=False)
    for routine in evidence:
        routine_evidence.show(console, routine)
    console.print(
        f"{words.counted(summary['events'], 'event')}, {words.counted(summary['executions'], 'execution')}, "
        f"{summary['assigned']:,} of them of {words.counted(summary['routines'], 'routine')}, in "
        f"{summary['seconds']:.1f} s"
    )
    if k == 1:
        console.print("Personal view: these are your own files, so work of a single person is shown.")


def _left_out(sequences: list[dict[str, Any]]) -> str:
    """That sequences recur which the list does not hold, their names, and how to list them."""
    total = sum(one["executions"] for one in sequences)
    one = "a recurring sequence" if len(sequences) == 1 else f"{len(sequences):,} recurring sequences"
    named = "; ".join(f"{one['name']} ({one['executions']:,} times)" for one in sequences[:LEFT_OUT])
    more = f"; and {len(sequences) - LEFT_OUT:,} more (all in --json)" if len(sequences) > LEFT_OUT else ""
    return (
        f"Left out: {total:,} executions of {one}, since nothing is written, copied or completed in them: "
        f"{named}{more}. --idle lists them too."
    )
