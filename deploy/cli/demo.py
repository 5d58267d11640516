"""``taskstream demo``: the main job on this machine, with recordings and a simulated team."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings

if TYPE_CHECKING:
    from deploy.demo.report import Report

SHOWN = 5
# An audience waits for the list: it is renewed more often than a company needs it.
REFINE_MS = 3_000


@click.command()
@click.option("--headless", is_flag=True, help="needs no terminal; stops when all is stored")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="write counts, times and the list here")
@click.option("--fresh", is_flag=True, help="first remove what earlier runs of the demo have stored")
@click.option("--recordings-only", is_flag=True, help="play the two recordings without the simulated team")
@click.option("--people", type=click.IntRange(1, 1000), default=60, show_default=True, help="in the simulated team")
@click.option("--seed", type=int, default=7, show_default=True, help="seed of the simulated team")
@click.option("--speed", default=None, help="times faster than recorded, or max [default: 300; headless: 1000]")
@with_settings(
    "kafka", "clickhouse", "clickhouse_user", "clickhouse_password", "partitions", "k", "dashboard_port", "java"
)  # fmt: skip
def demo(
    headless: bool,
    json_file: Path | None,
    fresh: bool,
    recordings_only: bool,
    people: int,
    seed: int,
    speed: str | None,
    settings: Settings,
) -> None:
    """Start everything, play two public recordings on 12 desktops and a simulated team, and list what is found.

    Its data lie in the folder demo of the home folder, apart from your own. Exit code 5 when anything sent is lost or
    stored twice.
    """
    from deploy.cli.running import console_for_people, quiet_libraries, require_parts, stop_on_signals
    from deploy.cli.waiting import Waiting
    from deploy.demo import report
    from deploy.demo.run import Demo, Plan
    from deploy.demo.view import Lines, Screen
    from deploy.local import stopping
    from deploy.local.supervisor import Stopped, Supervisor
    from taskstream.endpoints import DEMO

    require_parts(settings)
    if json_file is not None:
        report.writable(json_file)
    home = settings.home / DEMO
    if fresh:
        stopping.purge(home)
    given = settings.model_dump(include=settings.model_fields_set)
    settings = Settings(**{"catalogue_refine_ms": REFINE_MS} | given | {"home": home})
    quiet_libraries()
    console = console_for_people()
    plan = Plan(people=0 if recordings_only else people, seed=seed, speed=speed or ("1000" if headless else "300"))
    done: report.Report | None = None
    waiting = Waiting(console)
    supervisor = Supervisor(settings, command="demo", on_progress=waiting.progress, on_news=console.print)
    with stop_on_signals(supervisor.stop_requested):
        view = Lines(console) if headless or not console.is_terminal else Screen(console)
        run = Demo(supervisor, plan, view)
        try:
            with waiting.shown("Taskstream demo: starting", supervisor.waiting):
                run.start()
            done = run.play()
            if json_file is not None:
                report.write(json_file, done)
            with view.aside():
                _show(done, supervisor.endpoints.dashboard)
            if not headless:
                run.stay()
        except Stopped:
            if done is None:
                raise click.Abort from None
        finally:
            view.close()
            with waiting.shown("stopping", supervisor.waiting):
                run.stop()
    if done is not None:
        done.check()


def _show(done: Report, page: str) -> None:
    """The list with its evidence, and the counts, on standard output."""
    from rich.console import Console

    from sinks.cli.opportunity_table import show

    click.echo()  # the live view ends without a line break
    if done.opportunities:
        show(Console(), done.opportunities[:SHOWN])
    events, fresh = done.events, done.freshness_ms
    click.echo(
        f"\n{events.sent:,} events sent, {events.stored:,} stored, {events.lost:,} lost, "
        f"{events.duplicated:,} duplicated; sent to queryable: median {fresh.p50:,.0f} ms, p99 {fresh.p99:,.0f} ms"
    )
    more = len(done.opportunities) - SHOWN
    click.echo(f"page: {page}" + (f"; {more} more with `taskstream opportunities`" if more > 0 else ""))
