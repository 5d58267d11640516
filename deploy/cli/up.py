"""``taskstream up``: run everything on this machine until Ctrl-C."""

from __future__ import annotations

import click

from taskstream.cli.options import with_settings
from taskstream.settings import Settings


@click.command()
@with_settings(
    "kafka",
    "clickhouse",
    "clickhouse_user",
    "clickhouse_password",
    "database",
    "prefix",
    "partitions",
    "k",
    "dashboard_port",
    "kafka_port",
    "clickhouse_port",
    "java",
)
def up(settings: Settings) -> None:
    """Start Kafka, ClickHouse, worker, catalogue, sink and the page, and keep them running until Ctrl-C.

    Nothing needs to be installed: Apache Kafka, its Java and the ClickHouse engine come from pip packages and one
    download. With --kafka or --clickhouse your own services are used instead.
    """
    from deploy.cli.running import (
        addresses,
        components_table,
        console_for_people,
        quiet_libraries,
        require_parts,
        stop_on_signals,
    )
    from deploy.cli.waiting import Waiting
    from deploy.local.supervisor import Stopped, Supervisor
    from deploy.local.unit import wall_ms

    require_parts(settings)
    quiet_libraries()
    console = console_for_people()
    waiting = Waiting(console)
    supervisor = Supervisor(
        settings, on_progress=waiting.progress, on_news=lambda line: console.print(line, style="yellow")
    )
    with stop_on_signals(supervisor.stop_requested):
        try:
            with waiting.shown("starting", supervisor.waiting):
                supervisor.start()
                supervisor.await_ready()
            console.print(components_table(supervisor.state, wall_ms()))
            for line in addresses(supervisor.state):
                console.print(line, highlight=False)
            console.print(f"data in {settings.home}; stop with Ctrl-C or `taskstream down`", highlight=False)
            supervisor.run()
        except Stopped:
            console.print("stopping before everything ran")
            raise click.Abort from None
        finally:
            with waiting.shown("stopping", supervisor.waiting):
                supervisor.stop()
